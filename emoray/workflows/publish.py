"""After the search: merge tables, ship what matters, draw the report."""

import json
import shlex
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import ray
from rich.console import Console
from rich.markup import escape

from emoray.artifact.renewing import artifacts_in, clear_made, hidden_name, renew
from emoray.distributed.single_flight import Failed
from emoray.provenance import provenance
from emoray.report.page import write_report
from emoray.search.trials import Desk
from emoray.stages.baselines import BaselineModel
from emoray.stages.compression import BASE, Compress
from emoray.stages.decisions import Decide
from emoray.stages.ensembles import Combine
from emoray.stages.inputs import CorpusSummary
from emoray.stages.predictions import (
    PredictionSource,
    Resamples,
    kept_points,
    prediction_source,
    write_predictions,
    write_texts,
)
from emoray.stages.spec_json import spec_rows
from emoray.storage.location import landing, relative
from emoray.storage.parallel import in_parallel
from emoray.storage.store.keys import id_of, key_of
from emoray.storage.store.local import Done, Store
from emoray.tables.baselines import without_baselines
from emoray.tables.compact import Compacted, merging
from emoray.tables.evidence_rows import SpecRow
from emoray.tables.files import read_table, write_table
from emoray.tables.nearest import with_nearest
from emoray.tables.parts import (
    KEYS,
    drop_part,
    gather,
    part_files,
    table_path,
)
from emoray.tables.point_rows import PointRow
from emoray.tables.predictions import cuts_of_row
from emoray.tables.rows import FailureRow, LabelRow, LatencyRow, RunRow
from emoray.tables.run_points import RunPoints
from emoray.tables.scanning import read_rows, scan
from emoray.workflows.cards import give_card
from emoray.workflows.ending import say_ending
from emoray.workflows.ship import ship_ensemble, ship_point

