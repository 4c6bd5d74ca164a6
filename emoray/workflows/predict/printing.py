"""What a prediction says in the end."""

from collections.abc import Sequence

from rich.console import Console

from emoray.console.wording import count
from emoray.prediction.found import FoundFile
from emoray.prediction.record import OutputRecord
from emoray.storage.location import child
from emoray.tables.prediction_rows import PredictionSummaryRow
from emoray.tables.terminal import print_titled, table
from emoray.workflows.predict.publish import FAILURES, SUMMARY, summary_rows


def _say(console: Console, *lines: str) -> None:
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def print_summary(
    record: OutputRecord, rows: Sequence[PredictionSummaryRow], *, new: int, console: Console
) -> None:
    """Print labels by how many texts have them, and where everything lies."""
    total, *labels = rows
    made = table("labels", "label", "texts", "share", "mean probability")
    for row in sorted(labels, key=lambda row: -row.positives):
        share, mean = row.positive_share or 0.0, row.mean_probability or 0.0
        made.add_row(row.label, f"{row.positives:,}", f"{share:.1%}", f"{mean:.3f}")
    print_titled(console, made)
    _say(
        console,
        f"{count(total.scored, 'text')} scored in {count(total.files, 'file')}, {new:,} of them "
        f"written now; {total.positive_share or 0:.1%} with a label, "
        f"{total.truncated_share or 0:.1%} cut off at their end, "
        f"{total.unknown_share or 0:.1%} of words unknown",
        f"outputs {record.out}",
        f"summary {child(record.out, SUMMARY)}",
    )
    if total.failures:
        _say(
            console,
            f"{count(total.failures, 'text')} without scores: {child(record.out, FAILURES)}",
        )


def print_unchanged(
    record: OutputRecord, files: Sequence[FoundFile], console: Console
) -> list[PredictionSummaryRow]:
    """Say that nothing is new; the rows of the summary as it is."""
    _say(console, f"nothing new: {count(len(files), 'file')} scored before in {record.out}")
    return summary_rows(record)
