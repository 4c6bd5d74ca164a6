"""From a recipe and a scheme to the chain of stages that measures them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from emoray.labels import Taxonomy
from emoray.models.augmentation import NoAugmentation
from emoray.models.encoder.extra import require_bert
from emoray.models.objectives import Distilled, MoreTexts, Supervised
from emoray.models.recipe import Recipe
from emoray.models.sampling import LeaveOut, Shots
from emoray.quant.catalogue import float_baseline
from emoray.quant.policy import Scheme
from emoray.quant.scheme import FLOAT, ModelScheme
from emoray.stages.augmentation import augmenting
from emoray.stages.comparisons import CompareWithParent
from emoray.stages.compression import Compress, Score
from emoray.stages.decisions import Decide
from emoray.stages.derived_decisions import DecideDerived
from emoray.stages.distillation.refs import TeacherRef
from emoray.stages.distillation.targets import SoftTargets
from emoray.stages.distillation.teachers import CrossFittedLogits, TeacherLogits
from emoray.stages.distillation.texts import TrainTexts, TransferTexts
from emoray.stages.families.protocol import Family, TextStage, TrainStage
from emoray.stages.families.registry import FAMILIES
from emoray.stages.pruning import left_of
from emoray.stages.qat import QuantizationAwareTraining
from emoray.stages.shots import by_fold, on_shots
from emoray.stages.spec import Data, Decision, distinct
from emoray.stages.trained import head_taxonomies


def require_readable(family: Family[Any, Any], data: Data) -> None:
    """Refuse (ValueError) recipes of texts on a corpus of features, and the other way round."""
    corpus, name = data.corpus, family.recipe.family
    if family.of_features == corpus.of_features:
        return
    if corpus.of_features:
        raise ValueError(
            f"{name} recipes read texts, got the corpus {corpus.name} of features: choose --space "
            "features (of jobs.improve_f1 --family features), or bring a corpus of texts"
        )
    raise ValueError(
        f"{name} recipes read rows of features, got the corpus {corpus.name} of texts: bring "
        "features with --corpus FILE --feature-column NAME, or make some of texts with python -m "
        "jobs.embed"
    )


def training(recipe: Recipe, data: Data) -> TrainStage:
    """Build the training stage of a recipe; all schemes and decisions share it.

    ValueError where the data at hand lack what the recipe needs.

    Args:
        recipe: what to train.
        data: corpus, vectors, encoders, translators and teachers at hand.

    Returns:
        The training, with the stages that it reads.
    """
    require_readable(FAMILIES[recipe.family], data)
    head_taxonomies(recipe, data.corpus)  # refused here, not by a worker
    train = FAMILIES[recipe.family].train_stage(recipe, data)
    if isinstance(recipe.objective, Supervised):
        return on_shots(train)
    targets = _soft_targets(recipe, recipe.objective, train.text, data)
    return on_shots(replace(train, targets=targets))  # type: ignore[type-var]


def _soft_targets(recipe: Recipe, objective: Distilled, text: TextStage, data: Data) -> SoftTargets:
    """What a student learns: its teacher on train, and on transfer texts where it asks for some."""
    teacher, made = data.teacher(objective.teacher), objective.transfer
    train = TrainTexts(
        corpus=data.corpus, taxonomy=recipe.taxonomy, augment=augmenting(recipe, data)
    )
    more = None
    if isinstance(made, MoreTexts):
        own = data.texts(made.unlabelled) if made.unlabelled else None
        more = TransferTexts(corpus=data.corpus, made=made, unlabelled=own, folds=objective.folds)

    def logits(texts: TrainTexts | TransferTexts) -> TeacherLogits | CrossFittedLogits:
        if objective.folds == 1:
            return TeacherLogits(teacher=teacher, texts=texts, taxonomy=recipe.taxonomy)
        return CrossFittedLogits(
            compressed=_by_folds(teacher, recipe.taxonomy, objective, data),
            texts=texts,
            folds=objective.folds,
        )

    return SoftTargets(
        text=text,
        hard=objective.hard,
        temperature=objective.temperature,
        train=logits(train),
        transfer=None if more is None else logits(more),
        texts=more,
    )


def _by_folds(
    teacher: TeacherRef, taxonomy: str, objective: Distilled, data: Data
) -> tuple[Compress, ...]:
    """The teacher's trainings anew in float32, each once without each fold; not augmented."""
    if not teacher.recipes:
        raise ValueError(
            f"a teacher that is trained by folds is a point of a run, got {objective.teacher}, "
            "which does not say how it was trained: name RUN:POINT, or leave folds at 1"
        )
    found = []
    for recipe in teacher.recipes:
        if isinstance(recipe.sample, Shots):
            raise ValueError(
                f"a teacher of a few shots has not learned the other texts of train, got folds for "
                f"{recipe.sample}: leave folds at 1"
            )
        for fold in range(objective.folds):
            left_out = replace(
                recipe,
                taxonomy=taxonomy,
                sample=LeaveOut(fold=fold, folds=objective.folds),
                augmentation=NoAugmentation(),
            )
            train = training(left_out, data)
            found.append(Compress(trained=train, text=train.text, scheme=FLOAT))
    return tuple(found)


