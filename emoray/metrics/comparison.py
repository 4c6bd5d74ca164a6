"""Whether one decision is better than another, worse, or equivalent: on the same texts, resampled.

Every job and table that compares two models calls this module. McNemar's test is exact, on
texts with all labels right (1947, "Note on the sampling error of the difference between correlated
proportions"). F1 is a share here; sentences speak of points, hundredths of it. Shapes: N texts,
K labels, R rows, B resamples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import bdtr

from emoray.metrics.bootstrap import EQUIVALENCE_LEVEL, LEVEL, symmetric_interval
from emoray.metrics.change import (
    EQUIVALENT,
    MARGIN,
    UNDECIDED,
    Change,
    are_equivalent,
    changed,
    checked_margin,
    checked_pair,
    differences,
    verdicts,
)
from emoray.metrics.label_change import LabelChange, label_changes
from emoray.metrics.resampled import Resampled

MINUS = "\N{MINUS SIGN}"
Columns = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One decision compared with another on the same texts; changes: by measure."""

    changes: Mapping[str, Change]
    margin: float
    mcnemar_p: float
    texts_lost: int
    texts_won: int
    decisions_changed: int
    decisions: int
    resamples: int
    labels: tuple[LabelChange, ...]

    @property
    def macro_f1(self) -> Change:
        """The change of macro-F1."""
        return self.changes["macro_f1"]

    @property
    def micro_f1(self) -> Change:
        """The change of micro-F1."""
        return self.changes["micro_f1"]

    @property
    def equivalent(self) -> bool:
        """Whether macro-F1 is shown to change by less than the margin."""
        return self.macro_f1.equivalent(self.margin)

    @property
    def non_inferior(self) -> bool:
        """Whether macro-F1 is shown to lose less than the margin, whatever it may gain."""
        return self.macro_f1.equivalence_low > -self.margin

    @property
    def verdict(self) -> str:
        """On macro-F1: better, worse, equivalent or undecided."""
        return self.macro_f1.verdict(self.margin)

    @property
    def words(self) -> str:
        """The verdict as a sentence on macro-F1, in points."""
        return words(self)


def mcnemar_p(lost: np.ndarray, won: np.ndarray) -> np.ndarray:
    """Two-sided exact p of as uneven a split of the changed texts; 1 where none changed."""
    lost, won = np.asarray(lost), np.asarray(won)
    return np.asarray(np.minimum(1.0, 2 * bdtr(np.minimum(lost, won), lost + won, 0.5)))


def _counts(before: Resampled, after: Resampled) -> Columns:
    """What changed, in texts and in label decisions."""
    lost_R = (before.right_RN & ~after.right_RN).sum(axis=1)
    won_R = (~before.right_RN & after.right_RN).sum(axis=1)
    differ_RP = before.packed_RP ^ after.packed_RP
    return {
        "mcnemar_p": mcnemar_p(lost_R, won_R),
        "texts_lost": lost_R,
        "texts_won": won_R,
        "decisions_changed": np.bitwise_count(differ_RP).sum(axis=1, dtype=np.int64),
        "decisions": np.full(len(before), before.labels_NK.size),
        "resamples": np.full(len(before), before.resamples),
    }


def compare_rows(before: Resampled, after: Resampled, margin: float = MARGIN) -> Columns:
    """Compare row r with row r; columns of `comparisons` but for those that identify the pair."""
    margin = checked_margin(margin)
    checked_pair(before, after)
    macro_R, macro_RB = differences(before, after, "macro_f1")
    micro_R, micro_RB = differences(before, after, "micro_f1")
    macro_low, macro_high = symmetric_interval(macro_R, macro_RB, LEVEL)
    narrow_low, narrow_high = symmetric_interval(macro_R, macro_RB, EQUIVALENCE_LEVEL)
    micro_low, micro_high = symmetric_interval(micro_R, micro_RB, LEVEL)
    equivalent_R = are_equivalent(narrow_low, narrow_high, margin)
    return {
        "macro_f1_before": before.value("macro_f1"),
        "macro_f1_after": after.value("macro_f1"),
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
        **_counts(before, after),
        "verdict": verdicts(macro_low, macro_high, equivalent_R).astype(object),
    }


def compare_decisions(before: Resampled, after: Resampled, margin: float = MARGIN) -> Comparison:
    """Compare one row with one row, on every measure that both have and label by label."""
    margin = checked_margin(margin)
    checked_pair(before, after)
    if len(before) != 1:
        raise ValueError(f"one row is compared with one, got {len(before)} rows: use .rows")
    labels = label_changes(before, after)
    changes = {}
    for measure in [m for m in before.measures if m in after.measures]:
        _, deviation_RB = differences(before, after, measure)
        values = before.value(measure), after.value(measure)
        (changes[measure],) = changed(*values, deviation_RB)
    found = {name: column[0] for name, column in _counts(before, after).items()}
    return Comparison(
        changes=changes,
        margin=margin,
        mcnemar_p=float(found.pop("mcnemar_p")),
        **{name: int(value) for name, value in found.items()},
        labels=labels,
    )


def points(change: float) -> str:
    """An F1 difference in points, signed, two digits: `+1.20`."""
    text = f"{100 * change:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", MINUS)


def words(found: Comparison) -> str:
    """The verdict as a sentence on macro-F1, in points."""
    change, verdict = found.macro_f1, found.verdict
    within = f"within ±{100 * found.margin:g} points"
    detail = f"{points(change.value)} points, 95 % interval {points(change.low)} to "
    detail += points(change.high)
    if verdict == EQUIVALENT and not found.decisions_changed:
        return f"equivalent {within}: not one decision differs"
    if verdict == EQUIVALENT:
        sure = "; the difference is real, and smaller than the margin"
        return f"equivalent {within}: macro-F1 {detail}{'' if change.includes_zero else sure}"
    if verdict != UNDECIDED:
        return f"{verdict}: macro-F1 {detail}"
    ends = f"{points(change.equivalence_low)} to {points(change.equivalence_high)}"
    return (
        f"undecided: macro-F1 {detail}; neither a difference nor equivalence {within} is shown "
        f"(90 % interval {ends}): more texts would tell"
    )
