"""What a fault cost: rows lost, rows doubled, stages begun again. Nothing, or it says so."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoray.tables.parts import KEYS, part_files
from emoray.tables.rows import TABLES
from tests.runs import Run

MEASURED = {  # what a second measurement gives another value; all the rest is computed
    # The fastest row is shipped too.
    "points": ["latency_p50_ms", "latency_p95_ms", "model_p50_ms", "artifact"],
    "trainings": ["wall_seconds", "cpu_seconds"],
}
# `predictions` are of what was shipped, the fastest row too.
COMPUTED = sorted(set(TABLES) - {"runs", "latency", "failures", "predictions"})


@dataclass(frozen=True, kw_only=True)
class Toll:
    """lost, doubled: rows. again: stages begun more often than they were made, of `stages`."""

    lost: int
    doubled: int
    again: int
    stages: int

    def __add__(self, other: "Toll") -> "Toll":
        return Toll(
            lost=self.lost + other.lost,
            doubled=self.doubled + other.doubled,
            again=self.again + other.again,
            stages=self.stages + other.stages,
        )


NOTHING = Toll(lost=0, doubled=0, again=0, stages=0)


def begun_again(journal: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Key -> how often a stage was begun in vain. Asserts that each was made once, and once more
    for each time that it was found damaged."""
    journal = list(journal)
    begun = Counter(e["key"] for e in journal if e["event"] == "started")
    made = Counter(e["key"] for e in journal if e["event"] == "made")
    aside = Counter(e["key"] for e in journal if e["event"] == "set_aside")
    twice = [key for key, times in made.items() if times > 1 + aside[key]]
    assert not twice, f"made more than once: {twice}"
    return begun - made


def keys_of(table: str, frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame[list(KEYS[table])].itertuples(index=False, name=None))


def toll(run: Run, unbroken: Run) -> Toll:
    """What the faults of `run` cost beside a run that met with none."""
    lost = doubled = 0
    for table in COMPUTED:
        found, wanted = keys_of(table, run.tables[table]), keys_of(table, unbroken.tables[table])
        lost += len(set(wanted) - set(found))
        doubled += len(found) - len(set(wanted) & set(found))
    made = {e["key"] for e in run.journal if e["event"] == "made"}
    again = begun_again(run.journal)
    return Toll(lost=lost, doubled=doubled, again=again.total(), stages=len(made))


def strays(run: Run) -> list[str]:
    """Files that a run should not leave: half-written ones, and all that no table is made of."""
    out = run.sweep.out
    hidden = [p for p in out.rglob(".*") if "_tune" not in p.parts]
    known = {f"{name}.parquet" for name in TABLES} | {"report.html", "figures", "artifacts"}
    known |= {"_parts", "_tune", "_lock", "_inputs.json"}
    marks = ("_killed_", "_failed_", "_driver")  # the tests' own
    unknown = [
        p for p in run.folder.iterdir() if p.name not in known and not p.name.startswith(marks)
    ]
    return sorted(str(p.relative_to(out)) for p in (*hidden, *unknown))


def assert_as_if_nothing_had_happened(run: Run, unbroken: Run) -> None:
    """Same rows with the same scores, and nothing that does not belong there."""
    for table in COMPUTED:
        pd.testing.assert_frame_equal(
            run.tables[table].drop(columns=MEASURED.get(table, [])),
            unbroken.tables[table].drop(columns=MEASURED.get(table, [])),
        )
    assert run.tables["failures"].empty
    assert set(run.tables["latency"]["model"]) == set(unbroken.tables["latency"]["model"])
    assert not strays(run)
    for name in set(TABLES) - {"runs", "failures"}:
        parts = [{p.name for p in part_files(r.folder, name)} for r in (run, unbroken)]
        assert name == "latency" or parts[0] == parts[1], name
