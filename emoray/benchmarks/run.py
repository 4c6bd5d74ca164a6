"""Every benchmark that was chosen, one after the other: checked, measured, shown and recorded."""

from dataclasses import fields
from pathlib import Path
from typing import ClassVar, Protocol

from rich.console import Console

from emoray.benchmarks.cached import CachedTrials
from emoray.benchmarks.everyday import Everyday
from emoray.benchmarks.figures import BenchmarkFigure, append, machine, print_figures
from emoray.benchmarks.http_peers import HttpPeers
from emoray.benchmarks.http_service import HttpService
from emoray.benchmarks.monitoring import Monitoring
from emoray.benchmarks.peers.comparing import EMORAY, Peers
from emoray.benchmarks.peers.few_shots import FewShots
from emoray.benchmarks.peers.rows import (
    PeerResults,
    failures,
    peer_speed_table,
    score_table,
    why_no_figures,
)
from emoray.benchmarks.predicting import Predicting
from emoray.benchmarks.scale import Scale
from emoray.benchmarks.serving import Serving
from emoray.benchmarks.settings import Benchmarks
from emoray.benchmarks.sweep import SweepCost
from emoray.benchmarks.thresholds import Thresholds
from emoray.benchmarks.vectors import Vectors
from emoray.console.progress import Say, progress
from emoray.storage.submitted import check_outlives
from emoray.tables.terminal import print_titled as show_table

ON_REQUEST = (Peers.name, FewShots.name, HttpPeers.name, Scale.name, Monitoring.name)


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


def requested_benchmarks(settings: Benchmarks, say: Say) -> list[Benchmark]:
    """The benchmarks that are named; where none is, those for one machine."""
    every: list[Benchmark] = [
        Thresholds(),
        Serving(),
        HttpService(),
        HttpPeers(cache=settings.cache, say=say),
        Predicting(data=settings.data, download=settings.download, cpus=settings.cpus),
        Vectors(rows=settings.rows, wanted=min(30_000, settings.rows), folder=settings.scratch),
        SweepCost(
            taxonomy=settings.taxonomy,
            data=settings.data,
            download=settings.download,
            cpus=settings.cpus,
            points=settings.points,
        ),
        CachedTrials(taxonomy=settings.taxonomy, data=settings.data, cpus=settings.cpus),
        Everyday(taxonomy=settings.taxonomy),
        Scale(taxonomy=settings.taxonomy, say=say),
        Monitoring(
            artifact=settings.artifact, data=settings.data, download=settings.download, say=say
        ),
        Peers(
            model=settings.model,
            data=settings.data,
            download=settings.download,
            threads=settings.threads,
            cache=settings.cache,
            say=say,
        ),
        FewShots(
            data=settings.data,
            download=settings.download,
            taxonomy=settings.taxonomy,
            shots=settings.shots or 16,
            seeds=settings.draws,
            threads=settings.threads,
            cache=settings.cache,
            say=say,
        ),
    ]
    names = [benchmark.name for benchmark in every]
    asked = settings.asked
    if unknown := sorted(set(asked) - set(names)):
        raise ValueError(
            f"a benchmark is one of {', '.join(names)}, got {', '.join(unknown)}: "
            "pick among these with --only"
        )
    wanted = asked or [name for name in names if name not in ON_REQUEST]
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
    check_outlives(benchmarks.out, "--out")
    with progress(console, "measuring") as shown:
        asked = requested_benchmarks(benchmarks, shown.step)
        for benchmark in asked:
            benchmark.check()
        records = [measure_and_record(b, benchmarks.out, console) for b in asked]
    console.print(f"recorded in {records[-1]}", highlight=False, soft_wrap=True)
