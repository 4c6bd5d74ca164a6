"""Artifacts of a run: those of its front put on disk, and where every other row is shipped from."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from rich.console import Console

from emoray.artifact.renewing import artifacts_in, clear_made, hidden_name, renew
from emoray.distributed.single_flight import Failed
from emoray.search.trials import RunContext
from emoray.stages.compression import BASE, Compress
from emoray.stages.ensembles import Combine
from emoray.storage.location import relative
from emoray.storage.parallel import in_parallel
from emoray.storage.store.keys import key_of
from emoray.storage.store.local import Store
from emoray.tables.baselines import without_baselines
from emoray.tables.files import read_table
from emoray.tables.parts import KEYS, table_path
from emoray.tables.point_rows import PointRow
from emoray.tables.predictions import Read
from emoray.tables.rows import TABLES, LatencyRow
from emoray.tables.run_points import RunPoints
from emoray.tables.scanning import read_rows, scan
from emoray.workflows.cards import give_card
from emoray.workflows.row_decision import RowDecision, row_decision
from emoray.workflows.ship import ship_ensemble, ship_point

ARTIFACTS = "artifacts"
Model = Compress | Combine


def shipped_before(folder: Path) -> dict[str, tuple[str, ...]]:
    """Hashes of artifacts that have a folder, by point, from the tables of an earlier start."""
    path, made = table_path(folder, "points"), artifacts_in(folder / ARTIFACTS)
    try:
        rows = read_rows(path, PointRow, KEYS["points"], "point", made)
    except ValueError:  # no table yet, or another version's
        return {}
    return {row["point"]: (row["artifact_sha256"],) for row in rows.to_pylist()}


def _needed(run_folder: Path, merged: RunPoints, names: Collection[str]) -> Read:
    """Tables of the run, which is not whole yet: what artifacts of these points are made of."""

    def rows(table: str, column: str, values: Collection[str]) -> pa.Table:
        path = table_path(run_folder, table)
        return read_rows(path, TABLES[table], KEYS[table], column, values)

    shared = rows("derivations", "point", names).column("own_point").unique().to_pylist()
    derivations = rows("derivations", "own_point", shared)
    every = {*names, *shared, *derivations.column("point").to_pylist()}
    known = {
        "derivations": derivations,
        "points": merged.rows(every),
        "labels": rows("labels", "point", every),
    }

    def read(table: str) -> pa.Table:
        return (
            known[table]
            if table in known
            else read_table(table_path(run_folder, table), TABLES[table])
        )

    return read


def _timed_on(run_folder: Path) -> dict[str, str]:
    """The processor that timed each model, which need not be the driver's."""
    found: dict[str, str] = {}
    for piece in scan(
        table_path(run_folder, "latency"), LatencyRow, KEYS["latency"], ["model", "cpu"]
    ):
        each = piece.group_by(["model", "cpu"]).aggregate([])
        found |= zip(each["model"].to_pylist(), each["cpu"].to_pylist(), strict=True)
    return found


def _made_of(model: Model) -> tuple[Model, ...]:
    """The stages whose files an artifact of the model is made of."""
    return (model, *model.compressed) if isinstance(model, Combine) else (model,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipping:
    """Where the artifacts of a run come from and where they go.

    An artifact of an earlier start is replaced or deleted if it is unchanged; one in which a
    decision was saved stays.

    Attributes:
        context: the run.
        store: of the stages.
        models: by id.
        folder: of the run, local.
        before: point -> hashes of its manifest in the run's earlier tables.
    """

    context: RunContext
    store: Store
    models: Mapping[str, Model]
    folder: Path
    before: Mapping[str, Collection[str]]

    def stage_folders(self, models: Iterable[str]) -> dict[str, Path]:
        """Find the stages that artifacts of the models are made of.

        They are checked by hash, and made again where damaged.

        Args:
            models: ids.

        Returns:
            Folders by key.

        Raises:
            ValueError: a stage cannot be made.
        """
        found: dict[str, Path] = {}
        for stage in dict.fromkeys(s for model in models for s in _made_of(self.models[model])):
            made = self.context.stages.make(stage).result()
            if isinstance(made, Failed):
                raise ValueError(
                    f"an artifact to ship must be whole, got {made.stage} that failed with "
                    f"{made.error}: run the same command again, it makes it anew from the store"
                )
            found[key_of(stage)] = self.context.folder(made)
        return found

    def put(
        self,
        row: dict[str, Any],
        decision: RowDecision,
        stage_folders: Mapping[str, Path],
        cpu: str,
    ) -> str:
        """Write a row's artifact and its card.

        Args:
            row: of `points`.
            decision: what its artifact decides by.
            stage_folders: of the stages, by key.
            cpu: the processor that timed it; empty where it was not timed.

        Returns:
            A line on an earlier artifact that was there, if any.
        """
        model, target = self.models[row["model"]], self.folder / ARTIFACTS / row["point"]
        fresh = hidden_name(target)
        if isinstance(model, Combine):
            ship_ensemble(row, decision, model, lambda stage: stage_folders[key_of(stage)], fresh)
        else:
            ship_point(row, decision, stage_folders[key_of(model)], fresh)
        facts = {"cpu": cpu} if cpu else {}
        corpus = self.context.data.corpus.sha256
        give_card(fresh, row, corpus_sha256=corpus, threads=1, **facts)
        return renew(fresh, target, {row["artifact_sha256"], *self.before.get(row["point"], ())})

    def bases(self, models: Sequence[str]) -> dict[str, str]:
        """Folders that any row of a model can be shipped from, by model, relative to the run."""
        stages = [self.models[model] for model in models]
        return {
            model: relative(
                at if isinstance(stage, Combine) else at / BASE, self.context.run_folder
            )
            for model, stage, at in zip(
                models, stages, in_parallel(self.store.at, stages), strict=True
            )
        }


def ship_rows(
    shipping: Shipping, merged: RunPoints, points: pd.DataFrame, kept: pd.Series, console: Console
) -> pd.Series:
    """Write the artifacts of the kept rows, and delete others.

    Args:
        shipping: from where to where.
        merged: the run's points.
        points: of all rows at least point, model and family.
        kept: true for the rows to ship.
        console: gets lines on earlier artifacts.

    Returns:
        The column `artifact` of all rows: a folder of the run, else the base folder of the model.
    """
    own = points[kept]
    names = set(own["point"])
    stage_folders = shipping.stage_folders(own["model"].unique())
    read, timed_on = _needed(shipping.folder, merged, names), _timed_on(shipping.folder)
    bases = shipping.bases(list(without_baselines(points)["model"].unique()))
    for row in merged.rows(names).to_pandas().to_dict("records"):
        timed = timed_on.get(row["derived_from"] or row["model"], "")
        line = shipping.put(row, row_decision(row, read), stage_folders, timed)
        if line:
            console.print(f"{ARTIFACTS}/{line}", highlight=False, soft_wrap=True)
    others = {n: hashes for n, hashes in shipping.before.items() if n not in names}
    clear_made(shipping.folder / ARTIFACTS, others, ours=names)
    of_base = points["model"].map(bases).fillna("")  # a baseline has no artifact
    return of_base.where(~kept, f"{ARTIFACTS}/" + points["point"])
