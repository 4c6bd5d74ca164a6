"""Trials of a search, which request stages and write rows.

A trial is a coroutine in the driver: it costs no process, so there may be thousands.
"""

import asyncio
from asyncio import wrap_future
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from emoray.distributed.ask_ahead import run_to_end, together
from emoray.distributed.single_flight import Failed
from emoray.distributed.stages import Stages
from emoray.labels import Taxonomy
from emoray.quant.catalogue import float_baseline
from emoray.stages.comparisons import CompareWithParent
from emoray.stages.compression import Compress
from emoray.stages.decisions import Decide
from emoray.stages.families.protocol import TrainStage
from emoray.stages.plan import comparing, deciding, deriving, training
from emoray.stages.pruning import HealModel
from emoray.stages.qat import QuantizationAwareTraining
from emoray.stages.spec import Data, Spec
from emoray.storage.location import Place
from emoray.storage.store.keys import Stage, id_of
from emoray.storage.store.local import Done
from emoray.storage.store.opening import open_store
from emoray.tables.files import Rows, count_rows, read_table
from emoray.tables.parts import copy_part, part_files, write_part
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import FailureRow

DECIDED = ("labels", "layers", "surface", "reliability")  # besides `points`
DERIVED = ("labels", "surface", "reliability", "derivations")  # of a coarser taxonomy
COMPARED = ("comparisons", "label_changes")
SCORED = ("point", "dev_macro_f1", "size_bytes")  # columns of `points` that a search looks at


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a trial reads from and writes to.

    Attributes:
        stages: makes stages.
        run_folder: absolute place of the run.
        store: absolute place of the stages.
        data: corpus, vectors, encoders and translators.
        token: of this start of the run, under which its parts lie.
        taxonomy: the job's own, where its recipes are of several; it is shown first.
        derived: coarser taxonomies that models of the labels that they group decide in too.
    """

    stages: Stages
    run_folder: Place
    store: Place
    data: Data
    token: str = ""
    taxonomy: str = ""
    derived: tuple[Taxonomy, ...] = ()

    def write(self, rows: Rows, table: str, part: str) -> None:
        """Write a part of the run; one of an earlier start does not count."""
        write_part(rows, self.run_folder, table, part, self.token)

    def copy(self, folder: Path, table: str, part: str) -> None:
        """Copy a table from the folder of a stage to a part of the run."""
        copy_part(folder / f"{table}.parquet", self.run_folder, table, part, self.token)

    def written(self, table: str) -> set[str]:
        """Names of the parts that this start has written."""
        return {path.stem for path in part_files(self.run_folder, table, self.token)}

    def folder(self, made: Done) -> Path:
        """The folder of a finished stage on this node, downloaded if it is in a bucket."""
        return made.folder if made.folder.is_dir() else open_store(self.store).local_folder(made)


def _write_epochs(context: RunContext, made: Done) -> None:
    context.copy(context.folder(made), "trainings", made.folder.name)


def _write_pruning(context: RunContext, made: Done) -> None:
    context.copy(context.folder(made), "pruning", made.folder.name)


async def train_and_write(
    context: RunContext, train: TrainStage | HealModel | QuantizationAwareTraining
) -> Failed | None:
    """Make `train` and copy its epochs into the run; return its failure, None without one."""
    made = await wrap_future(context.stages.make(train))
    if isinstance(made, Failed):
        return made
    await asyncio.to_thread(_write_epochs, context, made)
    return None


async def _write_further(context: RunContext, compressed: Compress) -> None:
    """Copy into the run what was made between a training and a finished model of it."""
    for stage in (compressed.left, compressed.refined):
        if isinstance(stage, HealModel | QuantizationAwareTraining):
            await train_and_write(context, stage)
    if compressed.pruned is not None:
        made = await wrap_future(context.stages.make(compressed.pruned))
        if not isinstance(made, Failed):
            await asyncio.to_thread(_write_pruning, context, made)


def copy_rows(
    context: RunContext,
    made: Done,
    tables: Collection[str] = DECIDED,
    columns: Collection[str] = SCORED,
    *,
    more: int = 0,
) -> pa.Table:
    """Copy the rows of one decided model into the run.

    Args:
        context: the run.
        made: the finished stage.
        tables: to copy besides `points`.
        columns: of its points that are returned.
        more: rows of the same model in other taxonomies, which are counted with its own.

    Returns:
        These columns.
    """
    folder = context.folder(made)
    for table in (*tables, "points"):  # last: where they are, all the others are
        context.copy(folder, table, made.folder.name)
    points = read_table(folder / "points.parquet", MeasuredPointRow, sorted({*SCORED, *columns}))
    best = pc.max(points.column("dev_macro_f1")).as_py()
    context.stages.count_model(made.folder.name, points.num_rows + more, best)
    return points


def copy_comparisons(context: RunContext, asked: CompareWithParent, made: Done | Failed) -> None:
    """Copy the comparison of a model with its float parent into the run, or its failure."""
    if isinstance(made, Failed):
        write_failure(context, asked, made)
        return
    folder = context.folder(made)
    for table in COMPARED:
        context.copy(folder, table, made.folder.name)


def write_failure(context: RunContext, asked: Stage, failed: Failed) -> None:
    """Write a failed stage into the run, once however often it failed."""
    row = FailureRow(trial=id_of(asked), stage=failed.stage, error=failed.error)
    context.write([row], "failures", row.trial)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredModels:
    """How many points some models have, and how many models failed."""

    points: int = 0
    failures: int = 0


async def _derive(context: RunContext, decide: Decide) -> int:
    """Decide on a model in the run's coarser taxonomies; return how many points that gave."""
    asked = deriving(decide, context.derived)
    if asked is None:
        return 0
    made = await wrap_future(context.stages.make(asked))
    if isinstance(made, Failed):
        await asyncio.to_thread(write_failure, context, asked, made)
        return 0
    return await asyncio.to_thread(_copy_derived, context, made)


