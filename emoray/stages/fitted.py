"""Temperature and cuts of every decision on a model, fitted once, on dev.

They are kept in the folder of the stage that decides, and read for the same decisions on other
texts or in comparisons with other models. Shapes: N texts, K labels, R decisions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from emoray.decide.crossfit import cross_fitted_scores
from emoray.decide.temperature import fit_temperature
from emoray.decide.thresholds import cuts_many
from emoray.metrics.scores import ManyScores
from emoray.stages.spec import Decision, Fitted, Rule

CUTS = "cuts.npz"  # of a finished Decide or Combine
CrossFit: TypeAlias = Callable[[Sequence[tuple[Rule, float]]], ManyScores]
ARRAYS = ("temperature_R", "cuts_RK", "dev_macro_f1_R", "dev_micro_f1_R")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedDecisions:
    """Decisions as an artifact keeps them. dev scores: cross-fitted."""

    decisions: tuple[Decision, ...]
    temperature_R: np.ndarray
    cuts_RK: np.ndarray
    dev_macro_f1_R: np.ndarray
    dev_micro_f1_R: np.ndarray

    @property
    def pairs(self) -> list[tuple[Rule, float]]:
        """(rule, temperature) of each."""
        temperatures = map(float, self.temperature_R)
        return [(d.rule, t) for d, t in zip(self.decisions, temperatures, strict=True)]

    def rows(self, chosen: Sequence[int]) -> "FittedDecisions":
        """The decisions at these positions."""
        at = list(chosen)
        arrays = {name: getattr(self, name)[at] for name in ARRAYS}
        return FittedDecisions(decisions=tuple(self.decisions[r] for r in at), **arrays)

    @property
    def best(self) -> int:
        """The row of the best macro-F1 on dev, the first of equals."""
        return int(np.argmax(self.dev_macro_f1_R))

    def save(self, folder: Path) -> None:
        """Write `cuts.npz`."""
        arrays = {name: getattr(self, name) for name in ARRAYS}
        np.savez(folder / CUTS, allow_pickle=False, **arrays)


def fit_decisions(
    decisions: Sequence[Decision],
    dev_NK: np.ndarray,
    dev_labels_NK: np.ndarray,
    *,
    cross_fit: CrossFit | None = None,
    softmax: bool = False,
) -> FittedDecisions:
    """Fit every decision on dev; the temperature by least NLL where a decision is `Fitted`.

    Args:
        decisions: R of them.
        dev_NK: logits.
        dev_labels_NK: what is true.
        cross_fit: dev scores of (rule, temperature) pairs where more than the cuts was fitted on
            dev, as the weights of an ensemble are.
        softmax: whether a text's probabilities sum to 1; its logits are then margins.

    Returns:
        The decisions with their temperatures, cuts and cross-fitted dev scores.
    """
    fitted = fit_temperature(dev_NK, dev_labels_NK, softmax=softmax)
    pairs = [
        (d.rule, fitted if isinstance(d.temperature, Fitted) else float(d.temperature))
        for d in decisions
    ]
    dev = cross_fit(pairs) if cross_fit else cross_fitted_scores(pairs, dev_NK, dev_labels_NK)
    return FittedDecisions(
        decisions=tuple(decisions),
        temperature_R=np.array([temperature for _, temperature in pairs]),
        cuts_RK=cuts_many(pairs, dev_NK, dev_labels_NK),
        dev_macro_f1_R=dev.macro_f1_R,
        dev_micro_f1_R=dev.micro_f1_R,
    )


def read_fitted(folder: Path, decisions: Sequence[Decision]) -> FittedDecisions:
    """Read what a finished stage fitted; `decisions` are those of the stage."""
    with np.load(folder / CUTS, allow_pickle=False) as data:
        return FittedDecisions(decisions=tuple(decisions), **{name: data[name] for name in ARRAYS})
