"""A grid of real recipes whose stages are made up: they take a known time and leave plausible rows.

All that searches, asks, waits and writes is the real thing; only `run` of the stages is not.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray

from emoray.distributed import workers
from emoray.distributed.run_stage import run_stage
from emoray.distributed.stages import Stages
from emoray.quant.catalogue import quick_schemes
from emoray.search.spaces import FROZEN, Space
from emoray.search.trials import COMPARED, DECIDED, RunContext
from emoray.stages.inputs import summarize_corpus
from emoray.stages.spec import Decision
from emoray.storage.store.local import Done
from emoray.tables.files import write_table
from emoray.tables.parts import begin, row_class_of
from emoray.tables.rows import TrainingRow
from tests.faults.placed import HOGGED, Hog
from tests.tables.made import row

TABLES = {"decide": (*DECIDED, "points"), "compare": COMPARED}
DEAR = {"train", "compress", "score", *TABLES}  # what other stages share takes no time


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How long one stage held one worker, in seconds of the epoch."""

    node: str
    pid: int
    start: float
    end: float


def spans(log: Path) -> list[Span]:
    return [Span(**json.loads(line)) for line in log.read_text().splitlines()]


def made_up(log: Path, seconds: float, hog: int | None) -> Any:
    """A stage's task: what `workers` runs, with another `run` in the stage."""

    def run(stage: Any, inputs: dict[str, Path], out: Path) -> None:
        if stage.name == "train" and stage.recipe.seed == hog:
            with log.with_name("hogs").open("a") as lines:
                held = ray.get_runtime_context().get_assigned_resources()
                lines.write(f"{json.dumps(held)}\n")
            Hog(mebibytes=HOGGED).run(inputs, out)
        if stage.name == "train":
            write_table([row(TrainingRow)], out / "trainings.parquet", TrainingRow)
        for table in TABLES.get(stage.name, ()):
            row_class = row_class_of(table)
            write_table([row(row_class)], out / f"{table}.parquet", row_class)
        time.sleep(seconds if stage.name in DEAR else 0.0)

    def made(asked: Any) -> Done | None:
        start, (_, stage, _) = time.time(), asked
        type(stage).run = run
        done: Done | None = run_stage(asked)
        node = ray.get_runtime_context().get_node_id()
        span = {"node": node, "pid": os.getpid(), "start": start, "end": time.time()}
        with log.open("a") as lines:
            lines.write(f"{json.dumps(span)}\n")
        return done

    return ray.remote(made)


def space_of(recipes: int, schemes: int) -> Space:
    """So many recipes that differ by their seed; of each so many models with one decision."""
    tiny = replace(FROZEN, taxonomy="ekman", embedding_dim=8)
    return Space(
        recipes=tuple(replace(tiny, seed=seed) for seed in range(recipes)),
        schemes=tuple(quick_schemes().values())[:schemes],
        decisions=(Decision(),),
    )


@contextmanager
def desk_at(
    out: Path, *, seconds: float, hog: int | None = None
) -> Iterator[tuple[RunContext, Path]]:
    """Where such a grid asks and writes, and the log of its stages.

    hog: the seed whose trainings take all memory; what each of them held is in the log `hogs`.
    """
    log, store, run = out / "spans", out / "store", out / "run"
    run.mkdir(parents=True)
    log.touch()
    workers.STAGE_TASK = made_up(log, seconds, hog)
    data = summarize_corpus("ekman", None, download=False).data
    with Stages(store) as stages:
        yield (
            RunContext(stages=stages, run_folder=run, store=store, data=data, token=begin(run)),
            log,
        )
