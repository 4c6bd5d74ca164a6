"""Techniques that promise a better F1, each against one baseline over several seeds."""

from collections.abc import Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from emoray.console.wording import count
from emoray.distributed import progress
from emoray.distributed.connection import connected
from emoray.distributed.resources import refuse_missing
from emoray.distributed.single_flight import Failed
from emoray.distributed.stages import Stages
from emoray.labels import TAXONOMIES, Taxonomy, derivable, taxonomy
from emoray.models.contrast import Contrast
from emoray.models.heads import Head
from emoray.models.losses import BCE, Focal
from emoray.models.objectives import Distilled, MoreTexts
from emoray.models.recipe import Recipe
from emoray.quant.scheme import FLOAT
from emoray.report.improvement import draw_improvements
from emoray.search.text_lengths import limit_sentences, reading
from emoray.search.translation import translate_for
from emoray.stages.compression import Score
from emoray.stages.distillation.at_hand import with_teachers
from emoray.stages.families.registry import FAMILIES
from emoray.stages.inputs import CorpusSummary, summarize_corpus
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Data, Decision, EncoderRef
from emoray.storage.location import Place, absolute, child, local_copy, staged_output
from emoray.storage.lock import alone_in
from emoray.storage.run_folder import record_inputs
from emoray.storage.store.keys import key_of
from emoray.storage.store.opening import open_store
from emoray.tables.files import write_table
from emoray.tables.improvement_rows import ImprovementRow, ImprovementSeedRow, RareLabelRow
from emoray.workflows.corpus import print_summary
from emoray.workflows.improve_predictions import technique_logits
from emoray.workflows.improve_rows import (
    BASELINE,
    About,
    Attempt,
    improvement_rows,
    improvement_summary,
    seed_rows,
)
from emoray.workflows.rare_labels import rare_label_rows, rare_label_summary
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.improve import AUGMENTATION, EVERY, Improve
from emoray.workflows.subsample import fewer

