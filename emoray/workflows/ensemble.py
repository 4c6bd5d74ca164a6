"""The ensemble job: plan members, train them on actors, combine them in every way, report."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from emoray.distributed import progress
from emoray.distributed.actor_pool import Pool, StageLimits
from emoray.distributed.connection import connected
from emoray.distributed.resources import refuse_missing
from emoray.distributed.stages import Stages
from emoray.quant.scheme_names import pick
from emoray.search import members
from emoray.search.ensemble_plans import LEAST, PLANS, EnsemblePlan, bases_of
from emoray.search.text_lengths import limit_sentences, reading
from emoray.search.trials import RunContext
from emoray.stages.decisions import Decide
from emoray.stages.inputs import CorpusSummary, require_encoder, summarize_corpus
from emoray.stages.plan import deciding, training
from emoray.stages.predictions import keeps_texts
from emoray.stages.spec import RULES, Decision, Fitted
from emoray.storage.location import Place, absolute, local_copy
from emoray.storage.lock import alone_in
from emoray.storage.run_folder import record_inputs
from emoray.storage.store.cleanup import clear_leftovers
from emoray.storage.store.opening import open_store
from emoray.tables.parts import begin
from emoray.tables.version import versioned
from emoray.workflows import publish
from emoray.workflows.corpus import print_summary, warn_of_sample
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.ensemble import Ensemble

DECISIONS = tuple(Decision(temperature=t, rule=rule) for t in (Fitted(), 1.0) for rule in RULES)
# Of one training: nothing alive takes longer on two cores.
LIMITS = StageLimits(seconds=12 * 3600.0)


def _look(settings: Ensemble) -> CorpusSummary:
    """Find corpus, vectors and encoders."""
    data = None if settings.data is None else local_copy(settings.data)
    facts = summarize_corpus(
        settings.taxonomy, data, corpus=settings.corpus, download=settings.download
    )
    if not settings.encoders:
        return facts
    texts = facts.data.corpus.read(facts.taxonomy.name).dev.texts
    encoders = tuple(require_encoder(name, texts) for name in settings.encoders)
    return replace(facts, data=replace(facts.data, encoders=encoders))


def planned_members(settings: Ensemble, facts: CorpusSummary) -> tuple[EnsemblePlan, list[Decide]]:
    """Build the plan, and for every member the stage that decides on it alone.

    ValueError where the data at hand lack what a member needs.

    Args:
        settings: the plan, its size, how members are stored.
        facts: the data at hand.

    Returns:
        The plan and the stages.
    """
    bases = bases_of(
        settings.plan,
        facts.taxonomy.name,
        facts.dims,
        facts.data.encoders,
        settings.epochs,
        features=facts.data.corpus.of_features,
    )
    bases = tuple(reading(facts, base, settings.max_tokens) for base in bases)
    plan = PLANS[settings.plan](settings.members, bases)
    (scheme,) = pick([settings.scheme]).values()
    found = [deciding(training(r, facts.data), scheme, DECISIONS) for r in plan.recipes]
    return plan, found


def _announce(
    settings: Ensemble,
    run: Place,
    facts: CorpusSummary,
    plan: EnsemblePlan,
    read: Sequence[str],
    console: Console,
) -> None:
    corpus = facts.data.corpus
    warn_of_sample(facts.source, console)
    console.print(
        f"corpus {corpus.name} ({facts.train:,} / {facts.dev:,} / {facts.test:,} texts, "
        f"{facts.leaked} of test also in train) · taxonomy {facts.taxonomy} · plan {plan.name}, "
        f"{len(plan.recipes)} members, {settings.scheme}, {' and '.join(settings.combinations)} · "
        f"run {run}",
        *read,
        sep="\n",
        highlight=False,
        soft_wrap=True,
    )


def require_two(context: RunContext, alone: Sequence[Decide], asked: Sequence[Decide]) -> None:
    """Refuse (ValueError) to combine fewer than two models."""
    if len(alone) < LEAST:
        raise ValueError(
            f"an ensemble needs at least two finished members, got {len(alone)} of "
            f"{len(asked)}: {publish.first_failure(context)}"
        )


def run_ensemble(settings: Ensemble, console: Console | None = None) -> Place:
    """Train, combine, measure and report; or go on where a run of the same settings stopped.

    ValueError for a mistake in settings or data before any worker starts, and where fewer than two
    members could be made.

    Args:
        settings: which members, how stored and combined.
        console: the terminal.

    Returns:
        The run's place.
    """
    console = console or Console()
    started, clock, cpu = datetime.now(UTC), time.perf_counter(), time.process_time()
    facts = _look(settings)
    if settings.corpus is not None:
        print_summary(facts.source, console)
    plan, asked = planned_members(settings, facts)
    read = list(limit_sentences(facts, plan.recipes))
    settings.ready()
    inputs = versioned({"job": "jobs.ensemble", "plan": plan.name, **facts.inputs})
    run_place = absolute(free_place(settings.lands, inputs, console))
    with alone_in(run_place) as still_alone:
        record_inputs(run_place, inputs, settings.shown_settings)
        store = open_store(settings.store_place)
        clear_leftovers(store)
        with (
            connected(settings.cluster),
            Stages(store.place, gpus=settings.gpus_per_member) as stages,
        ):
            refuse_missing(settings.gpus_per_member, settings.cluster, "gpus_per_member")
            store.share(facts.data)
            _announce(settings, run_place, facts, plan, read, console)
            context = RunContext(
                stages=stages,
                run_folder=run_place,
                store=store.place,
                data=facts.data,
                token=begin(run_place),  # the store is the truth: parts are made from it again
            )
            ways = len(members.weighings(settings.combinations, len(asked)))
            with progress.following(stages, len(asked) + ways, console):
                trained = members.train_members(
                    context,
                    asked,
                    store=store,
                    pool=Pool(cpus=settings.cpus_per_member, gpus=settings.gpus_per_member),
                    limits=settings.limits or LIMITS,
                    console=console,
                )
                alone = members.measured(context, trained.members)
                require_two(context, alone, asked)
                ensembles = members.ensembles_of(alone, settings.combinations, plan=plan.name)
                together = members.combine_members(context, ensembles)
            searched = time.perf_counter() - clock
            members.time_members(context, alone, together, console)
            stages.refuse_full()
            start = publish.Start(
                search="ensemble",
                space=plan.name,
                taxonomy=facts.taxonomy.name,
                started=started,
                cpu_started=cpu,
                wall_seconds=time.perf_counter() - clock,
                search_seconds=searched,
                trials=len(asked),
                job="jobs.ensemble",
                by_pool=trained.done,
            )
            publish.record_start(context, facts, start)
            still_alone()
            publish.publish(
                context,
                alone,
                store,
                console,
                ensembles=[ensemble for ensemble, _ in together.made],
                also={point for _, point in together.best.values()},
                keep_texts=keeps_texts(settings.keep_texts, settings.corpus),
            )
        clear_leftovers(store)
    return run_place
