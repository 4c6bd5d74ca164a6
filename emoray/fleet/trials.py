"""What a Tune trial does: ask for stages, write rows, report. It holds no CPU and makes nothing
itself."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import ray
from ray import tune

from emoray.fleet.single_flight import Failed
from emoray.quant.policy import Scheme
from emoray.tables.files import read_table
from emoray.tables.parts import write_part
from emoray.tables.rows import (
    FailureRow,
    LabelRow,
    LayerRow,
    PointRow,
    ReliabilityRow,
    SurfaceRow,
    TrainingRow,
)
from emoray.trial.plan import deciding, training
from emoray.trial.spec import Data, Decision, Recipe, Spec
from emoray.trial.stages.deciding import Decide
from emoray.trial.stages.finetuning import FineTune
from emoray.trial.stages.refining import Refine
from emoray.trial.stages.training import Train
from emoray.trial.store import Done

DECIDED = {
    "points": PointRow,
    "labels": LabelRow,
    "layers": LayerRow,
    "surface": SurfaceRow,
    "reliability": ReliabilityRow,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where a trial asks and writes. `stages` is the actor; the folder is absolute."""

    stages: Any
    run_folder: Path
    data: Data


def train_and_write(desk: Desk, train: Train | FineTune | Refine) -> Failed | None:
    """Have `train` made and copy its epochs into the run; None when that went well."""
    made = ray.get(desk.stages.make.remote(train))
    if isinstance(made, Failed):
        return made
    rows = read_table(made.folder / "trainings.parquet", TrainingRow)
    write_part(rows, desk.run_folder, "trainings", made.folder.name)
    return None


def write_rows(desk: Desk, decide: Decide, made: Done) -> pa.Table:
    """Copy the rows of one decided model into the run; returns its points."""
    points = pa.table({})
    for table, row_class in DECIDED.items():
        rows = read_table(made.folder / f"{table}.parquet", row_class)
        if table == "points":
            at = rows.schema.get_field_index("run")
            name = pa.array([desk.run_folder.name] * rows.num_rows)
            points = rows = rows.set_column(at, rows.schema.field(at), name)
        write_part(rows, desk.run_folder, table, made.folder.name)
    best = pc.max(points.column("dev_macro_f1")).as_py()
    ray.get(desk.stages.tell.remote(points.num_rows, best))
    return points


def write_failure(desk: Desk, trial: str, failed: Failed) -> None:
    row = FailureRow(trial=trial, stage=failed.stage, error=failed.error)
    write_part([row], desk.run_folder, "failures", f"{trial}-{failed.stage}-{os.urandom(4).hex()}")


def grid_trial(
    config: dict[str, str],
    *,
    desk: Desk,
    recipes: dict[str, Recipe],
    schemes: tuple[Scheme, ...],
    decisions: tuple[Decision, ...],
) -> None:
    """One recipe: trained once, compressed under every scheme, decided every way."""
    trial = tune.get_context().get_trial_id() or "trial"
    train = training(recipes[config["recipe"]], desk.data)
    points, best, failures = 0, 0.0, 0
    if failed := train_and_write(desk, train):
        write_failure(desk, trial, failed)
        failures = len(schemes)
    else:
        asked = {}
        for scheme in schemes:
            decide = deciding(train, scheme, decisions)
            asked[desk.stages.make.remote(decide)] = decide
        waiting = list(asked)
        while waiting:
            (ready, *_), waiting = ray.wait(waiting, num_returns=1)
            made = ray.get(ready)
            if isinstance(made, Failed):
                write_failure(desk, trial, made)
                failures += 1
                continue
            if refined := asked[ready].compressed.refined:
                train_and_write(desk, refined)
            rows = write_rows(desk, asked[ready], made)
            points += rows.num_rows
            best = max(best, pc.max(rows.column("dev_macro_f1")).as_py())
    tune.report({"dev_macro_f1": best, "points": points, "failures": failures})


def place(desk: Desk, spec: Spec, trial: str) -> dict[str, Any]:
    """Measure one operating point and write its rows; returns its row of `points`.

    Raises RuntimeError when a stage failed: the searcher must not wait for a score.
    """
    train = training(spec.recipe, desk.data)
    decide = deciding(train, spec.scheme, (spec.decision,))
    failed = train_and_write(desk, train)
    made = failed or ray.get(desk.stages.make.remote(decide))
    if isinstance(made, Failed):
        write_failure(desk, trial, made)
        raise RuntimeError(f"{made.stage} failed: {made.error}")
    if decide.compressed.refined:
        train_and_write(desk, decide.compressed.refined)
    row: dict[str, Any] = write_rows(desk, decide, made).to_pylist()[0]
    return row


def joint_trial(
    config: dict[str, Any], *, desk: Desk, spec_of: Callable[[dict[str, Any]], Spec]
) -> None:
    """One operating point, all five knobs chosen by the searcher."""
    trial = tune.get_context().get_trial_id() or "trial"
    row = place(desk, spec_of(config), trial)
    tune.report({"dev_macro_f1": row["dev_macro_f1"], "size_bytes": float(row["size_bytes"])})
