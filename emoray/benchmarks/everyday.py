"""Waiting times of everyday use: a command's help, a large run read into a notebook, its report."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from emoray.benchmarks.cached import many_small, on_sample
from emoray.benchmarks.figures import AtMost, BenchmarkFigure
from emoray.benchmarks.sweep import grid_seconds
from emoray.benchmarks.tables import cost_of_loading, cost_of_merging, cost_of_report, many_points
from emoray.distributed.connection import Cluster, connected
from emoray.stages.inputs import summarize_corpus
from emoray.workflows.convert.memory import measure_in_process


def large_run(folder: Path, taxonomy: str, points: int) -> Path:
    """Run a small search of the embedded sample, multiply its points; return the run's folder."""
    facts = summarize_corpus(taxonomy, None, download=False)
    with connected(Cluster()):
        data = on_sample(facts.data, taxonomy)
        space = many_small(taxonomy, facts.dims, 2)
        grid_seconds(space, data, folder / "store", folder / "run")
    many_points(folder / "run", points)
    return folder / "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everyday:
    """Waiting times at `points` operating points; the help's time is the least of `repeats`."""

    name: ClassVar[str] = "everyday"

    taxonomy: str = "ekman"
    points: int = 100_000
    repeats: int = 3

    def __post_init__(self) -> None:
        if self.points < 1 or self.repeats < 1:
            raise ValueError(
                f"points and repeats must be at least 1, got {self.points}, {self.repeats}"
            )

    @property
    def title(self) -> str:
        """Heading of the table."""
        return "the everyday: help, reading, drawing"

    def check(self) -> None:
        """Nothing to refuse: all that is needed is made here."""

    def _help(self) -> float:
        """Seconds from the command to its end, in a process of its own."""
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "jobs.sweep", "--help"], check=True, stdout=subprocess.DEVNULL
        )
        return time.perf_counter() - start

    def _figures(self) -> Iterator[BenchmarkFigure]:
        yield BenchmarkFigure(
            name="python -m jobs.sweep --help",
            ours=min(self._help() for _ in range(self.repeats)),
            unit="s",
            goal=AtMost(1.0),
        )
        with tempfile.TemporaryDirectory() as temporary:
            run = large_run(Path(temporary), self.taxonomy, self.points)
            measure_in_process(cost_of_merging, run)
            for what, measured, goal in (
                ("emoray.load_run and its points", cost_of_loading, 1.0),
                ("report.html and its pictures", cost_of_report, 20.0),
            ):
                yield BenchmarkFigure(
                    name=f"{what}, {self.points:,} points",
                    ours=measure_in_process(measured, run).seconds,
                    unit="s",
                    goal=AtMost(goal),
                )

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Time the help, then reading and drawing a large run, each in a process of its own."""
        return tuple(self._figures())
