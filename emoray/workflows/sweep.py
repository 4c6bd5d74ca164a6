"""The main job: look at the data, search, time artifacts alone, ship what matters, report."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from emoray.console.progress import progress
from emoray.console.wording import count
from emoray.distributed.actor_pool import StageLimits
from emoray.distributed.connection import connected
from emoray.distributed.progress import following
from emoray.distributed.resources import refuse_missing
from emoray.distributed.stages import Stages
from emoray.models.encoder.recipe import DEFAULT_ENCODER
from emoray.search import baselines, study_backup, teaching, timing, translation, tune
from emoray.search.budget import Spending
from emoray.search.deriving import NONE, derived_taxonomies, with_heads
from emoray.search.form.own_space import in_taxonomy, own_space
from emoray.search.form.printing import as_yaml
from emoray.search.form.space_form import form_digest
from emoray.search.joint_space import JointSpace
from emoray.search.overrides import (
    encoders_needed,
    encoders_of,
    features_needed,
    named_space,
    own_vectors,
    starts_from_given,
)
from emoray.search.space_files import is_own
from emoray.search.spaces import Space
from emoray.search.taxonomies import compare_taxonomies
from emoray.search.text_lengths import limit_sentences, space_reading
from emoray.search.trials import RunContext
from emoray.search.warm_start import KnownPoint, known_points
from emoray.stages.decisions import Decide
from emoray.stages.distillation.at_hand import with_teachers
from emoray.stages.inputs import CorpusSummary, summarize_corpus
from emoray.stages.predictions import keeps_texts
from emoray.storage.location import Place, absolute, child, local_copy, staged_output
from emoray.storage.lock import alone_in
from emoray.storage.run_folder import RunFolder, record_inputs
from emoray.storage.store.cleanup import clear_leftovers
from emoray.storage.store.opening import open_store
from emoray.tables.parts import begin
from emoray.tables.version import versioned
from emoray.workflows import publish
from emoray.workflows.corpus import print_summary, warn_of_sample
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.sweep import Sweep

READING_SECONDS = 5.0  # between two lines of a log: nothing was said before


def _inputs(sweep: Sweep, facts: CorpusSummary) -> dict[str, str]:
    """Digests of the run's inputs: with other inputs it is another run."""
    given = [v.sha256 for v in facts.data.vectors] if sweep.vector_files else []
    teachers = [ref.sha256 for _, ref in facts.data.teachers]
    taught_by = [*teachers, *(ref.sha256 for _, ref in facts.data.unlabelled)]
    return {
        "job": "jobs.sweep",
        "space": sweep.space,
        **facts.inputs,
        "vectors": " ".join(given) or "those at hand",
        **({"teachers": " ".join(taught_by)} if taught_by else {}),
    }


def _own_space(sweep: Sweep) -> Space | JointSpace | None:
    """The space of the user's own file; None where one is asked for by name."""
    if not is_own(sweep.space):
        return None
    return sweep.overrides.own(own_space(sweep.space), sweep.trials)


def _encoders(sweep: Sweep, own: Space | JointSpace | None) -> tuple[str, ...]:
    if own is not None:
        given = {place.rstrip("/").rpartition("/")[2]: place for place in sweep.encoders}
        others = [name for name in encoders_of(own) if name not in {*given, *sweep.encoders}]
        return (*sweep.encoders, *others)
    if not encoders_needed(sweep.space):
        if sweep.encoders:
            raise ValueError(
                f"encoders are for the bert spaces, got {', '.join(sweep.encoders)} with space "
                f"{sweep.space}: add --space bert, or leave --encoder out"
            )
        return ()
    return sweep.encoders or (DEFAULT_ENCODER,)


def _vector_files(sweep: Sweep, own: Space | JointSpace | None) -> tuple[Place, ...] | None:
    """Files named by the user; () where none are needed, None for those at hand."""
    if own is None:
        others = encoders_needed(sweep.space) or features_needed(sweep.space)
        needed = sweep.overrides.needs_given and not others
    else:
        needed = starts_from_given(own)
    if sweep.vector_files and not needed:
        raise ValueError(
            f"--vectors-file is for recipes that start from given vectors, got "
            f"{', '.join(map(str, sweep.vector_files))} and no such recipe: leave it out, or add "
            "--vectors given"
        )
    if sweep.download_vectors and sweep.vector_files:
        raise ValueError("--download-vectors and --vectors-file exclude each other, got both")
    return sweep.vector_files or (None if needed else ())


