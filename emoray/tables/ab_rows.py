"""Rows of `jobs.ab`: two models on live traffic, or on saved predictions."""

from dataclasses import dataclass

from emoray.tables.fields import CHANGE, PROBABILITY, SHARE, TIMES, cost, gain, note

ALWAYS = "holds at every moment, however often one looks"


@dataclass(frozen=True, slots=True, kw_only=True)
class AbLookRow:
    """What texts had shown of two models by one moment, the last row by now."""

    look: int = note("moments in order, from 1")
    time: str | None = note("of the last text by then, ISO 8601, UTC; null where none is known")
    before: str = note("SHA-256 of the artifact that is compared with")
    after: str = note("SHA-256 of the artifact that is compared")
    design: str = note("shadow = both answered each text, split = each text went to one of them")
    texts: int = note("different texts by then; one that came again counts once")
    texts_before: int = note("of them, those that `before` answered")
    texts_after: int = note("of them, those that `after` answered")
    agreement: float | None = note(
        "share of label decisions that are the same; null where traffic was split", unit=SHARE
    )
    texts_changed: int | None = note(
        "texts with any label decided otherwise; null where traffic was split"
    )
    labels_before: float = note("mean number of labels that `before` gave a text", unit="labels")
    labels_after: float = note("mean number of labels that `after` gave a text", unit="labels")
    labelled: int = note("of the texts, those whose true labels are known by now")
    macro_f1_before: float | None = gain("of `before`; null without true labels")
    macro_f1_after: float | None = gain("of `after`; null without true labels")
    change: float | None = gain("macro-F1 of `after` minus that of `before`", unit=CHANGE)
    low: float | None = note(f"lower end of the 95 % confidence sequence: {ALWAYS}", unit=CHANGE)
    high: float | None = note("upper end", unit=CHANGE)
    equivalence_low: float | None = note("lower end of the 90 % confidence sequence", unit=CHANGE)
    equivalence_high: float | None = note("upper end", unit=CHANGE)
    margin: float = note("the largest change, up or down, that counts as none", unit=CHANGE)
    verdict: str = note(
        "equivalent within the margin; else better or worse where the 95 % confidence sequence "
        "leaves out 0; else undecided"
    )
    effect: float = note("the change for which texts are planned", unit=CHANGE)
    needed: int | None = note(
        "labelled texts after which such a change is shown in 80 of 100 cases, by how much texts "
        "vary so far; null as long as that is not known"
    )
    planned: int = note("labelled texts at which the sequences were asked to be narrowest")
    key_effect: float = note(
        "how many times more a sum over texts varies as texts of one key are alike; 1 in a shadow",
        unit=TIMES,
    )
    split_p: float | None = cost(
        "p-value of the split against the planned one, over keys where there are any; "
        f"{ALWAYS}; below 0.01 it is broken; null in a shadow",
        unit=PROBABILITY,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AbLabelRow:
    """One label under two models, by now. Intervals hold for all labels and moments together."""

    label: str = note("name of the label")
    texts: int = note("different texts")
    rate_before: float = note("share of its texts that `before` gave the label", unit=SHARE)
    rate_after: float = note("share of its texts that `after` gave the label", unit=SHARE)
    rate_change: float = note("after minus before", unit=CHANGE)
    rate_low: float = note("lower end of its 95 % confidence sequence", unit=CHANGE)
    rate_high: float = note("upper end", unit=CHANGE)
    rate_p: float = note(
        "p-value of no change, valid at every moment, after Benjamini and Hochberg over labels",
        unit=PROBABILITY,
    )
    agreement: float | None = note(
        "share of texts that both decide alike; null where traffic was split", unit=SHARE
    )
    gained: int | None = note("texts given the label by `after` alone")
    gained_low: float | None = note("lower end of the share of such texts, 95 %", unit=SHARE)
    gained_high: float | None = note("upper end", unit=SHARE)
    lost: int | None = note("texts given the label by `before` alone")
    lost_low: float | None = note("lower end of the share of such texts, 95 %", unit=SHARE)
    lost_high: float | None = note("upper end", unit=SHARE)
    support: int = note("labelled texts that carry it")
    f1_before: float | None = gain("of `before`; null without true labels")
    f1_after: float | None = gain("of `after`; null without true labels")
    f1_change: float | None = gain("after minus before", unit=CHANGE)
    f1_low: float | None = note("lower end of its 95 % confidence sequence", unit=CHANGE)
    f1_high: float | None = note("upper end", unit=CHANGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbLatencyRow:
    """How long answers took, by the log's own times, of which each text has an equal share."""

    side: str = note("before, after, or ratio: after over before")
    answers: int = note("of which a time is known; of a ratio: pairs, or both sides' answers")
    p50_ms: float | None = cost("median; null of a ratio")
    p99_ms: float | None = cost("99th percentile; null of a ratio")
    ratio: float | None = cost(
        "geometric mean of the ratio: of pairs in a shadow, else of both sides; null of a side",
        unit=TIMES,
    )
    ratio_low: float | None = note(
        f"lower end of its 95 % confidence sequence: {ALWAYS}", unit=TIMES
    )
    ratio_high: float | None = note("upper end", unit=TIMES)
