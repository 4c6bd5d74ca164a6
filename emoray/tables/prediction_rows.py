"""What `jobs.predict` says of all texts together, and of those without scores."""

from dataclasses import dataclass

from emoray.tables.fields import PROBABILITY, SHARE, note


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionSummaryRow:
    """One label among all texts that were scored; a row without label: any of them."""

    label: str | None = note("name of the label; null: a text with at least one label")
    artifact: str = note("SHA-256 of the artifact")
    files: int = note("files of texts")
    texts: int = note("rows of them")
    scored: int = note("texts with scores")
    failures: int = note("texts without, which `_failures.parquet` lists")
    positives: int = note("texts with the label")
    positive_share: float | None = note("of those scored; null where none is", unit=SHARE)
    mean_probability: float | None = note("of the label; null without one", unit=PROBABILITY)
    truncated_share: float | None = note("texts whose end was cut off", unit=SHARE)
    unknown_share: float | None = note("mean share of unknown words in a text", unit=SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionFailureRow:
    """One text without scores; its output has the row too, with nulls in place of them."""

    file: str = note("place of the file of texts")
    output: str = note("name of its output")
    row: int = note("number of the row in either, from 0")
    reason: str = note("why")
