"""Pruned forms beside the whole model under the same codes: what pruning adds to bits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rich.table import Table

from emoray.metrics.comparison import Comparison, compare_decisions
from emoray.quant.policy import Scheme
from emoray.quant.scheme_names import alias
from emoray.tables.files import read_table
from emoray.tables.finished_rows import ChangeRow, CompressionRow
from emoray.tables.pruning_rows import PruningRow
from emoray.tables.terminal import table
from emoray.workflows.calibrate_tables import interval, signed_score
from emoray.workflows.change_rows import change_rows
from emoray.workflows.checkpoint_evaluation import CheckpointEvaluation
from emoray.workflows.compress.judging import VariantScores
from emoray.workflows.compress.variants import MadeVariants

MARGIN = 0.01  # of macro-F1: a point, as pruned models are judged


def whole_schemes(schemes: Mapping[str, Scheme]) -> dict[str, Scheme]:
    """The schemes that pruned ones stand beside, by name."""
    whole = [replace(scheme, prune=None) for scheme in schemes.values() if scheme.prune]
    return {alias(scheme): scheme for scheme in whole}


def _compared(
    made: MadeVariants, outcomes: Mapping[str, VariantScores]
) -> dict[tuple[str, str], Comparison]:
    """The comparison of each pruned form with the whole one, by both names."""
    schemes = {name: found.compressed.scheme for name, found in made.variants.items()}
    names = {scheme: name for name, scheme in schemes.items()}
    found = {}
    for name, scheme in schemes.items():
        whole = names.get(replace(scheme, prune=None))
        if scheme.prune and whole:
            before, after = (outcomes[n].drawn for n in (whole, name))
            found[whole, name] = compare_decisions(before, after, margin=MARGIN)
    return found


def pruned_changes(made: MadeVariants, outcomes: Mapping[str, VariantScores]) -> list[ChangeRow]:
    """Every measure of every pruned form beside the whole model under the same codes."""
    return [
        row
        for (whole, name), found in _compared(made, outcomes).items()
        for row in change_rows(whole, name, found, split="test")
    ]


def pruned_table(rows: Sequence[CompressionRow], changes: Sequence[ChangeRow]) -> Table | None:
    """Bytes, latency and macro-F1 of pruned forms beside whole ones; None without any."""
    by_name = {row.name: row for row in rows}
    made = table(
        "Pruned, beside the whole model under the same codes",
        *("form", "beside", "fewer bytes", "lower latency", "change", "95 % interval", "within ±1"),
        left=2,
    )
    for change in changes:
        if change.measure == "macro_f1":
            after, before = by_name[change.after], by_name[change.before]
            made.add_row(
                after.name,
                before.name,
                f"{1 - after.size_bytes / before.size_bytes:.1%}",
                f"{after.speedup / before.speedup:.2f}×",
                signed_score(change.change),
                interval(change.change_low, change.change_high),
                change.verdict,
            )
    return made if made.row_count else None


def pruning_rows(evaluation: CheckpointEvaluation, made: MadeVariants) -> list[PruningRow]:
    """What every pruning removed, and why."""
    pruned = {found.compressed.pruned: None for found in made.variants.values()}
    return [
        PruningRow(**row)
        for stage in pruned
        if stage is not None
        for row in read_table(
            evaluation.store.make(stage).folder / "pruning.parquet", PruningRow
        ).to_pylist()
    ]