def _lands(sweep: Sweep, own: Space | JointSpace | None) -> RunFolder:
    """The run's folder; what a file holds is a setting of the run that is called after it."""
    if own is None:
        return sweep.lands
    settings = {**sweep.lands.settings, "space": form_digest(own)[:12]}
    return replace(sweep.lands, settings=settings)


def _in_taxonomies(sweep: Sweep, space: Space | JointSpace) -> Space | JointSpace:
    """The space, in the taxonomies that the command line names besides the job's."""
    space = replace(space, derive=sweep.derive or space.derive)
    if isinstance(space, JointSpace):
        if sweep.native or sweep.heads:
            raise ValueError(
                "a grid is trained in further taxonomies and with heads, got --native or --head "
                "with a joint search: leave it out, or write heads into its recipe"
            )
        return space
    native = tuple(name for name in sweep.native if name != NONE)
    return with_heads(replace(space, native=native if sweep.native else space.native), sweep.heads)


def _announce(
    run: Place,
    facts: CorpusSummary,
    space: Space | JointSpace,
    read: Sequence[str],
    console: Console,
) -> None:
    corpus = facts.data.corpus
    warn_of_sample(facts.source, console)
    encoders = [e.name for e in facts.data.encoders]
    start = "encoders" if encoders else "vectors"
    given = [v.source.name for v in facts.data.vectors]
    starts = [*encoders, *given, *own_vectors(space)]
    if corpus.of_features:
        start, starts = "features", [str(max(corpus.dims))]
    console.print(
        f"corpus {corpus.name} ({facts.train:,} / {facts.dev:,} / {facts.test:,} texts, "
        f"{facts.leaked} of test also in train) · taxonomy {facts.taxonomy} · {start} "
        f"{', '.join(starts)} · {count(space.models, 'model')} to measure · "
        f"run {run}",
        *read,
        sep="\n",
        highlight=False,
        soft_wrap=True,
    )


def _warm(sweep: Sweep, space: Space | JointSpace, facts: CorpusSummary) -> list[KnownPoint]:
    """Points of earlier runs that a joint search begins with; ValueError for none."""
    if not sweep.warm_start:
        return []
    if isinstance(space, Space):
        raise ValueError(
            f"a joint search learns from an earlier run, got --warm-start with a grid, which "
            f"visits all ({sweep.space}): add --space joint, or leave it out"
        )
    return [point for place in sweep.warm_start for point in known_points(place, space, facts)]


def _search(
    space: Space | JointSpace,
    context: RunContext,
    console: Console,
    warm: Sequence[KnownPoint],
    spending: Spending,
) -> list[Decide]:
    """Search; return the stages of all models."""
    planned = None
    if isinstance(space, Space):
        planned = tune.stages_of(tune.planned_grid(space, context.data), context.derived)
    with following(context.stages, space.models, console, planned):
        if isinstance(space, Space):
            return tune.search_grid(space, context, spending)
        place = child(context.run_folder, "_tune")
        with (
            staged_output(place, only=[tune.STUDY]) as folder,
            study_backup.copied(folder / tune.STUDY, place),
        ):
            return tune.search_joint(space, context, folder, warm=warm, spending=spending)


