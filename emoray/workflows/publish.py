"""After the search: merge tables, ship what matters, draw the report."""

import json
import shlex
import sys
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import ray
from rich.console import Console
from rich.markup import escape

from emoray.distributed.single_flight import Failed
from emoray.labels import coarser
from emoray.models.recipe import Recipe
from emoray.provenance import provenance
from emoray.report.page import write_report
from emoray.search.trials import RunContext
from emoray.stages.baselines import BaselineModel
from emoray.stages.decisions import Decide
from emoray.stages.derived_decisions import groups_of_run
from emoray.stages.deriving import groups_of
from emoray.stages.ensembles import Combine
from emoray.stages.inputs import CorpusSummary
from emoray.stages.plan import deriving
from emoray.stages.predictions import (
    PredictionSource,
    Resamples,
    kept_points,
    prediction_source,
    write_predictions,
    write_texts,
)
from emoray.stages.spec_json import spec_rows
from emoray.storage.location import staged_output
from emoray.storage.store.keys import id_of
from emoray.storage.store.local import Done, Store
from emoray.tables.compact import Compacted, merging
from emoray.tables.evidence_rows import SpecRow
from emoray.tables.files import read_table, write_table
from emoray.tables.nearest import with_nearest
from emoray.tables.parts import (
    drop_part,
    gather,
    part_files,
    table_path,
)
from emoray.tables.rows import FailureRow, RunRow
from emoray.tables.taxonomy_rows import TaxonomyRow
from emoray.workflows.ending import print_ending
from emoray.workflows.ship_front import Model, Shipping, ship_rows, shipped_before

