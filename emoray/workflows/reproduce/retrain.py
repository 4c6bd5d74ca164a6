"""A row's model trained again from its recipe and seed, and with other seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from emoray.labels import Taxonomy
from emoray.stages.decisions import Decide
from emoray.stages.derived_decisions import DecideDerived
from emoray.stages.ensembles import Combine
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Data, Decision
from emoray.stages.spec_json import read_spec
from emoray.storage.store.keys import key_of
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.workflows.reproduce.record import RecordedRun, member_specs

SHOWN = ("dev_macro_f1", "test_macro_f1", "size_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """One training's point: the row's own seed, or another."""

    seed: int
    dev_macro_f1: float
    test_macro_f1: float
    size_bytes: int
    artifact_sha256: str


def _decide(
    spec: dict[str, Any], decisions: tuple[Decision, ...], data: Data, seed: int | None
) -> Decide:
    recipe = read_spec(spec["recipe"])
    if seed is not None:
        recipe = replace(recipe, seed=seed)
    return deciding(training(recipe, data), read_spec(spec["scheme"]), decisions)


def stage_of(
    record: RecordedRun, row: dict[str, Any], data: Data, seed: int | None = None
) -> Decide | Combine:
    """Build the stage that makes the row's points, from its spec and the data at hand.

    Args:
        record: the run.
        row: of `points`.
        data: corpus, vectors and encoders at hand.
        seed: another than the row's own; None for that.

    Returns:
        The stage.

    Raises:
        ValueError: data or code are not those of the run.
    """
    spec, (decisions, _) = record.spec(row), record.decisions(row)
    made: Decide | Combine
    if spec["weighing"]:
        members = [_decide(member, decisions, data, None) for member in member_specs(record, spec)]
        made = Combine.of(members, read_spec(spec["weighing"]), plan=spec["plan"])
    else:
        made = _decide(spec, decisions, data, seed)
    key = key_of(made if isinstance(made, Combine) else made.compressed)
    if seed is None and key != spec["key"]:
        raise ValueError(
            f"a row is trained anew from the same corpus, vectors and code, got another key for "
            f"{row['model']}: the run read corpus {record.start['corpus_sha256'][:12]}… and "
            f"vectors {record.start['vectors_sha256'][:12]}…, code at "
            f"{record.start['git_commit'][:12] or 'no commit'}: use these"
        )
    return made


def _points(store: Store, made: Decide | Combine, beside: tuple[Taxonomy, ...]) -> pa.Table:
    """Points of a stage, made anew: in its own labels, or in taxonomies of groups of them."""
    stage = DecideDerived.of(made, beside) if beside and isinstance(made, Decide) else made
    return read_table(store.make(stage).folder / "points.parquet", MeasuredPointRow)


def train_anew(
    record: RecordedRun, row: dict[str, Any], data: Data, folder: Path, seeds: Sequence[int]
) -> list[Retraining]:
    """Make the row's own training, then those with `seeds`, in a store of their own in `folder`."""
    if seeds and record.spec(row)["weighing"]:
        raise ValueError(
            f"members of an ensemble have their seeds from its plan, got {len(seeds)} more for "
            f"{row['point']}: leave --seeds out"
        )
    store, found = Store(folder), []
    _, r = record.decisions(row)
    beside = record.beside(row) if row["derived_from"] else ()
    for seed in (None, *seeds):
        points = _points(store, stage_of(record, row, data, seed), beside)
        points = points.filter(pc.equal(points.column("taxonomy"), row["taxonomy"]))
        if seed is None:
            (point,) = points.filter(pc.equal(points.column("point"), row["point"])).to_pylist()
        else:  # another seed's points have other ids, in the same order
            point = points.slice(r, 1).to_pylist()[0]
        found.append(
            Retraining(
                seed=point["seed"],
                artifact_sha256=point["artifact_sha256"],
                **{name: point[name] for name in SHOWN},
            )
        )
    return found
