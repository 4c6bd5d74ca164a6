"""Output of `jobs.compare`: a table of all comparisons, one of the labels, and the verdicts."""

from collections.abc import Sequence

from rich.table import Table

from emoray.metrics.comparison import points
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.terminal import table


def _span(low: float, high: float) -> str:
    return f"[{points(low)}, {points(high)}]"


def comparisons_table(rows: Sequence[ComparisonRow], texts: int) -> Table:
    """Changes of every operand from the first, in points."""
    first = rows[0]
    made = table(
        f"Beside {first.before}: macro-F1 {first.macro_f1_before:.4f} on {texts:,} texts of "
        f"{first.split}, changes in points (hundredths)",
        *("", "cuts", "macro-F1", "95 % interval", "micro-F1", "verdict"),
        left=2,
    )
    for row in rows:
        made.add_row(
            row.after,
            row.thresholds,
            points(row.macro_f1_change),
            _span(row.macro_f1_low, row.macro_f1_high),
            points(row.micro_f1_change),
            row.verdict,
        )
    return made


def label_changes_table(rows: Sequence[LabelChangeRow]) -> Table:
    """Label by label, of one comparison."""
    first = rows[0]
    made = table(
        f"Label by label, {first.before} → {first.after}, thresholds {first.thresholds}",
        *("label", "texts", "F1 before", "after", "points", "95 % interval", "lost", "won"),
    )
    for row in rows:
        made.add_row(
            row.label,
            f"{row.support:,}",
            f"{row.f1_before:.4f}",
            f"{row.f1_after:.4f}",
            points(row.change),
            _span(row.low, row.high),
            f"{row.lost:,}",
            f"{row.won:,}",
        )
    return made
