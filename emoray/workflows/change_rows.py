"""A comparison as rows of `changes`: one per measure, each with its own verdict."""

from emoray.metrics.bootstrap import LEVEL
from emoray.metrics.change import margin_of, verdict_of
from emoray.metrics.comparison import Comparison
from emoray.metrics.resampled import LESS_IS_BETTER
from emoray.tables.finished_rows import ChangeRow


def change_rows(before: str, after: str, found: Comparison, *, split: str) -> list[ChangeRow]:
    """A row per measure of a comparison."""
    return [
        ChangeRow(
            before=before,
            after=after,
            measure=measure,
            direction="minimize" if measure in LESS_IS_BETTER else "maximize",
            split=split,
            value_before=change.before,
            value_after=change.after,
            change=change.value,
            change_low=change.low,
            change_high=change.high,
            level=LEVEL,
            equivalence_low=change.equivalence_low,
            equivalence_high=change.equivalence_high,
            margin=margin_of(measure, found.margin),
            resamples=found.resamples,
            verdict=verdict_of(measure, change, found.margin),
        )
        for measure, change in found.changes.items()
    ]
