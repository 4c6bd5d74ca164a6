"""The change of a measure between two models: its intervals and its verdict.

Equivalence is two one-sided tests at 5 % each: the 90 % interval of the change lies within a margin
(Schuirmann 1987, "A comparison of the two one-sided tests procedure and the power approach").
Shapes: R pairs, B resamples.
"""

from dataclasses import dataclass

import numpy as np

from emoray.metrics.bootstrap import EQUIVALENCE_LEVEL, LEVEL, symmetric_interval
from emoray.metrics.convention import MARGIN, checked_margin
from emoray.metrics.resampled import F1S, LESS_IS_BETTER, Resampled

BETTER, WORSE, EQUIVALENT, UNDECIDED = "better", "worse", "equivalent", "undecided"
VERDICTS = (BETTER, WORSE, EQUIVALENT, UNDECIDED)


def margin_of(measure: str, margin: float = MARGIN) -> float | None:
    """The margin of F1, macro or micro; measures of calibration have none that is customary."""
    return checked_margin(margin) if measure in F1S else None


def are_equivalent(low_R: np.ndarray, high_R: np.ndarray, margin: float | None) -> np.ndarray:
    """Whether each 90 % interval lies within the margin; without one whether nothing changed."""
    same_R = (low_R == 0) & (high_R == 0)
    return same_R if margin is None else (low_R > -margin) & (high_R < margin)


def verdicts(
    low_R: np.ndarray,
    high_R: np.ndarray,
    equivalent_R: np.ndarray,
    *,
    less_is_better: bool = False,
) -> np.ndarray:
    """Map each 95 % interval to a word of `VERDICTS`.

    The margin comes first: a change within it is equivalent, however surely it differs from 0.

    Args:
        low_R: lower ends of the 95 % intervals.
        high_R: upper ends.
        equivalent_R: bool, see `are_equivalent`.
        less_is_better: whether a lower value of the measure is better.

    Returns:
        verdict_R, str.
    """
    up, down = (WORSE, BETTER) if less_is_better else (BETTER, WORSE)
    shown_R = np.where(low_R > 0, up, np.where(high_R < 0, down, UNDECIDED))
    return np.where(equivalent_R, EQUIVALENT, shown_R)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The change of one measure of one pair; low, high: 95 %, equivalence_low, _high: 90 %."""

    before: float
    after: float
    low: float
    high: float
    equivalence_low: float
    equivalence_high: float

    @property
    def value(self) -> float:
        """After minus before."""
        return self.after - self.before

    @property
    def includes_zero(self) -> bool:
        """Whether no change at all lies within the 95 % interval."""
        return self.low <= 0 <= self.high

    def equivalent(self, margin: float | None) -> bool:
        """Whether the change is shown to be smaller than the margin; without one, to be none."""
        ends = np.array([self.equivalence_low]), np.array([self.equivalence_high])
        return bool(are_equivalent(*ends, margin)[0])

    def verdict(self, margin: float | None, *, less_is_better: bool = False) -> str:
        """A word of `VERDICTS`."""
        equivalent_R = np.array([self.equivalent(margin)])
        ends = np.array([self.low]), np.array([self.high])
        return str(verdicts(*ends, equivalent_R, less_is_better=less_is_better)[0])


def verdict_of(measure: str, change: Change, margin: float = MARGIN) -> str:
    """The verdict on a measure; its name determines direction and margin."""
    less_is_better = measure in LESS_IS_BETTER
    return change.verdict(margin_of(measure, margin), less_is_better=less_is_better)


def _equal(mine: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays are equal; the values are read only where they do not share memory."""
    one = mine.__array_interface__ == other.__array_interface__
    return one or np.array_equal(mine, other)


def checked_pair(before: Resampled, after: Resampled) -> None:
    """Refuse pairs that differ in number of rows, labels or resamples."""
    if len(before) != len(after):
        raise ValueError(
            f"row r is compared with row r, got {len(before)} and {len(after)} rows: "
            "choose them with .rows"
        )
    for name, mine, other in (
        ("labels", before.labels_NK, after.labels_NK),
        ("resamples", before.weights_NB, after.weights_NB),
    ):
        if not _equal(mine, other):
            raise ValueError(
                f"a pair shares its {name}, got others of shape {mine.shape} and {other.shape}: "
                "resample both on the same texts with the same weights"
            )


def differences(before: Resampled, after: Resampled, measure: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (change_R, deviation_RB) of row r of `after` minus row r of `before`."""
    change_R = after.value(measure) - before.value(measure)
    deviation_RB = after.deviation(measure).astype(np.float32) - before.deviation(measure)
    return change_R, deviation_RB


def changed(before_R: np.ndarray, after_R: np.ndarray, deviation_RB: np.ndarray) -> list[Change]:
    """Build the `Change` of each pair from its values and the deviations of its resamples."""
    change_R = after_R - before_R
    ends = (
        *symmetric_interval(change_R, deviation_RB, LEVEL),
        *symmetric_interval(change_R, deviation_RB, EQUIVALENCE_LEVEL),
    )
    return [
        Change(
            before=float(before),
            after=float(after),
            low=float(low),
            high=float(high),
            equivalence_low=float(narrow_low),
            equivalence_high=float(narrow_high),
        )
        for before, after, low, high, narrow_low, narrow_high in zip(
            before_R, after_R, *ends, strict=True
        )
    ]
