"""After the search: time every model alone, merge tables, ship what matters, draw the report."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import ray
from rich.console import Console

from emoray.fleet.single_flight import Failed
from emoray.fleet.trials import Desk, write_failure
from emoray.tables.compact import compact
from emoray.tables.files import read_table, write_table
from emoray.tables.front import picks
from emoray.tables.parts import part_files, run_table, table_path, write_part
from emoray.tables.report.page import write_report
from emoray.tables.rows import FailureRow, LatencyRow, PointRow, RunRow
from emoray.trial.data import Look
from emoray.trial.provenance import provenance
from emoray.trial.ship import cuts_of_row, ship_point
from emoray.trial.stages.clock import Clock
from emoray.trial.stages.compression import BASE, Compress
from emoray.trial.stages.deciding import Decide
from emoray.trial.store import Store, id_of, key_of

ARTIFACTS = "artifacts"


def _by_training(decided: Sequence[Decide]) -> list[tuple[Compress, ...]]:
    """The distinct models of each training, in the order of the search."""
    groups: dict[str, dict[str, Compress]] = {}
    for decide in decided:
        compressed = decide.compressed
        groups.setdefault(id_of(compressed.trained), {})[id_of(compressed)] = compressed
    return [tuple(models.values()) for models in groups.values()]


def clock(desk: Desk, decided: Sequence[Decide], console: Console) -> None:
    """Time every model, a training's models at a time, each time with a whole node reserved."""
    written = {path.stem for path in part_files(desk.run_folder, "points")}
    groups = _by_training([d for d in decided if key_of(d) in written])
    if not groups:
        return
    console.print(
        f"timing {sum(map(len, groups))} models alone, one text at a time", highlight=False
    )
    cpus = int(min(n["Resources"].get("CPU", 0) for n in ray.nodes() if n["Alive"]) or 1)
    here = provenance()
    for models in groups:
        stage = Clock(
            compressed=models,
            baseline=groups[0][0],
            text=models[0].text,
            baseline_text=groups[0][0].text,
            cpu=here.cpu,
            cpus=cpus,
        )
        made = ray.get(desk.stages.make.remote(stage))
        if isinstance(made, Failed):
            write_failure(desk, id_of(stage), made)
            continue
        rows = read_table(made.folder / "latency.parquet", LatencyRow)
        write_part(rows, desk.run_folder, "latency", made.folder.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of the job, for the `runs` table."""

    search: str
    space: str
    trials: int
    started: datetime
    wall_seconds: float
    search_seconds: float


def record(desk: Desk, facts: Look, start: Start) -> None:
    """Write this start into `runs`; earlier starts stay."""
    status = ray.get(desk.stages.status.remote())
    vectors = facts.data.vectors
    row = RunRow(
        run=desk.run_folder.name,
        command=shlex.join(["python", "-m", "jobs.sweep", *sys.argv[1:]]),
        search=start.search,
        space=start.space,
        started=start.started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        wall_seconds=start.wall_seconds,
        search_seconds=start.search_seconds,
        stage_cpu_seconds=status.cpu_seconds,
        stage_wall_seconds=status.wall_seconds,
        stages_run=status.run,
        stages_cached=status.cached,
        stages_failed=status.failed,
        trials=start.trials,
        points=status.points,
        corpus=facts.data.corpus.name,
        corpus_sha256=facts.data.corpus.sha256,
        train_texts=facts.train,
        dev_texts=facts.dev,
        test_texts=facts.test,
        leaked_texts=facts.leaked,
        vectors_sha256=" ".join(v.sha256 for v in vectors),
        cores=int(ray.cluster_resources().get("CPU", 0)),
        **asdict(provenance()),
    )
    write_part([row], desk.run_folder, "runs", row.started.replace(":", "").replace("+", "_"))


def _saved_cuts(run_folder: Path, points: set[str]) -> dict[str, dict[str, float]]:
    """Point -> label -> logit cut, for the points whose thresholds `labels` keeps."""
    found: dict[str, dict[str, float]] = {}
    for row in run_table(run_folder, "labels").select(["point", "label", "cut"]).to_pylist():
        if row["point"] in points:
            found.setdefault(row["point"], {})[row["label"]] = row["cut"]
    return found


def _ship(desk: Desk, points: pd.DataFrame, models: dict[str, Compress], store: Store) -> pd.Series:
    """Artifacts of the front and the picks; returns every row's `artifact`, relative to the run."""
    chosen = {pick.row["point"] for pick in picks(points).values()}
    kept = points[points["on_front"] | points["point"].isin(chosen)]
    for model in kept["model"].unique():  # checked by hash, and made again where damaged
        made = ray.get(desk.stages.make.remote(models[model]))
        if isinstance(made, Failed):
            raise ValueError(f"an artifact to ship must be whole, got {made.stage}: {made.error}")
    cuts = _saved_cuts(desk.run_folder, set(kept["point"]))
    folder = desk.run_folder / ARTIFACTS
    shutil.rmtree(folder, ignore_errors=True)
    base = {
        model: os.path.relpath(store.folder(compressed) / BASE, desk.run_folder)
        for model, compressed in models.items()
    }
    for row in kept.to_dict("records"):
        cuts_K = cuts_of_row(row, cuts.get(row["point"], {}))
        ship_point(row, cuts_K, store.folder(models[row["model"]]), folder / row["point"])
    shipped = f"{ARTIFACTS}/" + points["point"]
    return points["model"].map(base).where(~points["point"].isin(kept["point"]), shipped)


def _first_failure(desk: Desk) -> str:
    files = part_files(desk.run_folder, "failures")
    rows = read_table(files[0], FailureRow).to_pylist() if files else []
    return f"{rows[0]['stage']} failed with {rows[0]['error']}" if rows else "no trial ran"


def publish(desk: Desk, decided: Sequence[Decide], store: Store, console: Console) -> None:
    """Merge the tables, ship the artifacts of the front, draw the report and say what to pick."""
    if not part_files(desk.run_folder, "points"):
        raise ValueError(
            f"a sweep needs at least one finished model, got none: {_first_failure(desk)}"
        )
    done = compact(desk.run_folder)
    if done.damaged:
        for path in done.damaged:
            path.unlink(missing_ok=True)
        raise ValueError(
            f"parts of tables must be whole, got {len(done.damaged)} damaged ({done.errors[0]}): "
            "run the same command again, it makes them anew from the store"
        )
    points = run_table(desk.run_folder, "points").to_pandas()
    models = {id_of(d.compressed): d.compressed for d in decided}
    points["artifact"] = _ship(desk, points, models, store)
    write_table(points.to_dict("series"), table_path(desk.run_folder, "points"), PointRow)
    report = write_report(desk.run_folder)
    failed = done.rows["failures"]
    console.print(
        f"\n{len(points):,} operating points of {points['model'].nunique()} models"
        + (f", {failed} failures (see failures.parquet)" if failed else ""),
        highlight=False,
    )
    for name, pick in picks(points).items():
        console.print(
            f"[bold]{name}[/bold]: {pick.sentence}\n  {desk.run_folder / pick.row['artifact']}",
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        f"tables {desk.run_folder}/*.parquet\nreport {report}", highlight=False, soft_wrap=True
    )
