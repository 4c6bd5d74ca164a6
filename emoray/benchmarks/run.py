"""Every benchmark that was chosen, one after the other: checked, measured, shown and recorded."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Protocol

from rich.console import Console

from emoray.benchmarks.cached import CachedTrials
from emoray.benchmarks.everyday import Everyday
from emoray.benchmarks.figures import BenchmarkFigure, append, machine, print_figures
from emoray.benchmarks.peers.comparing import EMORAY, Peers
from emoray.benchmarks.peers.rows import (
    PeerResults,
    failures,
    peer_speed_table,
    score_table,
    why_no_figures,
)
from emoray.benchmarks.scale import Scale
from emoray.benchmarks.serving import Serving
from emoray.benchmarks.sweep import SweepCost
from emoray.benchmarks.thresholds import Thresholds
from emoray.benchmarks.vectors import Vectors
from emoray.console.steps import Say
from emoray.storage.submitted import check_outlives
from emoray.tables.terminal import print_titled as show_table


class Benchmark(Protocol):
    """Settings that can be measured."""

    name: ClassVar[str]

    @property
    def title(self) -> str:
        """Heading of the table."""
        ...

    def check(self) -> None:
        """Refuse (ValueError) before any work settings that `measure` could not use."""

    def measure(self) -> tuple[BenchmarkFigure, ...] | PeerResults:
        """Measure; of the comparison with other tools rows come with the figures."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmarks:
    """Which benchmarks, at what size, recorded where."""

    only: tuple[str, ...] = ()
    out: Path = Path("results")
    rows: int = 400_000
    scratch: Path | None = None
    taxonomy: str = "ekman"
    data: Path | None = None
    points: int = 8
    cpus: int = 2
    download: bool = True
    model: Path | None = None
    threads: int = 2
    cache: Path | None = None

    def chosen(self, say: Say) -> list[Benchmark]:
        """The benchmarks that `only` names; when it names none, those for one machine."""
        every: list[Benchmark] = [
            Thresholds(),
            Serving(),
            Vectors(rows=self.rows, wanted=min(30_000, self.rows), folder=self.scratch),
            SweepCost(
                taxonomy=self.taxonomy,
                data=self.data,
                download=self.download,
                cpus=self.cpus,
                points=self.points,
            ),
            CachedTrials(taxonomy=self.taxonomy, data=self.data, cpus=self.cpus),
            Everyday(taxonomy=self.taxonomy),
            Scale(taxonomy=self.taxonomy, say=say),
            Peers(
                model=self.model,
                data=self.data,
                download=self.download,
                threads=self.threads,
                cache=self.cache,
                say=say,
            ),
        ]
        names = [benchmark.name for benchmark in every]
        if unknown := sorted(set(self.only) - set(names)):
            raise ValueError(
                f"a benchmark is one of {', '.join(names)}, got {', '.join(unknown)}: "
                "pick among these with --only"
            )
        wanted = self.only or [name for name in names if name not in (Peers.name, Scale.name)]
        return [benchmark for benchmark in every if benchmark.name in wanted]


def measure_and_record(benchmark: Benchmark, out: Path, console: Console) -> Path:
    """Measure one benchmark, print its table, add its line to the record."""
    console.print(f"measuring {benchmark.title} …", highlight=False)
    on = machine()  # before: the load that others made
    found = benchmark.measure()
    figures = found.figures if isinstance(found, PeerResults) else found
    rows = found.rows if isinstance(found, PeerResults) else ()
    if rows:
        for table in (peer_speed_table(rows), score_table(rows)):
            show_table(console, table)
        why = [] if figures else [why_no_figures(rows, EMORAY)]
        console.print(*failures(rows), *why, sep="\n", soft_wrap=True, highlight=False)
    if figures or not rows:
        print_figures(benchmark.title, figures, on, console)
    names = [f.name for f in fields(benchmark) if f.repr]  # type: ignore[arg-type]
    settings = {name: getattr(benchmark, name) for name in names}
    return append(out, benchmark.name, settings, figures, on, rows=[row.to_json() for row in rows])


def run_benchmarks(benchmarks: Benchmarks, console: Console | None = None) -> None:
    """Run and record benchmarks; ValueError for wrong settings or a missing rival comes first."""
    console = console or Console()

    def say(what: str) -> None:
        console.print(f"… {what}", highlight=False, soft_wrap=True)

    check_outlives(benchmarks.out, "--out")
    chosen = benchmarks.chosen(say)
    for benchmark in chosen:
        benchmark.check()
    records = [measure_and_record(b, benchmarks.out, console) for b in chosen]
    console.print(f"recorded in {records[-1]}", highlight=False, soft_wrap=True)