# Columns that are read of every point when a search ends; shipped points are read whole.
KNOWN = (
    *("point", "model", "derived_from", "corpus", "taxonomy", "family", "recipe", "on_front"),
    "size_bytes",
    *("temperature_rule", "dev_macro_f1", "test_macro_f1", "test_macro_f1_low"),
    *("test_macro_f1_high", "latency_p50_ms"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of the job, for the `runs` table.

    Attributes:
        search: grid, joint or ensemble.
        space: name of the search space.
        space_form: the space as YAML.
        taxonomy: whose labels are learned.
        trials: how many.
        started: UTC.
        wall_seconds: so far.
        search_seconds: of these, the search.
        cpu_started: the driver's processor time when it began.
        job: module of the job.
        by_pool: stages that the actors of a pool made or found.
    """

    search: str
    space: str
    taxonomy: str
    trials: int
    started: datetime
    wall_seconds: float
    search_seconds: float
    cpu_started: float
    space_form: str = ""
    job: str = "jobs.sweep"
    by_pool: tuple[Done, ...] = ()


def record_start(context: RunContext, facts: CorpusSummary, start: Start) -> None:
    """Write this start into `runs`; earlier starts stay."""
    status = context.stages.status()
    starts = [v.sha256 for v in facts.data.vectors] + [e.sha256 for e in facts.data.encoders]
    made = [done for done in start.by_pool if not done.cached]
    cpu_seconds = status.cpu_seconds + sum(done.cpu_seconds for done in made)
    row = RunRow(
        run=context.run_folder.name,
        command=shlex.join(["python", "-m", start.job, *sys.argv[1:]]),
        search=start.search,
        space=start.space,
        space_form=start.space_form,
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
    context.write([row], "runs", row.started.replace(":", "").replace("+", "_"))


def record_taxonomies(context: RunContext, own: str, recipes: Iterable[Recipe]) -> None:
    """Write the taxonomies that rows of the run decide in.

    Args:
        context: the run.
        own: the job's taxonomy.
        recipes: of the search, of other taxonomies too.
    """
    corpus = context.data.corpus
    learned = dict.fromkeys([own, *(recipe.taxonomy for recipe in recipes)])
    fine = corpus.taxonomy(own)
    others = {name: coarser(corpus.taxonomy(name), fine) for name in learned if name != own}
    others |= {taxonomy.name: taxonomy for taxonomy in context.derived}
    rows = [
        TaxonomyRow(
            corpus=corpus.name,
            taxonomy=each.name,
            labels=json.dumps(each.labels),
            finer="" if each is fine else own,
            groups="" if each is fine else json.dumps(groups_of(each)),
        )
        for each in (fine, *others.values())
    ]
    context.write(rows, "taxonomies", "taxonomies")


def first_failure(context: RunContext) -> str:
    """The first failure in a sentence."""
    files = part_files(context.run_folder, "failures", context.token)
    rows = read_table(files[0], FailureRow).to_pylist() if files else []
    return f"{rows[0]['stage']} failed with {rows[0]['error']}" if rows else "no trial ran"


def _refuse_damaged(context: RunContext, done: Compacted) -> None:
    """Delete damaged parts of tables, and refuse to go on without them (ValueError)."""
    if not done.damaged:
        return
    for path in done.damaged:
        drop_part(context.run_folder, path)
    raise ValueError(
        f"parts of tables must be whole, got {len(done.damaged)} damaged ({done.errors[0]}): "
        "run the same command again, it makes them anew from the store"
    )


def predict(
    context: RunContext,
    sources: Mapping[str, PredictionSource],
    chosen: Collection[str],
    store: Store,
    folder: Path,
    console: Console,
) -> None:
    """Write `predictions` of stages that are found whole or made again; print what it lacks."""
    why: dict[str, str] = {}
    for model, source in kept_points(sources, chosen).items():
        for asked in [context.stages.make(stage) for stage in (source.logits, source.text)]:
            if isinstance(made := asked.result(), Failed):
                why.setdefault(model, f"{made.stage} failed with {made.error}")
    for model in write_predictions(store, sources, chosen, folder):
        reason = why.get(model, "its logits were damaged meanwhile")
        console.print(
            f"[bold red]predictions lack {model}:[/] {escape(reason)}: run the same command again, "
            "it makes them anew",
            highlight=False,
            soft_wrap=True,
        )


def publish(
    context: RunContext,
    decided: Sequence[Decide],
    store: Store,
    console: Console,
    *,
    ensembles: Sequence[Combine] = (),
    also: Collection[str] = (),
    keep_texts: bool = False,
) -> None:
    """Merge the tables, ship the artifacts of the front, draw the report and print the picks.

    Args:
        context: the run.
        decided: its models.
        store: of the stages.
        console: the terminal.
        ensembles: of the decided models.
        also: points to ship besides the front.
        keep_texts: whether the test texts become a table.

    Raises:
        ValueError: no model was finished, or a part of a table is damaged.
    """
    baselines = f"{BaselineModel.name}-"
    if all(part.startswith(baselines) for part in context.written("points")):
        raise ValueError(
            f"a sweep needs at least one finished model, got none: {first_failure(context)}"
        )
    models: dict[str, Model] = {id_of(d.compressed): d.compressed for d in decided}
    models |= {id_of(ensemble): ensemble for ensemble in ensembles}
    found = [deriving(decide, context.derived) for decide in decided]
    derived = [stage for stage in found if stage is not None]
    models |= {model: stage.compressed for stage in derived for model in stage.models}
    predictions = prediction_source(decided, ensembles, derived)
    with staged_output(context.run_folder) as folder:
        shipping = Shipping(
            context=context,
            store=store,
            models=models,
            folder=folder,
            before=shipped_before(folder),
        )
        gather(context.run_folder, folder, drop_damaged=True)
        with merging(folder) as (done, merged):
            _refuse_damaged(context, done)
            points = merged.frame(KNOWN)
            kept = points["on_front"] | points["point"].isin(set(also))  # picks are of the front
            points["artifact"] = ship_rows(shipping, merged, points, kept, console)
            nearest = with_nearest(points, Resamples.of(store, predictions))
            merged.write({"artifact": points["artifact"], **nearest})
        predict(context, predictions, set(points.loc[kept, "model"]), store, folder, console)
        if keep_texts:
            groups = groups_of_run(derived)
            write_texts(context.data.corpus, points["taxonomy"].unique(), folder, groups)
        measured = set(points["model"]) | {id_of(m) for e in ensembles for m in e.compressed}
        specs = [row for row in spec_rows(decided, ensembles, derived) if row.model in measured]
        write_table(specs, table_path(folder, "specs"), SpecRow)
        write_report(folder)
    print_ending(
        console,
        context.run_folder,
        points,
        failures=done.rows["failures"],
        first=context.taxonomy,
    )
