"""`jobs.compare`: is one model better than another, worse, or as good?"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from rich.console import Console

from emoray.console.progress import progress
from emoray.metrics.bootstrap import stratified_weights
from emoray.storage.location import Place, local_copy, place_of, staged_output, tables_at
from emoray.storage.run_folder import ready_out, record_inputs
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.files import write_table
from emoray.tables.terminal import print_titled
from emoray.workflows.compare import printing
from emoray.workflows.compare.artifacts import Scorer
from emoray.workflows.compare.operand import Operand
from emoray.workflows.compare.points import is_point, read_point
from emoray.workflows.compare.rows import OWN, compare_operands, comparison_rows, label_change_rows
from emoray.workflows.compare.saved import read_saved
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.compare import CompareModels, is_saved


def _opened(settings: CompareModels, text: str, name: str, scorer: Scorer) -> Operand:
    """Open an operand of any kind."""
    if is_saved(text):
        return read_saved(local_copy(place_of(text)), name)
    if not text.startswith("s3://") and is_point(text):
        if settings.run is None:
            raise ValueError(
                "an operand is the folder of an artifact, a file of saved predictions or, with "
                f"--run, a point, got nothing at {text}: check the path, or name the point's run"
            )

        def score(at: Path, taxonomy: str | None) -> Operand:
            return replace(scorer, taxonomy=taxonomy or scorer.taxonomy).operand(at, name)

        return read_point(settings.run, text, settings.split, score)
    return scorer.operand(place_of(text), name)


def open_operands(settings: CompareModels, console: Console) -> list[Operand]:
    """Open all operands, labels in the order of the first; ValueError where texts differ."""
    scorer = Scorer(
        asked=settings, split=settings.split, console=console, taxonomy=settings.taxonomy
    )
    first, *others = (
        _opened(settings, text, name, scorer)
        for text, name in zip(settings.operands, settings.names, strict=True)
    )
    return [first, *(other.like(first) for other in others)]


def _inputs(settings: CompareModels, operands: Sequence[Operand]) -> dict[str, str]:
    """Digests that identify this comparison, as its folder keeps them."""
    sides = [f"{each.name} {each.sha256[:16]}" for each in operands]
    return {"job": "jobs.compare", "operands": ", ".join(sides), "split": settings.split}


def _figures(folder: Path) -> list[str]:
    """Draw figures from the tables in the folder; return their names."""
    from emoray.report.comparing import draw_comparisons

    return [path.relative_to(folder).as_posix() for path in draw_comparisons(folder)]


def _by_pair(rows: Sequence[LabelChangeRow]) -> list[list[LabelChangeRow]]:
    """Rows grouped by comparison, those at own thresholds alone."""
    own = [row for row in rows if row.thresholds == OWN]
    return [list(pair) for _, pair in groupby(own, lambda row: row.after)]


def run_compare(settings: CompareModels, console: Console | None = None) -> Place:
    """Write comparisons, label_changes and figures; print them and the verdicts in words."""
    console = console or Console()
    ready_out(settings.out)
    with progress(console, "scoring"):
        operands = open_operands(settings, console)
    first = operands[0]
    inputs = _inputs(settings, operands)
    out = free_place(settings.lands, inputs, console)
    weights_BN = stratified_weights(
        first.truth_NK, resamples=settings.resamples, seed=settings.seed
    )
    comparisons = compare_operands(operands, weights_BN, settings.margin)
    rows = comparison_rows(comparisons, settings.split)
    labels = label_change_rows(comparisons, first.labels)
    with staged_output(out) as folder:
        record_inputs(out, inputs, settings.shown_settings)
        write_table(rows, folder / "comparisons.parquet", ComparisonRow)
        write_table(labels, folder / "label_changes.parquet", LabelChangeRow)
        figures = _figures(folder) if settings.figures else []
    print_titled(console, printing.comparisons_table(rows, len(first.truth_NK)))
    for pair in _by_pair(labels):
        print_titled(console, printing.label_changes_table(pair))
    for sentence in (
        *(each.words for each in comparisons),
        *(f"figure {out / name}" for name in figures),
        f"tables {tables_at(out)}",
    ):
        console.print(sentence, highlight=False, soft_wrap=True, markup=False)
    return out
