"""Whether one decision is better than another, worse, or as good: on the same texts, resampled.

An interval is symmetric about the change: as far on either side as the central share of resampled
changes strays from it (Hall 1988, "On symmetric bootstrap confidence intervals"). Percentiles call
equal models different in 6 % of pairs where few decisions differ, this in 4 to 5 %. Equivalence is
two one-sided tests at 5 % each: the 90 % interval lies within the margin (Schuirmann 1987).
McNemar's test is exact, on texts with all labels right (1947, "Note on the sampling error of the
difference between correlated proportions"). F1 is a share here; sentences speak of points,
hundredths of it. Shapes: N texts, K labels, R rows, B resamples.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import bdtr

from emoray.metrics.label_f1 import label_f1_resampled
from emoray.metrics.paired import Change
from emoray.metrics.ranking import f1_of
from emoray.metrics.resampled import Resampled

MARGIN = 0.005  # half a point: less is seldom worth a choice
LEVEL, EQUIVALENCE_LEVEL = 0.95, 0.90
BETTER, WORSE, EQUIVALENT, UNDECIDED = "better", "worse", "equivalent", "undecided"
MINUS = "\N{MINUS SIGN}"
Columns = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """One label: its F1 before and after, and how many texts changed."""

    support: int
    f1: Change
    lost: int
    """Texts rightly judged before, wrongly after."""
    won: int

    @property
    def churn(self) -> int:
        """Texts that are judged otherwise, whichever is right."""
        return self.lost + self.won


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One decision beside another, on the same texts."""

    macro_f1: Change
    micro_f1: Change
    equivalence_low: float
    equivalence_high: float
    margin: float
    equivalent: bool
    mcnemar_p: float
    texts_lost: int
    texts_won: int
    decisions_changed: int
    decisions: int
    resamples: int
    verdict: str
    labels: tuple[LabelChange, ...]

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        return words(
            self.verdict,
            self.macro_f1,
            self.margin,
            narrow=(self.equivalence_low, self.equivalence_high),
            changed=self.decisions_changed,
        )


def checked_margin(margin: float) -> float:
    """A margin is a positive share of F1."""
    if not 0 < margin < 1:
        raise ValueError(
            f"a margin of equivalence lies in (0, 1), got {margin}: 0.005 is half a point of F1"
        )
    return float(margin)


def _checked_pair(before: Resampled, after: Resampled) -> None:
    """Only rows of the same texts in the same resamples make pairs."""
    if len(before) != len(after):
        raise ValueError(
            f"row r is compared with row r, got {len(before)} and {len(after)} rows: "
            "choose them with .rows"
        )
    for name, mine, other in (
        ("labels", before.labels_NK, after.labels_NK),
        ("resamples", before.weights_BN, after.weights_BN),
    ):
        if mine is not other and not np.array_equal(mine, other):
            raise ValueError(
                f"a pair shares its {name}, got others of shape {mine.shape} and {other.shape}: "
                "judge both on the same texts with the same weights"
            )


def mcnemar_p(lost: np.ndarray, won: np.ndarray) -> np.ndarray:
    """Two-sided exact p of as uneven a split of the changed texts; 1 where none changed."""
    lost, won = np.asarray(lost), np.asarray(won)
    return np.asarray(np.minimum(1.0, 2 * bdtr(np.minimum(lost, won), lost + won, 0.5)))


