"""Every benchmark that was chosen, one after the other: checked, measured, shown and recorded."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Protocol

from rich.console import Console

from emoray.fleet.benchmark.cached import CachedTrials
from emoray.fleet.benchmark.sweep import SweepCost
from emoray.trial.benchmark.figures import Figure, append, machine, show
from emoray.trial.benchmark.thresholds import Thresholds
from emoray.trial.benchmark.vectors import Vectors


class Benchmark(Protocol):
    """Settings that can be measured."""

    name: ClassVar[str]

    @property
    def title(self) -> str: ...

    def check(self) -> None:
        """Refuse (ValueError) before any work what `measure` would stumble over."""

    def measure(self) -> tuple[Figure, ...]: ...


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

    def chosen(self) -> list[Benchmark]:
        """The benchmarks that `only` names, all when it names none."""
        every: list[Benchmark] = [
            Thresholds(),
            Vectors(rows=self.rows, wanted=min(30_000, self.rows), folder=self.scratch),
            SweepCost(
                taxonomy=self.taxonomy,
                data=self.data,
                download=self.download,
                cpus=self.cpus,
                points=self.points,
            ),
            CachedTrials(taxonomy=self.taxonomy, data=self.data, cpus=self.cpus),
        ]
        names = [benchmark.name for benchmark in every]
        if unknown := sorted(set(self.only) - set(names)):
            raise ValueError(
                f"a benchmark is one of {', '.join(names)}, got {', '.join(unknown)}: "
                "pick among these with --only"
            )
        return [b for b in every if not self.only or b.name in self.only]


def measure_and_record(benchmark: Benchmark, out: Path, console: Console) -> Path:
    """Measure one benchmark, print its table, add its line to the record."""
    console.print(f"measuring {benchmark.title} …", highlight=False)
    on = machine()  # before: the load that others made
    figures = benchmark.measure()
    show(benchmark.title, figures, on, console)
    settings = {f.name: getattr(benchmark, f.name) for f in fields(benchmark)}  # type: ignore[arg-type]
    return append(out, benchmark.name, settings, figures, on)


def run_benchmarks(benchmarks: Benchmarks, console: Console | None = None) -> None:
    """Raises ValueError for a mistake in the settings or a missing rival before any measuring."""
    console = console or Console()
    chosen = benchmarks.chosen()
    for benchmark in chosen:
        benchmark.check()
    records = [measure_and_record(b, benchmarks.out, console) for b in chosen]
    console.print(f"recorded in {records[-1]}", highlight=False, soft_wrap=True)
