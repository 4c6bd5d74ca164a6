"""Measured figures with their goals: as a table for people, as a JSON line for comparing later.

Absolute times belong to the machine that is named with them; ratios are of one run on one machine.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from emoray.provenance import provenance
from emoray.tables.terminal import print_titled as show_table

FILE = "benchmark.jsonl"


@dataclass(frozen=True, slots=True)
class AtMost:
    """A goal that is an upper limit."""

    value: float

    def met(self, found: float) -> bool:
        """Whether the measured value reaches the goal."""
        return found <= self.value

    def __str__(self) -> str:
        return f"≤ {self.value:,g}"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A goal that is a lower limit."""

    value: float

    def met(self, found: float) -> bool:
        """Whether the measured value reaches the goal."""
        return found >= self.value

    def __str__(self) -> str:
        return f"≥ {self.value:,g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkFigure:
    """One measured number. If there is a rival's number too, the goal is one for their ratio."""

    name: str
    ours: float
    unit: str
    theirs: float | None = None
    ratio: float | None = None
    goal: AtMost | AtLeast | None = None

    def __post_init__(self) -> None:
        if (self.theirs is None) != (self.ratio is None):
            raise ValueError(
                f"a figure has a rival and a ratio or neither, got {self.theirs} and {self.ratio}: "
                "use less_is_better or more_is_better"
            )

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        found = self.ours if self.ratio is None else self.ratio
        return None if self.goal is None else self.goal.met(found)


def _ratio(name: str, above: float, below: float) -> float:
    if not (above > 0 and below > 0):
        raise ValueError(
            f"costs and rates are above 0, got {above} and {below} for {name!r}: "
            "the clock could not tell; measure more at once"
        )
    return above / below


def less_is_better(
    name: str, *, ours: float, theirs: float, unit: str, goal: AtLeast | None = None
) -> BenchmarkFigure:
    """Compare a cost with a rival's: the ratio is theirs divided by ours."""
    ratio = _ratio(name, theirs, ours)
    return BenchmarkFigure(name=name, ours=ours, theirs=theirs, unit=unit, ratio=ratio, goal=goal)


def more_is_better(
    name: str, *, ours: float, theirs: float, unit: str, goal: AtLeast | None = None
) -> BenchmarkFigure:
    """Compare a rate with a rival's: the ratio is ours divided by theirs."""
    ratio = _ratio(name, ours, theirs)
    return BenchmarkFigure(name=name, ours=ours, theirs=theirs, unit=unit, ratio=ratio, goal=goal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine, and how busy it was: a load near `cores` or above makes times rough."""

    cpu: str
    cores: int
    load: float
    versions: str
    git_commit: str

    def __str__(self) -> str:
        return f"{self.cpu}, {self.cores} cores, load {self.load:.1f}"


def machine() -> Machine:
    """This machine, and its load over the last minute."""
    facts = provenance()
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return Machine(
        cpu=facts.cpu,
        cores=len(affinity(0)) if affinity else os.cpu_count() or 1,
        load=os.getloadavg()[0],
        versions=facts.versions,
        git_commit=facts.git_commit,
    )


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _verdict(figure: BenchmarkFigure) -> str:
    if figure.met is None:
        return ""
    return "[green]reached[/green]" if figure.met else "[red]missed[/red]"


def print_figures(
    title: str, figures: Sequence[BenchmarkFigure], on: Machine, console: Console
) -> None:
    """Print the figures as a table under the machine's name."""
    table = Table(title=title, caption=str(on))
    table.add_column("figure", overflow="fold")
    for heading in ("emoray", "beside", "ratio", "goal"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for f in figures:
        table.add_row(
            f.name,
            f"{_number(f.ours)} {f.unit}".rstrip(),
            "" if f.theirs is None else f"{_number(f.theirs)} {f.unit}".rstrip(),
            "" if f.ratio is None else f"{_number(f.ratio)}x",
            str(f.goal or ""),
            _verdict(f),
        )
    show_table(console, table)


def append(
    folder: Path,
    name: str,
    settings: Mapping[str, Any],
    figures: Sequence[BenchmarkFigure],
    on: Machine,
    rows: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Append one JSON line to the folder's record.

    Args:
        folder: made if it is not there.
        name: of the benchmark.
        settings: its settings by name.
        figures: what was measured.
        on: the machine.
        rows: what the figures were computed from.

    Returns:
        The record's path.

    Raises:
        ValueError: the folder cannot be written.
    """
    path = folder / FILE
    record: dict[str, Any] = {
        "benchmark": name,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(on),
        "settings": {k: getattr(v, "__name__", str(v)) for k, v in settings.items()},
        "figures": [{**asdict(f), "goal": str(f.goal or ""), "met": f.met} for f in figures],
    }
    if rows:
        record["rows"] = list(rows)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ValueError(
            f"the record must be a file that can be written, got {path} ({error.strerror}): "
            "name another folder with --out"
        ) from error
    return path
