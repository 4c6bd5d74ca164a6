"""What a Tune trial does: ask for stages, write rows, report. It holds no CPU and makes nothing
itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import ray
from ray import tune

from emoray.fleet.single_flight import Failed
from emoray.quant.catalogue import parent_of
from emoray.quant.policy import Scheme
from emoray.storage.place import Place
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.files import Rows, read_table
from emoray.tables.parts import part_files, write_part
from emoray.tables.rows import (
    FailureRow,
    LabelRow,
    LayerRow,
    PointRow,
    ReliabilityRow,
    SurfaceRow,
    TrainingRow,
)
from emoray.trial.plan import comparing, deciding, training
from emoray.trial.spec import Data, Decision, Recipe, Spec
from emoray.trial.stages.comparing import Compare
from emoray.trial.stages.deciding import Decide
from emoray.trial.stages.finetuning import FineTune
from emoray.trial.stages.refining import Refine
from emoray.trial.stages.training import Train
from emoray.trial.store import Done, Stage, id_of, key_of, open_store

DECIDED = {
    "labels": LabelRow,
    "layers": LayerRow,
    "surface": SurfaceRow,
    "reliability": ReliabilityRow,
    "points": PointRow,  # last: where they are, all the others are
}
COMPARED = {"comparisons": ComparisonRow, "label_changes": LabelChangeRow}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where a trial asks and writes. `stages` is the actor; places are absolute; `token` is that
    of this start, under which its parts lie."""

    stages: Any
    run_folder: Place
    store: Place
    data: Data
    token: str = ""

    def write(self, rows: Rows, table: str, part: str) -> None:
        """Write a part of the run; of a start that is over it counts for nothing."""
        write_part(rows, self.run_folder, table, part, self.token)

    def written(self, table: str) -> set[str]:
        """Names of the parts that this start has written."""
        return {path.stem for path in part_files(self.run_folder, table, self.token)}

    def folder(self, made: Done) -> Path:
        """The files of a finished stage on this node, brought here if they lie elsewhere."""
        return made.folder if made.folder.is_dir() else open_store(self.store).here(made)


def train_and_write(desk: Desk, train: Train | FineTune | Refine) -> Failed | None:
    """Have `train` made and copy its epochs into the run; None when that went well."""
    made = ray.get(desk.stages.make.remote(train))
    if isinstance(made, Failed):
        return made
    rows = read_table(desk.folder(made) / "trainings.parquet", TrainingRow)
    desk.write(rows, "trainings", made.folder.name)
    return None


def write_rows(desk: Desk, made: Done, tables: Mapping[str, type] = DECIDED) -> pa.Table:
    """Copy the rows of one decided model into the run; returns its points."""
    points, folder = pa.table({}), desk.folder(made)
    for table, row_class in tables.items():
        rows = read_table(folder / f"{table}.parquet", row_class)
        if table == "points":
            at = rows.schema.get_field_index("run")
            name = pa.array([desk.run_folder.name] * rows.num_rows)
            points = rows = rows.set_column(at, rows.schema.field(at), name)
        desk.write(rows, table, made.folder.name)
    best = pc.max(points.column("dev_macro_f1")).as_py()
    ray.get(desk.stages.tell.remote(made.folder.name, points.num_rows, best))
    return points


def write_comparisons(desk: Desk, asked: Compare, made: Done | Failed) -> None:
    """Copy what one model is beside its float parent into the run, or why that is not known."""
    if isinstance(made, Failed):
        write_failure(desk, asked, made)
        return
    for table, row_class in COMPARED.items():
        rows = read_table(desk.folder(made) / f"{table}.parquet", row_class)
        desk.write(rows, table, made.folder.name)


def write_failure(desk: Desk, asked: Stage, failed: Failed) -> None:
    """Say in the run what was asked for in vain; said again, it stands there once."""
    row = FailureRow(trial=id_of(asked), stage=failed.stage, error=failed.error)
    desk.write([row], "failures", row.trial)


