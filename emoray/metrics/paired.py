"""Whether a change is more than luck: two decisions judged on the same resampled texts.

Both read the same weights, so what a hard resample costs one it costs the other, and the interval
of their difference is far narrower than either's own. Shapes: N texts, K labels, R decisions, B
resamples, M bins.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emoray.metrics.calibration import brier, ece, nll
from emoray.metrics.checks import checked
from emoray.metrics.cuts import check_temperature, checked_cuts, probabilities
from emoray.metrics.intervals import checked_weights, macro_f1_resampled
from emoray.metrics.ranking import f1_of
from emoray.metrics.scores import score_many

MEASURES = ("macro_f1", "micro_f1", "ece", "brier", "nll")
LESS_IS_BETTER = ("ece", "brier", "nll")
BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """R decisions on one model's logits: by measure, its value and its value in each resample."""

    value_R: Mapping[str, np.ndarray]
    resampled_RB: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One measure before and after, and the interval of the difference."""

    before: float
    after: float
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.after - self.before

    @property
    def is_luck(self) -> bool:
        """Whether no change at all lies within the interval."""
        return self.low <= 0 <= self.high

    def within(self, margin: float) -> bool:
        """Equivalence: the whole interval lies inside ±margin. Customary with a 90 % interval."""
        if not margin > 0:
            raise ValueError(f"a margin of equivalence is above 0, got {margin}: try 0.005")
        return -margin < self.low and self.high < margin


def _micro_f1_resampled(
    logits_NK: np.ndarray, labels_NK: np.ndarray, cuts_RK: np.ndarray, weights_NB: np.ndarray
) -> np.ndarray:
    """micro_f1_RB: a text's decisions are counted once, then weighted."""
    support_B = labels_NK.sum(axis=1, dtype=np.float64) @ weights_NB
    rows = []
    for cuts_K in cuts_RK:
        decided_NK = logits_NK >= cuts_K
        predicted_B = decided_NK.sum(axis=1, dtype=np.float64) @ weights_NB
        tp_B = (decided_NK & labels_NK).sum(axis=1, dtype=np.float64) @ weights_NB
        rows.append(f1_of(tp_B, predicted_B, support_B))
    return np.array(rows)


def _calibration_resampled(
    logits_NK: np.ndarray, labels_NK: np.ndarray, temperature: float, weights_NB: np.ndarray
) -> dict[str, np.ndarray]:
    """ECE, Brier and NLL of every resample (B): per text first, then weighted."""
    texts, labels = logits_NK.shape
    probs_NK = probabilities(logits_NK, temperature)
    gap_NK = probs_NK.astype(np.float64) - labels_NK
    bin_NK = np.clip(np.ceil(probs_NK * float(BINS)).astype(np.int64) - 1, 0, BINS - 1)
    cell = (bin_NK + np.arange(texts)[:, None] * BINS).ravel()
    gap_NM = np.bincount(cell, gap_NK.ravel(), texts * BINS).reshape(texts, BINS)
    scaled_NK = logits_NK.astype(np.float64) / temperature
    softplus_NK = np.maximum(scaled_NK, 0) + np.log1p(np.exp(-np.abs(scaled_NK)))
    events_B = weights_NB.sum(axis=0, dtype=np.float64) * labels
    return {
        "ece": np.abs(gap_NM.T @ weights_NB).sum(axis=0) / events_B,
        "brier": np.square(gap_NK).sum(axis=1) @ weights_NB / events_B,
        "nll": (softplus_NK - scaled_NK * labels_NK).sum(axis=1) @ weights_NB / events_B,
    }


def judge(
    logits_NK: np.ndarray,
    labels_NK: np.ndarray,
    cuts_RK: np.ndarray,
    temperature_R: np.ndarray,
    weights_BN: np.ndarray,
) -> Judged:
    """Every measure of every decision, on the texts and on each resample of them.

    Two models, or two decisions, may be compared when they were judged with the same weights.
    """
    logits_NK, labels_NK = checked(logits_NK, labels_NK)
    texts, labels = logits_NK.shape
    cuts_RK = checked_cuts(cuts_RK, labels)
    temperatures = [float(t) for t in temperature_R]
    if len(temperatures) != len(cuts_RK):
        raise ValueError(
            f"a decision is a row of cuts and a temperature, got {len(cuts_RK)} rows and "
            f"{len(temperatures)} temperatures: give one of each"
        )
    for temperature in temperatures:
        check_temperature(temperature)
    weights_NB = checked_weights(weights_BN, texts).astype(np.float64)
    scores = score_many(logits_NK, labels_NK, cuts_RK)
    value: dict[str, np.ndarray] = {"macro_f1": scores.macro_f1_R, "micro_f1": scores.micro_f1_R}
    resampled: dict[str, np.ndarray] = {
        "macro_f1": macro_f1_resampled(logits_NK, labels_NK, cuts_RK, weights_BN),
        "micro_f1": _micro_f1_resampled(logits_NK, labels_NK, cuts_RK, weights_NB),
    }
    distinct, row_R = np.unique(temperatures, return_inverse=True)
    plain, drawn = [], []
    for t in distinct:
        probs_NK = probabilities(logits_NK, float(t))
        plain.append(
            {
                "ece": ece(probs_NK, labels_NK, BINS),
                "brier": brier(probs_NK, labels_NK),
                "nll": nll(logits_NK, labels_NK, float(t)),
            }
        )
        drawn.append(_calibration_resampled(logits_NK, labels_NK, float(t), weights_NB))
    for measure in LESS_IS_BETTER:
        value[measure] = np.array([found[measure] for found in plain])[row_R]
        resampled[measure] = np.array([found[measure] for found in drawn])[row_R]
    return Judged(value_R=value, resampled_RB=resampled)


def interval(judged: Judged, r: int, measure: str, *, level: float = 0.95) -> tuple[float, float]:
    """The central `level` of one decision's own resampled values."""
    low, high = np.quantile(judged.resampled_RB[measure][r], [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def change(
    measure: str,
    before: tuple[Judged, int],
    after: tuple[Judged, int],
    *,
    level: float = 0.95,
) -> Change:
    """What one measure gains from the one decision to the other, with its paired interval."""
    if measure not in MEASURES:
        raise ValueError(
            f"measure is one of {', '.join(MEASURES)}, got {measure!r}: pick one of these"
        )
    if not 0 < level < 1:
        raise ValueError(f"level is a share in (0, 1), got {level}: 0.95 is customary")
    (old, b), (new, a) = before, after
    before_B, after_B = old.resampled_RB[measure][b], new.resampled_RB[measure][a]
    if len(before_B) != len(after_B):
        raise ValueError(
            f"paired decisions share their resamples, got {len(before_B)} and {len(after_B)}: "
            "judge both with the same weights"
        )
    low, high = np.quantile(after_B - before_B, [(1 - level) / 2, (1 + level) / 2])
    return Change(
        before=float(old.value_R[measure][b]),
        after=float(new.value_R[measure][a]),
        low=float(low),
        high=float(high),
    )