def interval(
    change_R: np.ndarray, resampled_RB: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """(low_R, high_R) of changes, of which resamples give `resampled_RB`."""
    reach_R = np.quantile(np.abs(resampled_RB - change_R[:, None]), level, axis=1)
    return change_R - reach_R, change_R + reach_R


def _verdicts(low_R: np.ndarray, high_R: np.ndarray, equivalent_R: np.ndarray) -> list[str]:
    """The margin first: what lies within it is as good, however surely it differs."""
    shown_R = np.where(low_R > 0, BETTER, np.where(high_R < 0, WORSE, UNDECIDED))
    return [str(v) for v in np.where(equivalent_R, EQUIVALENT, shown_R)]


def compare_rows(before: Resampled, after: Resampled, margin: float = MARGIN) -> Columns:
    """Row r against row r, as columns of `comparisons` without those that name the two."""
    margin = checked_margin(margin)
    _checked_pair(before, after)
    macro_R, micro_R = after.macro_f1_R - before.macro_f1_R, after.micro_f1_R - before.micro_f1_R
    macro_RB = after.macro_f1_RB - before.macro_f1_RB
    macro_low, macro_high = interval(macro_R, macro_RB, LEVEL)
    narrow_low, narrow_high = interval(macro_R, macro_RB, EQUIVALENCE_LEVEL)
    micro_low, micro_high = interval(micro_R, after.micro_f1_RB - before.micro_f1_RB, LEVEL)
    equivalent_R = (narrow_low > -margin) & (narrow_high < margin)
    lost_R = (before.right_RN & ~after.right_RN).sum(axis=1)
    won_R = (~before.right_RN & after.right_RN).sum(axis=1)
    changed_R = np.bitwise_count(before.packed_RP ^ after.packed_RP).sum(axis=1, dtype=np.int64)
    return {
        "macro_f1_before": before.macro_f1_R,
        "macro_f1_after": after.macro_f1_R,
        "macro_f1_change": macro_R,
        "macro_f1_low": macro_low,
        "macro_f1_high": macro_high,
        "micro_f1_change": micro_R,
        "micro_f1_low": micro_low,
        "micro_f1_high": micro_high,
        "equivalence_low": narrow_low,
        "equivalence_high": narrow_high,
        "margin": np.full(len(before), margin),
        "equivalent": equivalent_R,
        "mcnemar_p": mcnemar_p(lost_R, won_R),
        "texts_lost": lost_R,
        "texts_won": won_R,
        "decisions_changed": changed_R,
        "decisions": np.full(len(before), before.labels_NK.size),
        "resamples": np.full(len(before), len(before.weights_BN)),
        "verdict": _verdicts(macro_low, macro_high, equivalent_R),
    }


def label_changes(before: Resampled, after: Resampled) -> tuple[LabelChange, ...]:
    """Every label of one row against one row."""
    _checked_pair(before, after)
    if len(before) != 1:
        raise ValueError(f"labels are compared a pair at a time, got {len(before)} rows: use .rows")
    labels_NK, weights_BN = before.labels_NK, before.weights_BN
    support_K = labels_NK.sum(axis=0)
    was_NK, now_NK = before.decided(0), after.decided(0)
    lost_K = ((was_NK == labels_NK) & (now_NK != labels_NK)).sum(axis=0)
    won_K = ((was_NK != labels_NK) & (now_NK == labels_NK)).sum(axis=0)
    was_K, now_K = (
        f1_of((decided & labels_NK).sum(axis=0), decided.sum(axis=0), support_K)
        for decided in (was_NK, now_NK)
    )
    was_KB, now_KB = label_f1_resampled(np.stack([was_NK, now_NK]), labels_NK, weights_BN)
    low_K, high_K = interval(now_K - was_K, now_KB - was_KB, LEVEL)
    return tuple(
        LabelChange(
            support=int(support_K[k]),
            f1=Change(
                before=float(was_K[k]),
                after=float(now_K[k]),
                low=float(low_K[k]),
                high=float(high_K[k]),
            ),
            lost=int(lost_K[k]),
            won=int(won_K[k]),
        )
        for k in range(len(support_K))
    )


def compare(before: Resampled, after: Resampled, margin: float = MARGIN) -> Comparison:
    """One row against one row, label by label too."""
    labels = label_changes(before, after)
    found = {name: column[0] for name, column in compare_rows(before, after, margin).items()}
    macro, micro = (
        Change(
            before=float(getattr(before, f"{measure}_R")[0]),
            after=float(getattr(after, f"{measure}_R")[0]),
            low=float(found[f"{measure}_low"]),
            high=float(found[f"{measure}_high"]),
        )
        for measure in ("macro_f1", "micro_f1")
    )
    return Comparison(
        macro_f1=macro,
        micro_f1=micro,
        equivalence_low=float(found["equivalence_low"]),
        equivalence_high=float(found["equivalence_high"]),
        margin=float(found["margin"]),
        equivalent=bool(found["equivalent"]),
        mcnemar_p=float(found["mcnemar_p"]),
        texts_lost=int(found["texts_lost"]),
        texts_won=int(found["texts_won"]),
        decisions_changed=int(found["decisions_changed"]),
        decisions=int(found["decisions"]),
        resamples=int(found["resamples"]),
        verdict=str(found["verdict"]),
        labels=labels,
    )


def points(change: float) -> str:
    """An F1 difference in points, signed, two digits: `+1.20`."""
    text = f"{100 * change:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", MINUS)


def words(
    verdict: str,
    change: Change,
    margin: float,
    *,
    narrow: tuple[float, float],
    changed: int,
) -> str:
    """The verdict as a sentence on macro-F1, in points. narrow: the central 90 %."""
    within = f"within ±{100 * margin:g} points"
    found = f"{points(change.value)} points, 95 % interval {points(change.low)} to "
    found += points(change.high)
    if verdict == EQUIVALENT and not changed:
        return f"equivalent {within}: not one decision differs"
    if verdict == EQUIVALENT:
        sure = "" if change.is_luck else "; the difference is real, and smaller than the margin"
        return f"equivalent {within}: macro-F1 {found}{sure}"
    if verdict != UNDECIDED:
        return f"{verdict}: macro-F1 {found}"
    ends = f"{points(narrow[0])} to {points(narrow[1])}"
    return (
        f"undecided: macro-F1 {found}; neither a difference nor equivalence {within} is shown "
        f"(90 % interval {ends}): more texts would tell"
    )