def compressing(train: TrainStage, text: TextStage, scheme: Scheme) -> Compress:
    """Build the stage that stores a training under a scheme, with the stages before it.

    Pruning comes first, then quantization-aware training.

    Args:
        train: the training.
        text: its texts.
        scheme: how the model is stored.

    Returns:
        The stage. ValueError where a library is not installed that the scheme needs, or models of
        the family have nothing of what it prunes.
    """
    left = None
    if scheme.prune is not None:
        require_bert()
        found = left_of(train, text, scheme.prune)
        left, text = found.model, found.text
    refined = None
    if isinstance(scheme, ModelScheme) and scheme.qat is not None:
        require_bert()
        # Targets hold ids of the words of the training: of a pruned model labels alone are learned.
        targets = train.targets if left is None else None
        refined = QuantizationAwareTraining(
            trained=train, text=text, scheme=scheme, left=left, targets=targets
        )
    return Compress(trained=train, text=text, scheme=scheme, refined=refined, left=left)


def deciding(train: TrainStage, scheme: Scheme, decisions: tuple[Decision, ...]) -> Decide:
    """Build the stage that decides on one model, with the stages before it.

    Args:
        train: the training.
        scheme: how the model is stored.
        decisions: of those that decide alike one is kept.

    Returns:
        The stage.

    Raises:
        ValueError: the scheme cannot be had, see `compressing`, or prunes what is calibrated on
            its shots.
    """
    compressed = compressing(train, train.text, scheme)
    without = by_fold(train)
    if without and scheme.prune is not None:
        raise ValueError(
            f"a model that is calibrated on its shots is not pruned, as each fold would be pruned "
            f"otherwise, got {train.recipe.sample} under {scheme}: calibrate on dev, or leave one "
            "of the two out"
        )
    scored = Score(
        compressed=compressed,
        text=compressed.text,
        folds=tuple(compressing(each, each.text, scheme) for each in without),
    )
    return Decide(
        scored=scored, compressed=compressed, text=compressed.text, decisions=distinct(decisions)
    )


def float_parent(decide: Decide) -> Decide:
    """Build the float model that a model is compared with, under the same decisions.

    For quantization-aware training the float training goes on for as long, so that more epochs are
    not taken for an effect of the codes. The parent of a pruned model is whole.

    Args:
        decide: of the model.

    Returns:
        Its float parent; a float model is its own.
    """
    return deciding(
        decide.compressed.trained, float_baseline(decide.compressed.scheme), decide.decisions
    )


def comparing(decide: Decide) -> CompareWithParent | None:
    """Build the comparison of a model with its float parent; None for one that is its own."""
    parent = float_parent(decide)
    return None if parent == decide else CompareWithParent.of(decide, parent)


def deriving(decide: Decide, taxonomies: Iterable[Taxonomy]) -> DecideDerived | None:
    """Build the stage that decides in coarser taxonomies on a model's logits.

    Args:
        decide: the decisions in its own labels.
        taxonomies: members are places among the labels that they group.

    Returns:
        The stage; None where none of them groups the model's labels.
    """
    labels = decide.text.corpus.taxonomy(decide.compressed.trained.recipe.taxonomy).labels
    wanted = [taxonomy for taxonomy in taxonomies if taxonomy.of == labels]
    return DecideDerived.of(decide, wanted) if wanted else None
