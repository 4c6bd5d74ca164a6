"""What the training of every family reads and leaves."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from emoray.data.auxiliary import auxiliary_labels
from emoray.labels import Taxonomy, coarser
from emoray.models.augmentation import NoAugmentation
from emoray.models.batches import PaddedTexts
from emoray.models.heads import with_heads
from emoray.models.outcome import Outcome
from emoray.models.recipe import Recipe
from emoray.stages.encoding import read_padded
from emoray.stages.spec import CorpusRef, recipe_id
from emoray.storage.store.keys import Stage, id_of
from emoray.tables.rows import TrainingRow

WEIGHTS = "weights.npz"  # of a finished training: its tensors by name
SETTINGS = "encoder.json"  # of a finished training: what an encoder's tensors do not say


def read_train(recipe: Recipe, text: Path, targets: Path | None = None) -> PaddedTexts:
    """Read the train texts that the recipe's sample draws, and transfer texts behind them.

    Args:
        recipe: whose sample is drawn.
        text: folder of its finished text stage.
        targets: folder of its finished `SoftTargets`; None where the true labels are learned.

    Returns:
        Texts with labels or targets.
    """
    train = read_padded(text, "train")
    texts = len(train.lengths_N)
    rows = recipe.sample.rows(train.labels_NK, recipe.seed)
    if targets is None:
        return train.taken(rows)
    soft = read_padded(targets, "train")
    return soft.taken(np.concatenate([rows, np.arange(texts, len(soft.lengths_N))]))


def read_joint_train(
    recipe: Recipe, text: Path, corpus: CorpusRef, targets: Path | None = None
) -> PaddedTexts:
    """The same, with the labels of the recipe's heads beside its own."""
    train = read_train(recipe, text, targets)
    if not recipe.heads:
        return train
    labels_of = {
        each.name: each.project(train.labels_NK) for each in head_taxonomies(recipe, corpus)
    }
    every_NK = read_padded(text, "train").labels_NK
    rows = recipe.sample.rows(every_NK, recipe.seed)
    for head in recipe.heads:
        if head.taxonomy in corpus.heads:
            further = auxiliary_labels(corpus.folder, head.taxonomy, len(every_NK))
            labels_of[head.taxonomy] = further.labels_NH[rows]
    labels_NK, weights_K = with_heads(train.labels_NK, recipe.heads, labels_of)
    return replace(train, labels_NK=labels_NK, weights_K=weights_K)


def head_taxonomies(recipe: Recipe, corpus: CorpusRef) -> tuple[Taxonomy, ...]:
    """The taxonomies of a recipe's heads, over its own labels; without auxiliary labels.

    Args:
        recipe: whose heads they are.
        corpus: that it learns.

    Returns:
        Each coarser than the recipe's own.

    Raises:
        ValueError: a head is of a finer taxonomy, or of auxiliary labels that rewritten texts lack.
    """
    auxiliary = [head.taxonomy for head in recipe.heads if head.taxonomy in corpus.heads]
    if auxiliary and recipe.augmentation != NoAugmentation():
        raise ValueError(
            f"auxiliary labels are of the texts of train alone, got the head {auxiliary[0]} with "
            f"{recipe.augmentation}: leave one of the two out"
        )
    known = [*(each.name for each in corpus.taxonomies), *corpus.heads]
    if strange := [head.taxonomy for head in recipe.heads if head.taxonomy not in known]:
        raise ValueError(
            f"a head is of {', '.join(known)}, got {strange[0]!r}: name one of these, or import "
            "the corpus with --auxiliary-column"
        )
    return tuple(
        coarser(corpus.taxonomy(head.taxonomy), corpus.taxonomy(recipe.taxonomy))
        for head in recipe.heads
        if head.taxonomy not in auxiliary
    )


def read_tensors(folder: Path) -> dict[str, np.ndarray]:
    """The tensors of a finished training, by name."""
    with np.load(folder / WEIGHTS, allow_pickle=False) as data:
        return dict(data)


def training_rows(stage: Stage, recipe: Recipe, trained: Outcome) -> list[TrainingRow]:
    """The epochs of a training as rows of `trainings`."""
    return [
        TrainingRow(
            training_id=id_of(stage),
            recipe=recipe_id(recipe),
            taxonomy=recipe.taxonomy,
            seed=recipe.seed,
            kept=epoch.epoch == trained.kept,
            **asdict(epoch),
        )
        for epoch in trained.epochs
    ]
