"""What a comparison in pairs leaves: two decisions on the same texts, whole and label by label.

Intervals come from a bootstrap over texts, stratified by rarest label, same resamples for both.
"""

from dataclasses import dataclass

from emoray.tables.fields import CHANGE, SHARE, cost, gain, note


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One decision beside another, on the same texts: what changed, how surely, and a verdict."""

    before: str = note("what is compared with: a point, in a sweep the float parent's, or a name")
    after: str = note("what is compared: a point, or a name")
    thresholds: str = note(
        "frozen = `after` decides at the thresholds of `before`; retuned = at thresholds fitted "
        "again on dev by the same rule, where it fits any; own = each at what it was saved with"
    )
    split: str = note("the texts both were scored on")
    macro_f1_before: float = gain("of `before`")
    macro_f1_after: float = gain("of `after`")
    macro_f1_change: float = gain("after minus before", unit=CHANGE)
    macro_f1_low: float = note(
        "lower end of the paired 95 % interval of macro_f1_change", unit=CHANGE
    )
    macro_f1_high: float = note(
        "upper end of the paired 95 % interval of macro_f1_change", unit=CHANGE
    )
    micro_f1_change: float = gain("of micro-averaged F1, after minus before", unit=CHANGE)
    micro_f1_low: float = note(
        "lower end of the paired 95 % interval of micro_f1_change", unit=CHANGE
    )
    micro_f1_high: float = note(
        "upper end of the paired 95 % interval of micro_f1_change", unit=CHANGE
    )
    equivalence_low: float = note(
        "lower end of the paired 90 % interval of macro_f1_change", unit=CHANGE
    )
    equivalence_high: float = note(
        "upper end of the paired 90 % interval of macro_f1_change", unit=CHANGE
    )
    margin: float = note(
        "the largest change of macro-F1, up or down, that counts as none", unit=SHARE
    )
    equivalent: bool = note(
        "the 90 % interval lies within the margin: two one-sided tests at 5 % each"
    )
    mcnemar_p: float = note(
        "exact two-sided p of McNemar's test on texts with all labels right; 1 where none changed"
    )
    texts_lost: int = cost("texts with all labels right before and not after")
    texts_won: int = gain("texts with all labels right after and not before")
    decisions_changed: int = cost("label decisions that differ")
    decisions: int = note("label decisions compared: texts x labels")
    resamples: int = note("bootstrap resamples of the texts")
    verdict: str = note(
        "equivalent within the margin; else better or worse where the 95 % interval leaves out 0; "
        "else undecided"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChangeRow:
    """One label of a comparison. Intervals are not corrected for looking at many labels."""

    before: str = note("as in `comparisons`")
    after: str = note("as in `comparisons`")
    thresholds: str = note("as in `comparisons`")
    label: str = note("name of the label")
    support: int = note("texts that carry it")
    f1_before: float = gain("of `before`")
    f1_after: float = gain("of `after`")
    change: float = gain("after minus before", unit=CHANGE)
    low: float = note("lower end of the paired 95 % interval of change", unit=CHANGE)
    high: float = note("upper end of the paired 95 % interval of change", unit=CHANGE)
    lost: int = cost("decisions right before and wrong after")
    won: int = gain("decisions wrong before and right after")
    churn: int = cost("decisions that differ: lost + won")
