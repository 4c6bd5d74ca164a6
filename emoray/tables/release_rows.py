"""Rows of `releases.parquet`, the history of a model for analysts."""

from dataclasses import dataclass

from emoray.tables.fields import CHANGE, cost, gain, note


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """One release of a model: made from its records, and made again after every release."""

    release: int = note("its number, counted from 1")
    time: str = note("when, ISO 8601, UTC")
    who: str = note("user and machine, or as --who says")
    why: str = note("the reason that was given")
    action: str = note("add, promote or rollback")
    artifact_sha256: str = note("of the artifact's manifest, by which everything names it")
    production: str | None = note("what was in production afterwards; null = nothing")
    candidate: str | None = note("what was the candidate afterwards; null = none")
    forced: bool = note("promoted although gates or verdict said no")
    scheme: str | None = note("how the artifact is quantized, by its card")
    size_bytes: int | None = cost("every file of the artifact")
    temperature: float | None = note("logits are divided by it before the sigmoid")
    threshold_rule: str | None = note("how thresholds were set")
    gates: str | None = note("what a promotion asked for, JSON; null of other actions")
    split: str | None = note("dev, or texts of the user's: what a promotion was decided on")
    texts_of: str | None = note("corpus or file of these texts")
    texts: int | None = note("how many they were")
    macro_f1: float | None = gain("on these texts, at that time")
    ece: float | None = cost("expected calibration error on these texts")
    latency_p95_ms: float | None = cost("95 % of texts took at most so long, batch 1")
    verdict: str | None = note(
        "against what was in production: better, equivalent, worse, undecided, or incomparable; "
        "null = nothing was, or it was not compared"
    )
    against: str | None = note("SHA-256 of what was in production")
    macro_f1_change: float | None = note("from that one's macro-F1, same texts", unit=CHANGE)
    macro_f1_low: float | None = note("lower end of its 95 % interval", unit=CHANGE)
    macro_f1_high: float | None = note("upper end of its 95 % interval", unit=CHANGE)
    record: str = note("the whole record, JSON, byte for byte as history/ has it")
