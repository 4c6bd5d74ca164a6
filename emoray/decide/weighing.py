"""Weights of the members of an ensemble, fitted on dev. A rule is a plain value.

Shapes: M members, N texts, K labels, E label decisions, A arrays that are averaged.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from emoray.decide.crossfit import cross_fitted_fits, cross_fitted_macro_f1
from emoray.decide.ensemble import (
    Averaging,
    MeanLogits,
    MeanProbabilities,
    checked_members,
    combine,
)
from emoray.decide.thresholds import PerLabel, Rule
from emoray.metrics.scores import ManyScores

MIN_SHARE = 0.005  # a smaller share moves no decision worth a model's bytes
MAX_STEPS, TOLERANCE = 2000, 1e-7  # of the fit of a mixture; it stops below this change


class Weighing(ABC):
    """Weights on the simplex: each at least 0, together 1."""

    __slots__ = ()

    @property
    @abstractmethod
    def of(self) -> Averaging:
        """What the weighted mean is taken of."""

    @abstractmethod
    def weights(self, logits_MNK: np.ndarray, labels_NK: np.ndarray) -> np.ndarray:
        """Return weights_M, float64, fitted on these texts."""


def _shares(weights_M: np.ndarray, logit_std_M: np.ndarray | float = 1.0) -> np.ndarray:
    """Scale weights to sum 1, in six digits, and drop members with a negligible weight.

    Args:
        weights_M: at least 0.
        logit_std_M: spread of each member's logits. A member is dropped by its weight times its
            spread, because sharp logits count for much with a small weight.

    Returns:
        shares_M.
    """
    effect_M = weights_M * logit_std_M
    kept_M = np.where(effect_M < MIN_SHARE * effect_M.sum(), 0.0, weights_M)
    shares_M = np.round(kept_M / kept_M.sum(), 6)
    shares_M[np.argmax(shares_M)] += 1 - shares_M.sum()
    return shares_M


@dataclass(frozen=True, slots=True)
class MeanOf(Weighing):
    """Every member counts the same; nothing is fitted."""

    tag: ClassVar[str] = "MeanOf"

    of: Averaging = field(default_factory=MeanLogits)

    def weights(self, logits_MNK: np.ndarray, labels_NK: np.ndarray) -> np.ndarray:
        """Return weights_M, float64: all equal."""
        return np.full(len(logits_MNK), 1 / len(logits_MNK))

    def __str__(self) -> str:
        return f"mean-{self.of}"


@dataclass(frozen=True, slots=True)
class FittedWeights(Weighing):
    """The weights of least negative log-likelihood. Both fits are convex.

    Of logits: every factor at least 0 of the members' logits (scale and all, as stacking has it:
    Breiman 1996, "Stacked regressions"); as the temperature is fitted afterwards, only their shares
    count. Of probabilities: a mixture, climbed by expectation and maximisation.
    """

    tag: ClassVar[str] = "FittedWeights"

    of: Averaging = field(default_factory=MeanLogits)

    def weights(self, logits_MNK: np.ndarray, labels_NK: np.ndarray) -> np.ndarray:
        """Return weights_M, float64, of least mean NLL on these texts."""
        logits_MNK, labels_NK = checked_members(logits_MNK, labels_NK)
        if isinstance(self.of, MeanLogits):
            logit_std_M = logits_MNK.std(axis=(1, 2))
            return _shares(_stacked(logits_MNK, labels_NK), logit_std_M)
        return _shares(_mixed(logits_MNK, labels_NK))

    def __str__(self) -> str:
        return f"weights-{self.of}"


def _stacked(logits_MNK: np.ndarray, labels_NK: np.ndarray) -> np.ndarray:
    """Factors of the members' logits of least mean NLL; equal ones where none helps."""
    members = len(logits_MNK)
    scores_ME = logits_MNK.reshape(members, -1).astype(np.float64)
    labels_E = labels_NK.ravel().astype(np.float64)
    pull_M = scores_ME @ labels_E

    def loss(factors_M: np.ndarray) -> tuple[float, np.ndarray]:
        mixed_E = factors_M @ scores_ME
        value = np.logaddexp(0, mixed_E).sum() - factors_M @ pull_M
        slope_M = scores_ME @ expit(mixed_E) - pull_M
        return float(value / labels_E.size), slope_M / labels_E.size

    start_M = np.full(members, 1 / members)
    found = minimize(loss, start_M, jac=True, method="L-BFGS-B", bounds=[(0, None)] * members)
    return np.asarray(found.x if found.x.any() else start_M)


