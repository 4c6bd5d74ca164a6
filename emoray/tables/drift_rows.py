"""What watching a log leaves: every measure of every window beside the reference."""

from dataclasses import dataclass

from emoray.tables.fields import CHANGE, SHARE, note

UNIT = "share, 0 to 1, but for characters_mean and milliseconds_mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRow:
    """One measure of one label, or of all texts, in one window of a log."""

    window: int = note("number of the window, from 0, in the order of time")
    begins: str = note("time of its first text, UTC, ISO 8601; empty where times are not known")
    ends: str = note("time of its last text, UTC, ISO 8601; empty where times are not known")
    texts: int = note("texts of the window; of earned F1 and ECE those whose labels came")
    label: str = note("name of the label; empty for a measure of all texts")
    measure: str = note(
        "of a label: positive_share, mean_probability, expected_precision, expected_recall, "
        "expected_f1 (of calibrated probabilities, at the cuts that decided), logit_ks (largest "
        "gap between the distributions of logits), and of texts whose labels came f1 and ece; of "
        "all texts: expected_macro_f1, unknown_share, truncated_share, label_mix (part of the "
        "labels' mean probability that moved to others), characters_ks, milliseconds_ks, "
        "characters_mean, milliseconds_mean, macro_f1, ece"
    )
    value: float = note("in this window", unit=UNIT)
    low: float | None = note("lower end of a 95 % interval of value, where it has one", unit=UNIT)
    high: float | None = note("upper end of a 95 % interval of value, where it has one", unit=UNIT)
    reference: float | None = note(
        "in the reference; of f1 and macro_f1 what was expected of the same texts",
        unit=UNIT,
    )
    since: int | None = note(
        "first window of the stretch, up to this window, with the strongest evidence of a change; "
        "null for what is only shown"
    )
    change: float | None = note("of that stretch, from the reference", unit=CHANGE)
    margin: float | None = note("a change below this does not count", unit=SHARE)
    log10_e: float | None = note(
        "evidence of that stretch: decimal logarithm of its e-value, its start's part of alpha and "
        "its weight counted in",
        unit="decimal logarithm",
    )
    alarm: bool = note("changed beyond chance and margin, all labels and windows counted in")
