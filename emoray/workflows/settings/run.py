"""Settings of jobs that read a finished run: report, ship, tables, reproduce."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from emoray.data.options import CorpusOptions, DataAndVectors, VectorFiles
from emoray.options import Option
from emoray.storage.location import Place

RunArgument: TypeAlias = Annotated[
    Place,
    Option(
        argument="RUN",
        help="Folder of a run, such as results/quick-ekman or s3://bucket/results/quick-ekman.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Which runs are drawn, and where the page of several goes."""

    runs: Annotated[
        tuple[Place, ...],
        Option(
            argument="RUN...",
            help="Folder of a run, such as results/quick-ekman or s3://bucket/results/quick-ekman; "
            "several local ones for one page of them all.",
        ),
    ]
    out: Annotated[
        Place | None,
        Option(
            help="The page, a file that ends in .html, or a folder for it; the runs are then only "
            "read. Else a run's own folder, of several report-RUN1-RUN2.html beside the first."
        ),
    ] = None
    points: Annotated[
        tuple[str, ...],
        Option(
            names=("--point",),
            help="Id of a row that must be drawn, where a run has more than a page holds; "
            "repeatable.",
        ),
    ] = ()


@dataclass(frozen=True, kw_only=True)
class Ship:
    """Which row of which run, and where its artifact goes."""

    run: RunArgument
    folder: Annotated[
        str,
        Option(argument="FOLDER", help="Where it goes: a folder that is not there yet."),
    ]
    point: Annotated[
        str | None,
        Option(help="Id of the row, from the report or the column point.  [default: chosen]"),
    ] = None
    within: Annotated[
        float, Option(help="Choose among rows within so many points of the best dev score.")
    ] = 1.0
    by: Annotated[str, Option(help="The column of points that the choice is best in.")] = (
        "size_bytes"
    )
    where: Annotated[
        str | None,
        Option(help="Choose among rows for which this holds, on columns known before test."),
    ] = None
    taxonomy: Annotated[
        str | None,
        Option(
            help="Choose among rows of this taxonomy, of a run that decides in several.  "
            "[default: the labels that its models were trained on]"
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Which tables of which run are described."""

    run: RunArgument
    table: Annotated[
        str | None, Option(argument="TABLE", help="One table: its columns are listed.")
    ] = None
    json: Annotated[bool, Option(names=("--json",), help="As JSON.")] = False


@dataclass(frozen=True, kw_only=True)
class Reproduce(CorpusOptions):
    """Which rows of which run, on what data; from_scratch: by training anew, with `seeds` more.

    stages: whether those behind a row are checked in the store as well.
    """

    run: Annotated[Place, Option(help="Folder of the run, or s3://bucket/prefix.")]
    points: Annotated[
        tuple[str, ...], Option(names=("--point",), help="Id of a row of `points`; repeatable.")
    ] = ()
    sample: Annotated[int, Option(help="Draw so many rows.")] = 0
    seed: Annotated[int, Option(help="Seed of the draw.")] = 0
    from_scratch: Annotated[
        bool,
        Option(
            names=("--from-scratch",),
            help="Also train each row anew, same recipe and seed, in a fresh store, and tell the "
            "spread of score and bytes. Takes as long as the training did.",
        ),
    ] = False
    seeds: Annotated[
        int, Option(help="With --from-scratch: train so many other seeds as well.")
    ] = 0
    data: DataAndVectors = None
    vector_files: VectorFiles = ()
    store: Annotated[
        Place | None,
        Option(
            help="Folder of finished stages, or s3://bucket/prefix. It is only read.  [default: "
            "the _store beside RUN]"
        ),
    ] = None
    stages: Annotated[
        bool,
        Option(
            help="Check every stage behind a row in the store: one that is damaged or not there is "
            "a failure."
        ),
    ] = True

    def __post_init__(self) -> None:
        if not self.points and self.sample < 1:
            raise ValueError(
                f"rows to reproduce are points or a sample, got no point and {self.sample} drawn: "
                "name one with --point, or draw some with --sample"
            )
        if self.seeds < 0 or (self.seeds and not self.from_scratch):
            raise ValueError(
                f"more seeds are trained from scratch, got --seeds {self.seeds}: add "
                "--from-scratch, or leave --seeds out"
            )
