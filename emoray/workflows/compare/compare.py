"""`jobs.compare`: is one model better than another, worse, or as good?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rich.console import Console

from emoray.console.heartbeat import waiting
from emoray.data.importing.settings import Bring
from emoray.metrics.bootstrap import RESAMPLES, stratified_weights
from emoray.metrics.change import MARGIN, checked_margin
from emoray.stages.artifact_scoring import SPLITS, Wanted
from emoray.storage.location import Place, local_copy, name_of, place_of, staged_output, tables_at
from emoray.storage.names import checked_run
from emoray.storage.run_folder import RESULTS, RunFolder, ready_out, record_inputs, settings_of
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.files import write_table
from emoray.tables.terminal import print_titled
from emoray.workflows.compare import printing as tell
from emoray.workflows.compare.artifacts import Scorer
from emoray.workflows.compare.operand import Operand
from emoray.workflows.compare.points import is_point, read_point
from emoray.workflows.compare.rows import OWN, compare_operands, comparison_rows, label_change_rows
from emoray.workflows.compare.saved import is_saved, read_saved
from emoray.workflows.run_place import free_place

LEAST = 100  # resamples: below, a 95 % interval hangs on two of them


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareModels:
    """What is compared with the first, on which split of what corpus, and where tables land.

    operands: paths of artifacts or saved predictions, or ids of points of `run`.
    """

    operands: tuple[str, ...]
    run: Place | None = None
    split: str = "test"
    margin: float = MARGIN
    resamples: int = RESAMPLES
    seed: int = 0
    corpus: Bring | None = None
    data: Place | None = None
    out: Place = RESULTS
    name: str | None = None
    store: Place | None = None
    download: bool = True
    figures: bool = True

    def __post_init__(self) -> None:
        checked_margin(self.margin)
        assert self.name is None or checked_run(self.name)
        if len(self.operands) < 2 or len(set(self.operands)) < len(self.operands):
            raise ValueError(
                "a comparison has two operands or more, each once, got "
                f"{', '.join(self.operands) or 'none'}: name artifacts, points or predictions"
            )
        if self.split not in SPLITS:
            raise ValueError(
                f"models are compared on {' or '.join(SPLITS)}, got {self.split!r}: they were "
                "fitted on train, where a comparison says nothing"
            )
        if self.resamples < LEAST:
            raise ValueError(
                f"resamples are {LEAST} or more, got {self.resamples}: {RESAMPLES} is "
                "what every other table has"
            )
        if self.seed < 0:
            raise ValueError(f"a seed is 0 or above, got {self.seed}: 0 is customary")

    @property
    def names(self) -> tuple[str, ...]:
        """What each operand is called: its last part where that tells them apart."""
        short = tuple(_short(text) for text in self.operands)
        return short if len(set(short)) == len(short) else self.operands

    @property
    def lands(self) -> RunFolder:
        usual = f"compare-{_short(self.operands[0])}"
        settings = settings_of(margin=self.margin, resamples=self.resamples, seed=self.seed)
        return RunFolder(out=self.out, name=self.name, usual=usual, settings=settings)

    def inputs(self, operands: Sequence[Operand]) -> dict[str, str]:
        """What tells this comparison from others, as its folder keeps it."""
        sides = [f"{each.name} {each.sha256[:16]}" for each in operands]
        return {"job": "jobs.compare", "operands": ", ".join(sides), "split": self.split}


def _short(text: str) -> str:
    name = name_of(place_of(text))
    return name.rpartition(".")[0] if is_saved(name) else name


def _opened(settings: CompareModels, text: str, name: str, scorer: Scorer) -> Operand:
    """One operand, whatever it is."""
    if is_saved(text):
        return read_saved(local_copy(place_of(text)), name)
    if not text.startswith("s3://") and is_point(text):
        if settings.run is None:
            raise ValueError(
                "an operand is the folder of an artifact, a file of saved predictions or, with "
                f"--run, a point, got nothing at {text}: check the path, or name the point's run"
            )
        return read_point(settings.run, text, settings.split, lambda at: scorer.operand(at, name))
    return scorer.operand(place_of(text), name)


def open_operands(settings: CompareModels, console: Console) -> list[Operand]:
    """All of them, labels in the order of the first; ValueError unless they judge the same."""
    wanted = Wanted(
        corpus=settings.corpus,
        data=settings.data,
        download=settings.download,
        out=settings.out,
        store=settings.store,
    )
    scorer = Scorer(wanted=wanted, split=settings.split, console=console)
    first, *others = (
        _opened(settings, text, name, scorer)
        for text, name in zip(settings.operands, settings.names, strict=True)
    )
    return [first, *(other.like(first) for other in others)]


def _figures(folder: Path) -> list[str]:
    """Drawn from the tables in the folder; their names in it."""
    from emoray.report.comparing import draw_comparisons

    return [path.relative_to(folder).as_posix() for path in draw_comparisons(folder)]


def _by_pair(rows: Sequence[LabelChangeRow]) -> list[list[LabelChangeRow]]:
    """Rows of one comparison together, those at own thresholds alone."""
    own = [row for row in rows if row.thresholds == OWN]
    return [list(pair) for _, pair in groupby(own, lambda row: row.after)]


def run_compare(settings: CompareModels, console: Console | None = None) -> Place:
    """Write comparisons, label_changes and figures; print them and the verdicts in words."""
    console = console or Console()
    ready_out(settings.out)
    with waiting(console, lambda: "scoring"):
        operands = open_operands(settings, console)
    first = operands[0]
    inputs = settings.inputs(operands)
    out = free_place(settings.lands, inputs, console)
    weights_BN = stratified_weights(
        first.truth_NK, resamples=settings.resamples, seed=settings.seed
    )
    told = compare_operands(operands, weights_BN, settings.margin)
    rows = comparison_rows(told, settings.split)
    labels = label_change_rows(told, first.labels)
    with staged_output(out) as folder:
        record_inputs(out, inputs, settings.lands.settings)
        write_table(rows, folder / "comparisons.parquet", ComparisonRow)
        write_table(labels, folder / "label_changes.parquet", LabelChangeRow)
        figures = _figures(folder) if settings.figures else []
    print_titled(console, tell.comparisons_table(rows, len(first.truth_NK)))
    for pair in _by_pair(labels):
        print_titled(console, tell.label_changes_table(pair))
    for sentence in (
        *(each.words for each in told),
        *(f"figure {out / name}" for name in figures),
        f"tables {tables_at(out)}",
    ):
        console.print(sentence, highlight=False, soft_wrap=True, markup=False)
    return out