NEEDS = {
    "distillation": "texts, which a teacher reads",
    "distillation_transfer": "texts, which a teacher reads",
    "derived_decisions": "a finer taxonomy, whose labels are grouped",
    "joint_heads": "texts and a coarser taxonomy, whose labels are learned beside",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A technique on one family: its recipe, and the groups of seeds that are averaged."""

    name: str
    recipe: Recipe
    groups: tuple[tuple[int, ...], ...]
    derived: Taxonomy | None = None  # what a recipe of finer labels decides in

    def scores(self, data: Data) -> list[list[Score]]:
        """The stages that score, by group; ValueError where the data lack what is needed."""
        return [
            [
                deciding(training(replace(self.recipe, seed=s), data), FLOAT, (Decision(),)).scored
                for s in group
            ]
            for group in self.groups
        ]


def baseline_of(
    family: str, settings: Improve, dims: Sequence[int], encoders: Sequence[EncoderRef]
) -> Recipe:
    """Plain binary cross-entropy, all else as the searches have it."""
    assert settings.taxonomy is not None  # the corpus' own by now
    base, *_ = FAMILIES[family].start_recipes(settings.taxonomy, dims, encoders)
    return replace(base, loss=BCE(), epochs=settings.epochs or base.epochs)


def planned_techniques(
    family: str,
    settings: Improve,
    dims: Sequence[int],
    encoders: Sequence[EncoderRef] = (),
    among: Sequence[Taxonomy] = tuple(TAXONOMIES.values()),
) -> list[Planned]:
    """The baseline first, then the techniques asked for.

    Args:
        family: of the recipes.
        settings: which techniques, with how many seeds.
        dims: widths of the vectors at hand.
        encoders: those at hand.
        among: the corpus' taxonomies.

    Returns:
        The plans; of `all` techniques those that the labels allow.

    Raises:
        ValueError: a technique was named that the labels do not allow.
    """
    baseline = baseline_of(family, settings, dims, encoders)
    seeds = settings.seeds
    single = tuple((seed,) for seed in range(seeds))
    # An ensemble's first member is the baseline of its seed; the others are no one else's.
    more = settings.members - 1
    together = tuple((s, *range(seeds + s * more, seeds + (s + 1) * more)) for s in range(seeds))
    plans = {
        "focal_loss": Planned(
            name="focal_loss", recipe=replace(baseline, loss=Focal()), groups=single
        ),
        "weight_averaging": Planned(
            name="weight_averaging", recipe=replace(baseline, ema=settings.ema), groups=single
        ),
        "contrast": Planned(
            name="contrast",
            recipe=replace(baseline, auxiliary=Contrast(weight=settings.contrast_weight)),
            groups=single,
        ),
        "ensemble": Planned(name="ensemble", recipe=baseline, groups=together),
        **_between_taxonomies(baseline, among, settings.head_weight, single),
        **_taught(baseline, settings.teacher, single),
    }
    chosen = [n for n in settings.chosen if n != AUGMENTATION or settings.augments(family)]
    if AUGMENTATION in chosen:
        translated = replace(baseline, augmentation=settings.augmentation)
        plans[AUGMENTATION] = Planned(name=AUGMENTATION, recipe=translated, groups=single)
    first = Planned(name=BASELINE, recipe=baseline, groups=single)
    if missing := [n for n in settings.techniques if n != EVERY and n in NEEDS and n not in plans]:
        raise ValueError(
            f"{missing[0]} needs {NEEDS[missing[0]]}, got {baseline.taxonomy} among "
            f"{', '.join(map(str, among))}: name another --taxonomy, or leave it out"
        )
    return [first, *(plans[name] for name in chosen if name in plans)]


def _taught(
    baseline: Recipe, teacher: str, groups: tuple[tuple[int, ...], ...]
) -> dict[str, Planned]:
    """The techniques that have a teacher; none of features, which no teacher reads."""
    if not teacher or FAMILIES[baseline.family].of_features:
        return {}
    objectives = {
        "distillation": Distilled(teacher=teacher),
        "distillation_transfer": Distilled(teacher=teacher, transfer=MoreTexts()),
    }
    return {
        name: Planned(name=name, recipe=replace(baseline, objective=objective), groups=groups)
        for name, objective in objectives.items()
    }


def _between_taxonomies(
    baseline: Recipe,
    among: Sequence[Taxonomy],
    weight: float,
    groups: tuple[tuple[int, ...], ...],
) -> dict[str, Planned]:
    """The techniques that join taxonomies, as far as the corpus has coarser or finer ones."""
    own, found = taxonomy(baseline.taxonomy, among), {}
    finest = max(among, key=lambda each: len(each.labels))
    for derived in derivable(finest, [own]):
        found["derived_decisions"] = Planned(
            name="derived_decisions",
            recipe=replace(baseline, taxonomy=finest.name),
            groups=groups,
            derived=derived,
        )
    heads = tuple(Head(each.name, weight) for each in derivable(own, among))
    if heads and not FAMILIES[baseline.family].of_features:
        found["joint_heads"] = Planned(
            name="joint_heads", recipe=replace(baseline, heads=heads), groups=groups
        )
    return found


def _make(stages: Stages, scores: Sequence[Score], console: Console) -> None:
    """Make all logits, each once; ValueError names the first that failed."""
    failed = []
    with progress.following(stages, len(scores), console):
        asked = {stages.make(score): score for score in scores}
        for done in as_completed(asked):
            if isinstance(made := done.result(), Failed):
                failed.append(made)
            stages.count_model(key_of(asked[done]), 0, 0.0)
    if failed:
        raise ValueError(
            f"every training must succeed to be compared, {len(failed)} of {len(scores)} did not: "
            f"{failed[0].stage} failed with {failed[0].error}: run the same command again, what "
            "is finished is kept"
        )


def _found(family: str, settings: Improve) -> CorpusSummary:
    return summarize_corpus(
        settings.taxonomy,
        None if settings.data is None else local_copy(settings.data),
        corpus=settings.corpus,
        download=settings.download,
        encoders=(settings.encoder_name,) if FAMILIES[family].needs_encoders else (),
    )


def _cut(found: CorpusSummary, settings: Improve, folder: Path) -> CorpusSummary:
    """The same with as many train texts as are asked for."""
    if settings.texts is None or settings.texts >= found.train:
        return found
    return fewer(found, found.taxonomy.name, settings.texts, folder)


def _answers(
    settings: Improve, looks: Mapping[str, CorpusSummary], folder: Path, console: Console
) -> dict[str, list[Attempt]]:
    """Every attempt with its logits, the baseline of each family first."""
    plans = {
        family: [
            replace(plan, recipe=reading(found, plan.recipe, settings.max_tokens))
            for plan in planned_techniques(
                family,
                settings,
                found.dims,
                found.data.encoders,
                found.data.corpus.taxonomies,
            )
        ]
        for family, found in looks.items()
    }
    looks = {
        family: replace(
            found, data=with_teachers(found.data, [plan.recipe for plan in plans[family]])
        )
        for family, found in looks.items()
    }
    read = [
        line
        for family, found in looks.items()
        for line in limit_sentences(found, [plan.recipe for plan in plans[family]])
    ]
    asked = {
        family: [plan.scores(looks[family].data) for plan in found]
        for family, found in plans.items()
    }
    each = dict.fromkeys(
        score for found in asked.values() for groups in found for group in groups for score in group
    )
    console.print(
        f"{count(len(each), 'training')}: {', '.join(looks)}, {count(settings.seeds, 'seed')}, "
        f"{settings.taxonomy}",
        *read,
        sep="\n",
        highlight=False,
        soft_wrap=True,
    )
    store = open_store(settings.store_place)
    with connected(settings.cluster):
        refuse_missing(settings.gpus_per_stage, settings.cluster)
        for family, found in looks.items():
            store.share(found.data)
            recipes = [plan.recipe for plan in plans[family]]
            translate_for(recipes, found.data, store=store.place, console=console)
        with Stages(store.place, gpus=settings.gpus_per_stage) as stages:
            _make(stages, list(each), console)
    return {
        family: [
            Attempt(
                name=plan.name,
                family=family,
                recipe=plan.recipe,
                members=len(plan.groups[0]),
                by_seed=tuple(technique_logits(group, store, plan.derived) for group in groups),
            )
            for plan, groups in zip(plans[family], asked[family], strict=True)
        ]
        for family in looks
    }


def run_improve(settings: Improve, console: Console | None = None) -> Place:
    """Compare techniques; write `improvements`, `improvement_seeds`, a figure and a summary.

    ValueError for a mistake in settings or data, before any worker starts.

    Args:
        settings: which techniques on which families.
        console: the terminal.

    Returns:
        The run's folder.
    """
    console = console or Console()
    settings.ready()
    looks = {family: _found(family, settings) for family in settings.families}
    first = looks[settings.families[0]]
    if settings.corpus is not None:
        print_summary(first.source, console)
    inputs = {"job": "jobs.improve_f1"}
    for found in looks.values():
        inputs |= found.inputs
    place = absolute(free_place(settings.lands, inputs, console))
    open_store(settings.store_place)  # refused here, before a folder is made
    with alone_in(place) as still_alone, staged_output(place) as folder:
        record_inputs(place, inputs, settings.shown_settings)
        looks = {family: _cut(found, settings, folder) for family, found in looks.items()}
        first = looks[settings.families[0]]
        settings = replace(settings, taxonomy=first.taxonomy.name)
        answers = _answers(settings, looks, folder, console)
        rows: list[ImprovementRow] = []
        rare: list[RareLabelRow] = []
        for family, attempts in answers.items():
            about = About(
                corpus=looks[family].data.corpus.name,
                taxonomy=first.taxonomy.name,
                labels=first.taxonomy.labels,
                train_texts=looks[family].train,
            )
            rows += improvement_rows(attempts[1:], attempts[0], about)
            train_K = looks[family].data.corpus.read(first.taxonomy.name).train.labels_NK.sum(0)
            rare += rare_label_rows(attempts[1:], attempts[0], about, train_K)
        seeds = list(seed_rows([a for attempts in answers.values() for a in attempts]))
        still_alone()
        write_table(rows, folder / "improvements.parquet", ImprovementRow)
        write_table(seeds, folder / "improvement_seeds.parquet", ImprovementSeedRow)
        write_table(rare, folder / "rare_labels.parquet", RareLabelRow)
        text = "\n\n".join([improvement_summary(rows), *rare_label_summary(rare)])
        (folder / "summary.md").write_text(f"{text}\n", "utf-8")
        figures = [child(place, f"figures/{path.name}") for path in draw_improvements(folder)]
    console.print(
        f"\n{text}\n",
        *(f"figure {figure}" for figure in figures),
        f"tables {place}/improvements.parquet, improvement_seeds.parquet, rare_labels.parquet",
        sep="\n",
        highlight=False,
        soft_wrap=True,
    )
    return place
