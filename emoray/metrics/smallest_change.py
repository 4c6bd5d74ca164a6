"""The smallest change that a comparison could have seen.

Cohen 1988, "Statistical power analysis for the behavioral sciences": with a two-sided test at 5 % a
change is found in four of five repeats where it is (1.96 + 0.84) standard errors.
"""

from scipy.stats import norm

from emoray.metrics.bootstrap import LEVEL
from emoray.metrics.change import Change

POWER = 0.8
MOST = 0.20  # of F1: where only more could be seen a label is not decidable
NOT_DECIDABLE = "not decidable"
_SIDE = float(norm.ppf((1 + LEVEL) / 2))
PER_HALF_WIDTH = (_SIDE + float(norm.ppf(POWER))) / _SIDE  # half a 95 % interval is 1.96 errors


def smallest_change(change: Change) -> float | None:
    """The change that would be found in four of five repeats, by the width of its interval.

    Args:
        change: with its 95 % interval.

    Returns:
        A share of F1; None where neither side finds anything, so that no interval says anything.
    """
    if change.before == change.after == 0:
        return None
    return PER_HALF_WIDTH * (change.high - change.low) / 2


def decidable_verdict(change: Change, margin: float | None, most: float = MOST) -> str:
    """The verdict on a change; `not decidable` where one of less than `most` could not be seen."""
    least = smallest_change(change)
    return NOT_DECIDABLE if least is None or least > most else change.verdict(margin)