def run_sweep(sweep: Sweep, console: Console | None = None) -> Place:
    """Run or continue a sweep.

    ValueError for a mistake in the settings or the data, before any worker starts.

    Args:
        sweep: what to search, on what data.
        console: the terminal.

    Returns:
        The run's folder.
    """
    console = console or Console()
    started, clock, cpu = datetime.now(UTC), time.perf_counter(), time.process_time()
    own, narrowing = _own_space(sweep), sweep.narrowing
    encoders, vector_files = _encoders(sweep, own), _vector_files(sweep, own)
    with progress(console, "reading corpus and vectors", every=READING_SECONDS):
        facts = summarize_corpus(
            sweep.taxonomy,
            local_copy(sweep.data) if sweep.data else None,
            corpus=sweep.corpus,
            download=sweep.download,
            download_vectors=sweep.download_vectors,
            encoders=encoders,
            vector_files=vector_files,
            vectors_too=own is not None,
        )
    if sweep.corpus is not None:
        print_summary(facts.source, console)
    space = (
        in_taxonomy(own, facts.taxonomy.name)
        if own is not None
        else named_space(
            sweep.space,
            facts.taxonomy.name,
            facts.dims,
            encoders=facts.data.encoders,
            trials=sweep.trials,
            overrides=sweep.overrides,
        )
    )
    space = teaching.taught(narrowing.of(space), sweep.teachers, sweep.unlabelled)
    space = _in_taxonomies(sweep, space)
    known = facts.data.corpus.taxonomies
    derived = derived_taxonomies(space.derive, facts.taxonomy, known)
    if isinstance(space, Space):
        derived_taxonomies(space.native, facts.taxonomy, known)  # a finer one is refused here
    space = space_reading(facts, space, sweep.max_tokens)
    recipes = space.every_recipe if isinstance(space, Space) else space.recipes
    read = list(limit_sentences(facts, recipes))
    data = with_teachers(translation.with_translators(facts.data, recipes), recipes)
    facts = replace(facts, data=data)
    tune.planned(space, facts.data)  # refused here, before any worker starts
    warm = _warm(sweep, space, facts)
    sweep.ready()
    inputs, lands = versioned(_inputs(sweep, facts)), _lands(sweep, own)
    run_folder = absolute(free_place(lands, inputs, console))
    with alone_in(run_folder) as still_alone:
        record_inputs(run_folder, inputs, lands.settings)
        store = open_store(sweep.store_place)  # refused here, before Ray
        store.share(facts.data)
        clear_leftovers(store)
        with (
            connected(sweep.cluster),
            Stages(
                store.place,
                limits=StageLimits(seconds=60 * sweep.stage_minutes),
                gpus=sweep.gpus_per_stage,
            ) as stages,
        ):
            refuse_missing(sweep.gpus_per_stage, sweep.cluster)
            _announce(run_folder, facts, space, read, console)
            translation.translate_for(recipes, facts.data, store=store.place, console=console)
            context = RunContext(
                stages=stages,
                run_folder=run_folder,
                store=store.place,
                data=facts.data,
                token=begin(run_folder),  # the store is the truth: parts are made from it again
                taxonomy=facts.taxonomy.name,
                derived=derived,
            )
            searching = time.perf_counter()
            learned = dict.fromkeys(
                [facts.taxonomy.name, *(r.taxonomy for r in recipes), *(t.name for t in derived)]
            )
            with baselines.with_baselines(context, tuple(learned)) as compared_with:
                spending = Spending(space.budget)
                decided = _search(space, context, console, warm, spending)
            if spending.ended_by:
                console.print(
                    f"the budget of {spending.ended_by} ended the search after "
                    f"{len({d.compressed.trained for d in decided})} of its trainings and "
                    f"{count(len(decided), 'model')}: the same command with a larger one goes on",
                    highlight=False,
                    soft_wrap=True,
                )
            searched = time.perf_counter() - searching
            translation.write_augmentations(context, recipes)
            teaching.write_transfer_texts(context, recipes)
            timing.time_models(context, decided, console, compared_with)
            compare_taxonomies(context, decided)
            stages.refuse_full()
            start = publish.Start(
                search="grid" if isinstance(space, Space) else "joint",
                space=sweep.space,
                space_form=as_yaml(space),
                taxonomy=facts.taxonomy.name,
                started=started,
                cpu_started=cpu,
                wall_seconds=time.perf_counter() - clock,
                search_seconds=searched,
                trials=space.trials,
            )
            publish.record_start(context, facts, start)
            publish.record_taxonomies(context, facts.taxonomy.name, recipes)
            still_alone()
            publish.publish(
                context,
                decided,
                store,
                console,
                keep_texts=keeps_texts(sweep.keep_texts, sweep.corpus),
            )
        clear_leftovers(store)
    return run_folder
