"""The record of a row in its run: its columns, its spec, and the machine that made it."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emoray.labels import Taxonomy
from emoray.provenance import provenance
from emoray.stages.deriving import taxonomy_of_groups
from emoray.stages.point_rows import decision_id
from emoray.stages.spec import Decision
from emoray.stages.spec_json import read_spec
from emoray.storage.location import Place, absolute, child, located, place_of
from emoray.storage.s3 import S3Folder
from emoray.tables.folders import Folder, folder_at
from emoray.tables.front import BASELINE
from emoray.workflows.row_decision import beside

MACHINE = ("cpu", "instruction_sets", "platform", "versions")  # a score's last digit depends on it
STORE, STAGES = "_store", "stages"


def _where(table: pa.Table, column: str, values: list[str]) -> list[dict[str, Any]]:
    chosen = pc.is_in(table.column(column), pa.array(values))
    found: list[dict[str, Any]] = table.filter(chosen).to_pylist()
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedRun:
    """A run's rows that are to be reproduced, with their specs and every start of the run.

    Attributes:
        place: of the run.
        rows: of `points`.
        artifacts: column `artifact` of all points of the run, relative to it.
        specs: rows of `specs` by model.
        starts: rows of `runs`.
        groups: taxonomies of groups of finer labels, by name.
    """

    place: Place
    rows: tuple[dict[str, Any], ...]
    artifacts: tuple[str, ...]
    specs: dict[str, dict[str, Any]]
    starts: tuple[dict[str, Any], ...]
    groups: dict[str, Taxonomy]

    def taxonomy(self, row: dict[str, Any]) -> str:
        """The taxonomy that the row's model learned; of an ensemble the run's."""
        spec = self.spec(row)
        first = member_specs(self, spec)[0] if spec["weighing"] else spec
        found: str = read_spec(first["recipe"]).taxonomy
        return found

    def derived(self, row: dict[str, Any]) -> Taxonomy | None:
        """The groups of its model's labels that a row decides in; None for these labels."""
        return self.groups[row["taxonomy"]] if row["derived_from"] else None

    def beside(self, row: dict[str, Any]) -> tuple[Taxonomy, ...]:
        """Every taxonomy that the artifact of a derived row decides in."""
        read = folder_at(self.place).read
        return tuple(self.groups[each["taxonomy"]] for each in beside(read, row["point"]))

    @property
    def start(self) -> dict[str, Any]:
        """The last start."""
        return max(self.starts, key=lambda start: str(start["finished"]))

    def spec(self, row: dict[str, Any]) -> dict[str, Any]:
        """The spec of the row's model; ValueError where the run has none."""
        if row["model"] not in self.specs:
            raise ValueError(
                f"a row's model has a spec in its run, got none of {row['model']} in {self.place}: "
                "the run was not finished; run the same command again"
            )
        return self.specs[row["model"]]

    def decisions(self, row: dict[str, Any]) -> tuple[tuple[Decision, ...], int]:
        """All decisions on the row's model, and the index of the row's own; ValueError for none."""
        spec = self.spec(row)
        decisions: tuple[Decision, ...] = read_spec(spec["decisions"])
        made_of = row["model"] if row["derived_from"] else spec["key"]
        ids = [decision_id(made_of, decision) for decision in decisions]
        if row["point"] not in ids:
            raise ValueError(
                f"a point's id is that of its model and decision, {row['point']} is of none of "
                f"the {len(ids)} decisions on {row['model']}: its tables are of different runs"
            )
        return decisions, ids.index(row["point"])

    def store(self, given: Place | None) -> Place:
        """Place of its stages: as given, as a row off its front records, or next to the run."""
        if given is not None:
            return given
        for artifact in self.artifacts:
            if f"/{STAGES}/" in artifact:
                root, _, _ = str(located(self.place, artifact)).rpartition(f"/{STAGES}/")
                return place_of(root)
        if isinstance(self.place, S3Folder):
            return child(self.place.parent, STORE)
        return located(self.place, f"../{STORE}")


def _drawn(table: pa.Table, sample: int, seed: int) -> list[str]:
    """Draw points at random; baselines are left out, as they have no artifact."""
    kept = table.filter(pc.not_equal(table.column("family"), BASELINE))
    names = sorted(kept.column("point").to_pylist())
    chosen = np.random.default_rng(seed).permutation(len(names))[:sample]
    return [names[i] for i in sorted(chosen)]


def _groups(folder: Folder) -> dict[str, Taxonomy]:
    """Taxonomies of the run that group labels of another, by name."""
    rows = folder.read("taxonomies").to_pylist() if folder.holds("taxonomies") else []
    labels = {row["taxonomy"]: tuple(json.loads(row["labels"])) for row in rows}
    return {
        row["taxonomy"]: taxonomy_of_groups(
            row["taxonomy"], json.loads(row["groups"]), labels[row["finer"]]
        )
        for row in rows
        if row["finer"]
    }


def read_record(place: Place, points: tuple[str, ...], sample: int, seed: int) -> RecordedRun:
    """Read the named points of a run, and some drawn at random.

    Args:
        place: of the run.
        points: ids.
        sample: how many more are drawn.
        seed: of the draw.

    Returns:
        The rows with their specs.

    Raises:
        ValueError: the run has no points, a point is unknown, or it is a baseline.
    """
    place = absolute(place)
    folder = folder_at(place)
    table = folder.read("points")
    if not table.num_rows:
        raise ValueError(
            f"a run has rows to reproduce, got a table of none in {place}: run the same command "
            "again to its end"
        )
    wanted = list(dict.fromkeys((*points, *(_drawn(table, sample, seed) if sample else ()))))
    rows = {row["point"]: row for row in _where(table, "point", wanted)}
    if missing := [point for point in wanted if point not in rows]:
        raise ValueError(
            f"a point is an id of the run's points, got {', '.join(missing)} with "
            f"{table.num_rows:,} others in {place}: copy one from points.parquet"
        )
    for row in rows.values():
        if row["family"] == BASELINE:
            raise ValueError(
                f"a row to reproduce has an artifact, got {row['point']}, which is a baseline: the "
                "same sweep with another --store makes baselines anew"
            )
    return RecordedRun(
        place=place,
        rows=tuple(rows[point] for point in wanted),
        artifacts=tuple(table.column("artifact").unique().to_pylist()),
        specs={row["model"]: row for row in folder.read("specs").to_pylist()},
        starts=tuple(folder.read("runs").to_pylist()),
        groups=_groups(folder),
    )


def other_machine(record: RecordedRun) -> list[str]:
    """Describe how this machine differs from those that the run was made on.

    Every start counts: a later one took over what earlier ones had made.

    Args:
        record: the run.

    Returns:
        A line per difference; none on the same machine.
    """
    here, found = asdict(provenance()), []
    for start in record.starts:
        for name in MACHINE:
            if start[name] != here[name]:
                was, now = (str(each).split(", ") for each in (start[name], here[name]))
                lost, new = ([w for w in a if w not in b] for a, b in ((was, now), (now, was)))
                found.append(f"{name}: {', '.join(lost) or 'none'} → {', '.join(new) or 'none'}")
    return list(dict.fromkeys(found))


def member_specs(record: RecordedRun, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The specs of an ensemble's members, in their order."""
    return [record.specs[model] for model in json.loads(spec["members"])]