def unsettled(desk: Desk, decided: Sequence[Decide]) -> list[Decide]:
    """The models of which the run holds neither rows nor a failure: their trial was lost."""
    written = desk.written("points")
    failed = desk.written("failures")
    return [
        d
        for d in decided
        if key_of(d) not in written and not failed & {id_of(d), id_of(d.compressed.trained)}
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What became of some models."""

    points: int = 0
    best: float = 0.0
    failures: int = 0


def measure(desk: Desk, decided: Sequence[Decide]) -> Measured:
    """Have one training and models of it made; write their rows, or why there are none."""
    (train,) = {d.compressed.trained for d in decided}
    if failed := train_and_write(desk, train):
        write_failure(desk, train, failed)
        return Measured(failures=len(decided))
    points, best, failures = 0, 0.0, 0
    asked = {desk.stages.make.remote(decide): decide for decide in decided}
    beside = {decide: comparing(decide) for decide in decided}
    compared = {decide: desk.stages.make.remote(stage) for decide, stage in beside.items()}
    waiting = list(asked)
    while waiting:
        (ready, *_), waiting = ray.wait(waiting, num_returns=1)
        decide, made = asked[ready], ray.get(ready)
        if isinstance(made, Failed):
            write_failure(desk, decide, made)
            failures += 1
            continue
        if refined := decide.compressed.refined:
            train_and_write(desk, refined)
        write_comparisons(desk, beside[decide], ray.get(compared[decide]))
        rows = write_rows(desk, made)
        points += rows.num_rows
        best = max(best, pc.max(rows.column("dev_macro_f1")).as_py())
    return Measured(points=points, best=best, failures=failures)


def grid_trial(
    config: dict[str, str],
    *,
    desk: Desk,
    recipes: dict[str, Recipe],
    schemes: tuple[Scheme, ...],
    decisions: tuple[Decision, ...],
) -> None:
    """One recipe: trained once, compressed under every scheme, decided every way."""
    train = training(recipes[config["recipe"]], desk.data)
    measured = measure(desk, [deciding(train, scheme, decisions) for scheme in schemes])
    tune.report(
        {
            "dev_macro_f1": measured.best,
            "points": measured.points,
            "failures": measured.failures,
        }
    )


def place(desk: Desk, spec: Spec) -> dict[str, Any] | Failed:
    """Measure one operating point and write its rows; returns its row of `points`."""
    train = training(spec.recipe, desk.data)
    decide = deciding(train, spec.scheme, (spec.decision,))
    failed = train_and_write(desk, train)
    made = failed or ray.get(desk.stages.make.remote(decide))
    if isinstance(made, Failed):
        write_failure(desk, train if failed else decide, made)
        return made
    if decide.compressed.refined:
        train_and_write(desk, decide.compressed.refined)
    beside = comparing(decide)
    write_comparisons(desk, beside, ray.get(desk.stages.make.remote(beside)))
    if decide.compressed.refined and spec.scheme != (control := parent_of(spec.scheme)):
        # What a refined model is compared with is a row too.
        made_too = ray.get(desk.stages.make.remote(deciding(train, control, (spec.decision,))))
        if not isinstance(made_too, Failed):
            write_rows(desk, made_too)
    row: dict[str, Any] = write_rows(desk, made).to_pylist()[0]
    return row


def joint_trial(
    config: dict[str, Any], *, desk: Desk, spec_of: Callable[[dict[str, Any]], Spec]
) -> None:
    """One operating point, all five knobs chosen by the searcher.

    Raises RuntimeError when a stage failed: the searcher must not wait for a score.
    """
    row = place(desk, spec_of(config))
    if isinstance(row, Failed):
        raise RuntimeError(f"{row.stage} failed: {row.error}")
    tune.report({"dev_macro_f1": row["dev_macro_f1"], "size_bytes": float(row["size_bytes"])})