def _mixed(logits_MNK: np.ndarray, labels_NK: np.ndarray) -> np.ndarray:
    """Shares of a mixture of the members' probabilities of least mean NLL."""
    members = len(logits_MNK)
    signed_MNK = np.where(labels_NK, logits_MNK, -logits_MNK).astype(np.float64)
    likelihood_ME = np.maximum(expit(signed_MNK), 1e-300).reshape(members, -1)
    shares_M = np.full(members, 1 / members)
    for _ in range(MAX_STEPS):
        before_M = shares_M
        shares_M = shares_M * (likelihood_ME / (shares_M @ likelihood_ME)).mean(axis=1)
        if np.abs(shares_M - before_M).max() < TOLERANCE:
            break
    return shares_M


@dataclass(frozen=True, slots=True, kw_only=True)
class Greedy(Weighing):
    """Greedy forward selection with replacement; of the bags on the way the best.

    Caruana, Niculescu-Mizil, Crew & Ksikes 2004, "Ensemble selection from libraries of models": a
    member's weight is how often it was taken. The objective is the cross-fitted macro-F1 with a
    threshold per label. Among equals a member that is in the bag already is taken, then the first;
    among equal bags the smallest.
    """

    tag: ClassVar[str] = "Greedy"

    rounds: int
    of: Averaging = field(default_factory=MeanProbabilities)

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"rounds must be at least 1, got {self.rounds}: one takes the best")

    def growth(
        self, logits_MNK: np.ndarray, labels_NK: np.ndarray
    ) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Return the member taken in each round, and the score of the bag after it."""
        logits_MNK, labels_NK = checked_members(logits_MNK, labels_NK)
        seen_K = labels_NK.any(axis=0)  # a label that these texts lack has no F1 to climb
        labels_NK = labels_NK[:, seen_K]
        terms_MANK = [self.of.terms(logits_NK[:, seen_K]) for logits_NK in logits_MNK]
        total_ANK = np.zeros_like(terms_MANK[0])
        taken: list[int] = []
        scores: list[float] = []
        for size in range(1, self.rounds + 1):
            averaged = (self.of.logits((total_ANK + terms_ANK) / size) for terms_ANK in terms_MANK)
            found = [
                cross_fitted_macro_f1(PerLabel(), logits_NK, labels_NK) for logits_NK in averaged
            ]
            best = max(range(len(found)), key=lambda m: (found[m], m in taken, -m))
            taken.append(best)
            scores.append(found[best])
            total_ANK = total_ANK + terms_MANK[best]
        return tuple(taken), tuple(scores)

    def weights(self, logits_MNK: np.ndarray, labels_NK: np.ndarray) -> np.ndarray:
        """Return weights_M, float64: how often the best bag holds each member."""
        taken, scores = self.growth(logits_MNK, labels_NK)
        size = int(np.argmax(scores)) + 1
        return np.asarray(np.bincount(taken[:size], minlength=len(logits_MNK)) / size)

    def __str__(self) -> str:
        return f"greedy-{self.of}"


def cross_fitted_ensemble(
    weighing: Weighing,
    decisions: Sequence[tuple[Rule, float]],
    logits_MNK: np.ndarray,
    labels_NK: np.ndarray,
) -> ManyScores:
    """Score an ensemble whose weights and thresholds are both fitted on four folds of five.

    Args:
        weighing: the rule of the weights.
        decisions: (rule, temperature) of each row.
        logits_MNK: finite.
        labels_NK: 0 or 1.

    Returns:
        One row of pooled held-out scores per decision.
    """
    logits_MNK, labels_NK = checked_members(logits_MNK, labels_NK)

    def fitted(fitting_N: np.ndarray) -> np.ndarray:
        weights_M = weighing.weights(logits_MNK[:, fitting_N], labels_NK[fitting_N])
        return combine(weighing.of, logits_MNK, weights_M)

    return cross_fitted_fits(decisions, fitted, labels_NK)
