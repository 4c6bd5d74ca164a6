"""Columns of `points`, `labels`, `surface` and `reliability` from one model's logits.

Thresholds are fitted on dev; test is scored with them, once. Shapes: N texts, K labels, R
decisions, T temperatures, S thresholds, B resamples, M texts read both ways.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emoray.decide.surface import surface
from emoray.decide.thresholds import Fixed
from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.calibration import brier, ece, label_ece, nll, reliability
from emoray.metrics.cuts import probabilities, thresholds_of
from emoray.metrics.ranking import rank
from emoray.metrics.resampled import Resampled, resampled
from emoray.metrics.scores import ManyScores, score_many
from emoray.stages.fitted import FittedDecisions, fit_decisions
from emoray.stages.spec import Decision, Fitted

SURFACE_TEMPERATURES = np.geomspace(0.4, 2.5, 22)
SURFACE_THRESHOLDS = np.linspace(0.02, 0.98, 49)
Columns = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelLogits:
    """Logits of one model on dev and test, and the true labels.

    Attributes:
        dev_NK: logits of dev.
        dev_labels_NK: 0 or 1.
        test_NK: logits of test.
        test_labels_NK: 0 or 1.
        leaked_N: whether a test text is in train too.
        two_ways: logits (M, K) of some test texts one by one and in batches, where known.
    """

    dev_NK: np.ndarray
    dev_labels_NK: np.ndarray
    test_NK: np.ndarray
    test_labels_NK: np.ndarray
    leaked_N: np.ndarray
    two_ways: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredDecisions:
    """Every decision as it was fitted, with its scores.

    Attributes:
        fitted: cuts and temperatures, fitted on dev.
        drawn: scores on test and its resamples, for intervals and comparisons with other rows.
        average_precision_K: on test.
        points: columns of `points`.
    """

    fitted: FittedDecisions
    drawn: Resampled
    average_precision_K: np.ndarray
    points: Columns

    @property
    def test(self) -> ManyScores:
        """Scores on test itself, not its resamples."""
        return self.drawn.scores


def decide_all(logits: ModelLogits, decisions: Sequence[Decision]) -> ScoredDecisions:
    """Fit every decision on dev and score it on test."""
    return score_fitted(logits, fit_decisions(decisions, logits.dev_NK, logits.dev_labels_NK))


def score_fitted(logits: ModelLogits, fitted: FittedDecisions) -> ScoredDecisions:
    """Score decisions on test that were fitted on dev."""
    temperature_R, cuts_RK = fitted.temperature_R, fitted.cuts_RK
    weights_BN = usual_weights(logits.test_labels_NK)
    drawn = resampled((logits.test_NK, cuts_RK), logits.test_labels_NK, weights_BN)
    low_R, high_R = drawn.interval("macro_f1")
    kept_N, test = ~logits.leaked_N, drawn.scores
    unleaked = score_many(logits.test_NK[kept_N], logits.test_labels_NK[kept_N], cuts_RK)
    on_dev = _once(temperature_R, lambda t: _calibration(logits.dev_NK, logits.dev_labels_NK, t))
    on_test = _once(temperature_R, lambda t: _calibration(logits.test_NK, logits.test_labels_NK, t))
    points = {
        "temperature": temperature_R,
        "temperature_rule": [
            "fitted" if isinstance(d.temperature, Fitted) else "fixed" for d in fitted.decisions
        ],
        "threshold_rule": [str(d.rule) for d in fitted.decisions],
        "dev_macro_f1": fitted.dev_macro_f1_R,
        "dev_micro_f1": fitted.dev_micro_f1_R,
        "dev_ece": on_dev[:, 0],
        "dev_nll": on_dev[:, 2],
        "test_macro_f1": test.macro_f1_R,
        "test_macro_f1_low": low_R,
        "test_macro_f1_high": high_R,
        "test_macro_f1_unleaked": unleaked.macro_f1_R,
        "test_micro_f1": test.micro_f1_R,
        "test_precision": test.precision_R,
        "test_recall": test.recall_R,
        "test_ece": on_test[:, 0],
        "test_brier": on_test[:, 1],
        "test_nll": on_test[:, 2],
        "batch_flips_share": _batch_flips(logits, cuts_RK),
    }
    ranking = rank(logits.test_NK, logits.test_labels_NK)
    return ScoredDecisions(
        fitted=fitted,
        drawn=drawn,
        average_precision_K=ranking.average_precision_K,
        points=points,
    )


def _batch_flips(logits: ModelLogits, cuts_RK: np.ndarray) -> list[float | None]:
    """The share of decisions, by row, that depend on how many texts ran at a time."""
    if logits.two_ways is None:
        return [None] * len(cuts_RK)
    alone_MK, batched_MK = logits.two_ways
    return [float(((alone_MK >= cuts_K) != (batched_MK >= cuts_K)).mean()) for cuts_K in cuts_RK]


def _calibration(
    logits_NK: np.ndarray, labels_NK: np.ndarray, temperature: float
) -> tuple[float, float, float]:
    probs_NK = probabilities(logits_NK, temperature)
    return (
        ece(probs_NK, labels_NK),
        brier(probs_NK, labels_NK),
        nll(logits_NK, labels_NK, temperature),
    )


def _once(
    temperature_R: np.ndarray, of: Callable[[float], Sequence[float] | np.ndarray]
) -> np.ndarray:
    """`of(temperature)` for every row, computed once per distinct temperature."""
    distinct, row_R = np.unique(temperature_R, return_inverse=True)
    return np.array([of(float(t)) for t in distinct])[row_R]


def rows_with_labels(fitted: FittedDecisions) -> tuple[int, ...]:
    """Choose the decisions that get rows of `labels`.

    They are those that fit thresholds or cut at one half, and the best on dev. A model's decisions
    are of one size, so no other one can be on the front.

    Args:
        fitted: all decisions on a model.

    Returns:
        Their positions.
    """
    scores_R = fitted.dev_macro_f1_R
    return tuple(
        r
        for r, d in enumerate(fitted.decisions)
        if not isinstance(d.rule, Fixed) or d.rule == Fixed(0.5) or scores_R[r] == scores_R.max()
    )


def label_columns(
    logits: ModelLogits, decided: ScoredDecisions, points: Sequence[str], labels: Sequence[str]
) -> Columns:
    """Rows of `labels`, for the decisions of `rows_with_labels`."""
    fitted = decided.fitted
    rows = list(rows_with_labels(fitted))
    thresholds = [thresholds_of(fitted.cuts_RK[r], fitted.temperature_R[r]) for r in rows]
    ece_RK = _once(
        fitted.temperature_R[rows],
        lambda t: label_ece(probabilities(logits.test_NK, t), logits.test_labels_NK),
    )
    return {
        "point": [points[r] for r in rows for _ in labels],
        "label": [label for _ in rows for label in labels],
        "precision": decided.test.precision_RK[rows].ravel(),
        "recall": decided.test.recall_RK[rows].ravel(),
        "f1": decided.test.f1_RK[rows].ravel(),
        "average_precision": np.tile(decided.average_precision_K, len(rows)),
        "support": np.tile(decided.test.support_K, len(rows)),
        "threshold": np.concatenate(thresholds),
        "cut": fitted.cuts_RK[rows].ravel(),
        "ece": ece_RK.ravel(),
    }


def surface_columns(logits: ModelLogits, model: str) -> Columns:
    """Macro-F1 over a fine grid of temperature and one threshold, from one sort a split."""
    grid = SURFACE_TEMPERATURES, SURFACE_THRESHOLDS
    return {
        "model": model,
        "temperature": np.repeat(SURFACE_TEMPERATURES, len(SURFACE_THRESHOLDS)),
        "threshold": np.tile(SURFACE_THRESHOLDS, len(SURFACE_TEMPERATURES)),
        "dev_macro_f1": surface(logits.dev_NK, logits.dev_labels_NK, *grid).ravel(),
        "test_macro_f1": surface(logits.test_NK, logits.test_labels_NK, *grid).ravel(),
    }


def reliability_columns(logits: ModelLogits, decided: ScoredDecisions, model: str) -> Columns:
    """Reliability on test before calibration (temperature 1) and after (fitted on dev)."""
    fitted = [
        float(t)
        for t, d in zip(decided.fitted.temperature_R, decided.fitted.decisions, strict=True)
        if isinstance(d.temperature, Fitted)
    ]
    parts = []
    for temperature in dict.fromkeys([1.0, *fitted[:1]]):
        found = reliability(probabilities(logits.test_NK, temperature), logits.test_labels_NK)
        edges = np.linspace(0, 1, len(found.count_M) + 1)
        empty_M = found.count_M == 0
        parts.append(
            {
                "temperature": np.full(len(found.count_M), temperature),
                "bin_low": edges[:-1],
                "bin_high": edges[1:],
                "decisions": found.count_M.astype(np.int64),
                "probability": np.where(empty_M, (edges[:-1] + edges[1:]) / 2, found.confidence_M),
                "observed": np.where(empty_M, 0.0, found.frequency_M),
            }
        )
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {"model": model, **joined}