ARTIFACTS = "artifacts"
# What is asked of every point when a search ends; of those that are shipped all is.
KNOWN = (
    *("point", "model", "corpus", "taxonomy", "family", "recipe", "on_front", "size_bytes"),
    *("temperature_rule", "dev_macro_f1", "test_macro_f1", "test_macro_f1_low"),
    *("test_macro_f1_high", "latency_p50_ms"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of the job, for the `runs` table. hands: stages that the actors of a pool made
    or found. cpu_started: the driver's processor time when it began."""

    search: str
    space: str
    taxonomy: str
    trials: int
    started: datetime
    wall_seconds: float
    search_seconds: float
    cpu_started: float
    job: str = "jobs.sweep"
    hands: tuple[Done, ...] = ()


def record_start(desk: Desk, facts: CorpusSummary, start: Start) -> None:
    """Write this start into `runs`; earlier starts stay."""
    status = desk.stages.status()
    starts = [v.sha256 for v in facts.data.vectors] + [e.sha256 for e in facts.data.encoders]
    made = [done for done in start.hands if not done.cached]
    cpu_seconds = status.cpu_seconds + sum(done.cpu_seconds for done in made)
    row = RunRow(
        run=desk.run_folder.name,
        command=shlex.join(["python", "-m", start.job, *sys.argv[1:]]),
        search=start.search,
        space=start.space,
        started=start.started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        wall_seconds=start.wall_seconds,
        search_seconds=start.search_seconds,
        stage_cpu_seconds=cpu_seconds,
        stage_wall_seconds=status.wall_seconds + sum(done.wall_seconds for done in made),
        cpu_seconds=cpu_seconds + time.process_time() - start.cpu_started,
        stages_run=status.run + len(made),
        stages_cached=status.cached,
        stages_failed=status.failed,
        trials=start.trials,
        points=status.points,
        taxonomy=start.taxonomy,
        labels=json.dumps(facts.data.corpus.taxonomy(start.taxonomy).labels),
        corpus=facts.data.corpus.name,
        corpus_sha256=facts.data.corpus.sha256,
        train_texts=facts.train,
        dev_texts=facts.dev,
        test_texts=facts.test,
        leaked_texts=facts.leaked,
        vectors_sha256=" ".join(starts),
        cores=int(ray.cluster_resources().get("CPU", 0)),
        threads=1,
        **asdict(provenance()),
    )
    desk.write([row], "runs", row.started.replace(":", "").replace("+", "_"))


def _saved_cuts(run_folder: Path, points: set[str]) -> dict[str, dict[str, float]]:
    """Point -> label -> logit cut, for the points whose thresholds `labels` keeps."""
    found: dict[str, dict[str, float]] = {}
    path = table_path(run_folder, "labels")
    for row in read_rows(path, LabelRow, KEYS["labels"], "point", points).to_pylist():
        found.setdefault(row["point"], {})[row["label"]] = row["cut"]
    return found


def _timed_on(run_folder: Path) -> dict[str, str]:
    """Model -> the processor that timed it, which need not be the driver's."""
    found: dict[str, str] = {}
    for piece in scan(
        table_path(run_folder, "latency"), LatencyRow, KEYS["latency"], ["model", "cpu"]
    ):
        each = piece.group_by(["model", "cpu"]).aggregate([])
        found |= zip(each["model"].to_pylist(), each["cpu"].to_pylist(), strict=True)
    return found


Model = Compress | Combine


def _needed(model: Model) -> tuple[Model, ...]:
    """The stages whose files an artifact of the model is made of."""
    return (model, *model.compressed) if isinstance(model, Combine) else (model,)


def _kept(points: pd.DataFrame, also: Collection[str]) -> pd.Series:
    """True for the front, of which the picks are part, and `also`."""
    return points["on_front"] | points["point"].isin(set(also))


def _ship(
    desk: Desk,
    points: pd.DataFrame,
    merged: RunPoints,
    models: Mapping[str, Model],
    store: Store,
    folder: Path,
    also: Collection[str],
    before: Mapping[str, Collection[str]],
    console: Console,
) -> pd.Series:
    """Artifacts of the front and `also` into `folder`; returns every row's `artifact`,
    relative to the run.

    before: point -> hashes of its manifest as the run's tables had it. What was made then, and is
    as it was made, is replaced or goes; a decision that was saved there stays.
    """
    kept = points[_kept(points, also)]
    parts = dict.fromkeys(p for m in kept["model"].unique() for p in _needed(models[m]))
    whole: dict[str, Path] = {}
    for part in parts:  # checked by hash, and made again where damaged
        made = desk.stages.make(part).result()
        if isinstance(made, Failed):
            raise ValueError(f"an artifact to ship must be whole, got {made.stage}: {made.error}")
        whole[key_of(part)] = desk.folder(made)
    cuts = _saved_cuts(folder, set(kept["point"]))
    shown = list(without_baselines(points)["model"].unique())
    base = {
        name: relative(at if isinstance(models[name], Combine) else at / BASE, desk.run_folder)
        for name, at in zip(shown, in_parallel(store.at, (models[n] for n in shown)), strict=True)
    }
    timed_on = _timed_on(folder)
    for row in merged.rows(list(kept["point"])).to_pandas().to_dict("records"):
        labels = desk.data.corpus.taxonomy(row["taxonomy"]).labels
        cuts_K = cuts_of_row(row, cuts.get(row["point"], {}), labels)
        model, target = models[row["model"]], folder / ARTIFACTS / row["point"]
        fresh = hidden_name(target)
        if isinstance(model, Combine):
            ship_ensemble(row, cuts_K, model, lambda stage: whole[key_of(stage)], fresh)
        else:
            ship_point(row, cuts_K, whole[key_of(model)], fresh)
        facts = {"cpu": cpu} if (cpu := timed_on.get(row["model"])) else {}
        give_card(fresh, row, corpus_sha256=desk.data.corpus.sha256, threads=1, **facts)
        if said := renew(fresh, target, {row["artifact_sha256"], *before.get(row["point"], ())}):
            console.print(f"artifacts/{said}", highlight=False, soft_wrap=True)
    others = {n: s for n, s in before.items() if n not in set(kept["point"])}
    clear_made(folder / ARTIFACTS, others, ours=set(kept["point"]))
    shipped = f"{ARTIFACTS}/" + points["point"]
    of_base = points["model"].map(base).fillna("")  # a baseline has no artifact
    return of_base.where(~points["point"].isin(kept["point"]), shipped)


def _shipped(folder: Path) -> dict[str, tuple[str, ...]]:
    """Point -> hash of its artifact, as the tables of an earlier start have it, of those that have
    a folder."""
    path, made = table_path(folder, "points"), artifacts_in(folder / ARTIFACTS)
    try:
        rows = read_rows(path, PointRow, KEYS["points"], "point", made)
    except ValueError:  # no table yet, or another version's
        return {}
    return {row["point"]: (row["artifact_sha256"],) for row in rows.to_pylist()}


def first_failure(desk: Desk) -> str:
    """What stopped the first thing that failed, in words."""
    files = part_files(desk.run_folder, "failures", desk.token)
    rows = read_table(files[0], FailureRow).to_pylist() if files else []
    return f"{rows[0]['stage']} failed with {rows[0]['error']}" if rows else "no trial ran"


def _refuse_damaged(desk: Desk, done: Compacted) -> None:
    """Drop damaged parts of tables, and refuse to go on without them (ValueError)."""
    if not done.damaged:
        return
    for path in done.damaged:
        drop_part(desk.run_folder, path)
    raise ValueError(
        f"parts of tables must be whole, got {len(done.damaged)} damaged ({done.errors[0]}): "
        "run the same command again, it makes them anew from the store"
    )


def predict(
    desk: Desk,
    answers: Mapping[str, PredictionSource],
    chosen: Collection[str],
    store: Store,
    folder: Path,
    console: Console,
) -> None:
    """Write `predictions`, of stages that are found whole or made again; say what it lacks."""
    why: dict[str, str] = {}
    for model, stages in kept_points(answers, chosen).items():
        for asked in [desk.stages.make(stage) for stage in stages]:
            if isinstance(made := asked.result(), Failed):
                why.setdefault(model, f"{made.stage} failed with {made.error}")
    for model in write_predictions(store, answers, chosen, folder):
        reason = why.get(model, "its logits were damaged meanwhile")
        console.print(
            f"[bold red]predictions lack {model}:[/] {escape(reason)}: run the same command again, "
            "it makes them anew",
            highlight=False,
            soft_wrap=True,
        )


def publish(
    desk: Desk,
    decided: Sequence[Decide],
    store: Store,
    console: Console,
    *,
    ensembles: Sequence[Combine] = (),
    also: Collection[str] = (),
    keep_texts: bool = False,
) -> None:
    """Merge the tables, ship the artifacts of the front, draw the report and say what to pick.

    ensembles: of the decided models. also: points to ship beside the front.
    keep_texts: whether the test texts become a table.
    """
    baselines = f"{BaselineModel.name}-"
    if all(part.startswith(baselines) for part in desk.written("points")):
        raise ValueError(
            f"a sweep needs at least one finished model, got none: {first_failure(desk)}"
        )
    models: dict[str, Model] = {id_of(d.compressed): d.compressed for d in decided}
    models |= {id_of(ensemble): ensemble for ensemble in ensembles}
    with landing(desk.run_folder) as folder:
        before = _shipped(folder)
        gather(desk.run_folder, folder)
        with merging(folder) as (done, merged):
            _refuse_damaged(desk, done)
            points = merged.frame(KNOWN)
            args = (desk, points, merged, models, store, folder, also, before, console)
            points["artifact"] = _ship(*args)
            answers = prediction_source(decided, ensembles)
            nearest = with_nearest(points, Resamples.of(store, answers))
            merged.write({"artifact": points["artifact"], **nearest})
        chosen = set(points.loc[_kept(points, also), "model"])
        predict(desk, answers, chosen, store, folder, console)
        if keep_texts:
            write_texts(desk.data.corpus, points["taxonomy"].unique(), folder)
        measured = set(points["model"]) | {id_of(m) for e in ensembles for m in e.compressed}
        specs = [row for row in spec_rows(decided, ensembles) if row.model in measured]
        write_table(specs, table_path(folder, "specs"), SpecRow)
        write_report(folder)
    say_ending(console, desk.run_folder, points, failures=done.rows["failures"])