def _copy_derived(context: RunContext, made: Done) -> int:
    folder = context.folder(made)
    for table in (*DERIVED, "points"):
        context.copy(folder, table, made.folder.name)
    return count_rows(folder / "points.parquet")


async def _measure_one(context: RunContext, decide: Decide) -> MeasuredModels:
    """Make one model of a finished training, and compare it with its float parent."""
    comparison = comparing(decide)
    asked, compared = context.stages.make(decide), comparison and context.stages.make(comparison)
    made = await wrap_future(asked)
    if isinstance(made, Failed):
        await asyncio.to_thread(write_failure, context, decide, made)
        return MeasuredModels(failures=1)
    await _write_further(context, decide.compressed)
    if comparison and compared:
        await asyncio.to_thread(copy_comparisons, context, comparison, await wrap_future(compared))
    more = await _derive(context, decide)
    rows = await asyncio.to_thread(copy_rows, context, made, more=more)
    return MeasuredModels(points=rows.num_rows + more)


async def measuring(context: RunContext, decided: Sequence[Decide]) -> MeasuredModels:
    """Make one training and models of it; write their rows, or failures."""
    (train,) = {d.compressed.trained for d in decided}
    if failed := await train_and_write(context, train):
        await asyncio.to_thread(write_failure, context, train, failed)
        return MeasuredModels(failures=len(decided))
    models = await together(*(_measure_one(context, decide) for decide in decided))
    return MeasuredModels(
        points=sum(model.points for model in models),
        failures=sum(model.failures for model in models),
    )


def measure_models(context: RunContext, decided: Sequence[Decide]) -> MeasuredModels:
    """Run `measuring` to its end."""
    return run_to_end(measuring(context, decided))


async def placing(
    context: RunContext, spec: Spec, columns: Collection[str] = SCORED
) -> dict[str, Any] | Failed:
    """Measure one operating point and write its rows; return these columns of its point."""
    train = training(spec.recipe, context.data)
    decide = deciding(train, spec.scheme, (spec.decision,))
    if failed := await train_and_write(context, train):
        await asyncio.to_thread(write_failure, context, train, failed)
        return failed
    made = await wrap_future(context.stages.make(decide))
    if isinstance(made, Failed):
        await asyncio.to_thread(write_failure, context, decide, made)
        return made
    await _write_further(context, decide.compressed)
    if comparison := comparing(decide):
        compared = await wrap_future(context.stages.make(comparison))
        await asyncio.to_thread(copy_comparisons, context, comparison, compared)
    if decide.compressed.refined and spec.scheme != (control := float_baseline(spec.scheme)):
        # What a refined model is compared with is a row too.
        too = deciding(train, control, (spec.decision,))
        made_too = await wrap_future(context.stages.make(too))
        if not isinstance(made_too, Failed):
            more = await _derive(context, too)
            await asyncio.to_thread(copy_rows, context, made_too, more=more)
    more = await _derive(context, decide)
    rows = await asyncio.to_thread(copy_rows, context, made, DECIDED, columns, more=more)
    row: dict[str, Any] = rows.to_pylist()[0]
    return row
