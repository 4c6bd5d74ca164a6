"""The smallest change that a comparison could have seen.

Cohen 1988, "Statistical power analysis for the behavioral sciences": with a two-sided test at 5 % a
change is found in four of five repeats where it is (1.96 + 0.84) standard errors.
"""

from scipy.stats import norm

from emoray.metrics.bootstrap import LEVEL
from emoray.metrics.change import EQUIVALENT, UNDECIDED, Change

POWER = 0.8
MOST = 0.20  # of F1: where only more could be seen a label is not decidable
NOT_DECIDABLE = "not decidable"
_SIDE = float(norm.ppf((1 + LEVEL) / 2))
PER_HALF_WIDTH = (_SIDE + float(norm.ppf(POWER))) / _SIDE  # half a 95 % interval is 1.96 errors


def smallest_change(change: Change, support: int) -> float | None:
    """The change that would be found in four of five repeats, by the width of its interval.

    Never less than about what one text makes, 1/support: where both sides decide alike, resampling
    these texts shows no width at all.

    Args:
        change: with its 95 % interval.
        support: texts with the label.

    Returns:
        A share of F1; None where neither side finds anything, so that no interval says anything.
    """
    if change.before == change.after == 0:
        return None
    return max(PER_HALF_WIDTH * (change.high - change.low) / 2, 1 / support)


def decidable_verdict(change: Change, support: int, margin: float, most: float = MOST) -> str:
    """The verdict on a change, as far as so many texts allow one.

    Args:
        change: with its intervals.
        support: texts with the label.
        margin: within which a change is equivalent.
        most: a change that is smaller should be seen.

    Returns:
        `not decidable` where it would not be; no `equivalent` where the margin is less than what
        could be seen; else the usual verdict.
    """
    least = smallest_change(change, support)
    if least is None or least > most:
        return NOT_DECIDABLE
    verdict = change.verdict(margin)
    return UNDECIDED if verdict == EQUIVALENT and least > margin else verdict
