"""The contrastive loss against its definition, in every library that it is computed with.

Shapes: N texts, M candidates, D width, K labels.
"""

import emoray.models.word.tensorflow_process  # noqa: F401

# isort: split
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
import torch

from emoray.models.contrast import Contrast, NoAuxiliary, contrast_loss
from emoray.models.encoder.recipe import BertRecipe
from emoray.models.features.recipe import FeatureRecipe
from emoray.models.losses import NUMPY
from emoray.models.recipe import Recipe
from emoray.models.training import torch_ops
from emoray.models.word.keras_training import TENSORFLOW
from emoray.models.word.recipe import GloveRecipe, Max, Mean
from tests.models.word.made import TRAIN, WIDTH, WORDS, trained

TORCH = torch_ops(torch.device("cpu"))
RANDOM = np.random.default_rng(0)


def unit(rows: int) -> np.ndarray:
    found = RANDOM.normal(size=(rows, 5))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


VECTORS_ND, EARLIER_MD = unit(12), unit(7)
HARD_NK = (RANDOM.random((19, 4)) < 0.3).astype(float)
HARD_NK[3] = 0  # a text without any label
SOFT_NK = RANDOM.random((19, 4))


def overlap(a_K: np.ndarray, b_K: np.ndarray, similarity: str) -> float:
    """For label sets Jaccard's share, whatever the formula."""
    if set(np.unique([a_K, b_K])) <= {0.0, 1.0}:
        one, other = set(np.flatnonzero(a_K)), set(np.flatnonzero(b_K))
        if similarity == "any":
            return float(bool(one & other))
        return len(one & other) / len(one | other) if one | other else 0.0
    common = float(a_K @ b_K)
    return min(common, 1) if similarity == "any" else common / (a_K @ a_K + b_K @ b_K - common)


def by_definition(
    contrast: Contrast, vectors: np.ndarray, labels: np.ndarray, all_MD: np.ndarray, of: np.ndarray
) -> float:
    """The formula, text by text and candidate by candidate."""
    losses = []
    for i in range(len(vectors)):
        others = [j for j in range(len(all_MD)) if j != i and all_MD[j].any()]
        scores = {j: float(np.exp(vectors[i] @ all_MD[j] / contrast.temperature)) for j in others}
        shares = {j: overlap(labels[i], of[j], contrast.similarity) for j in others}
        if not sum(shares.values()):
            continue
        logs = {j: np.log(scores[j] / sum(scores.values())) for j in others}
        losses.append(-sum(shares[j] * logs[j] for j in others) / sum(shares.values()))
    return float(np.mean(losses)) if losses else 0.0


CASES = [
    Contrast(),
    Contrast(temperature=0.5),
    Contrast(similarity="any"),
    Contrast(temperature=0.02),
    Contrast(queue=7),
]


@pytest.mark.parametrize("labels_MK", [HARD_NK, SOFT_NK], ids=["sets", "targets"])
@pytest.mark.parametrize("contrast", CASES, ids=str)
def test_loss_and_gradient_are_those_of_the_definition_in_every_library(
    contrast: Contrast, labels_MK: np.ndarray
) -> None:
    rows = 19 if contrast.queue else 12
    all_MD = np.concatenate([VECTORS_ND, EARLIER_MD])[:rows]
    labels_MK = labels_MK[:rows]
    wanted = by_definition(contrast, VECTORS_ND, labels_MK[:12], all_MD, labels_MK)
    plain = contrast_loss(contrast, VECTORS_ND, labels_MK[:12], all_MD, labels_MK, NUMPY)
    assert plain == pytest.approx(wanted, rel=1e-9)

    vectors = torch.tensor(VECTORS_ND, requires_grad=True)
    earlier, labels = torch.tensor(EARLIER_MD), torch.tensor(labels_MK)
    both = torch.cat([vectors, earlier])[:rows]
    loss = contrast_loss(contrast, vectors, labels[:12], both, labels, TORCH)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(wanted, rel=1e-9)

    variable = tf.Variable(VECTORS_ND, dtype=tf.float32)
    of = tf.constant(labels_MK, tf.float32)
    with tf.GradientTape() as tape:
        candidates = tf.concat([variable, tf.constant(EARLIER_MD, tf.float32)], 0)[:rows]
        other = contrast_loss(contrast, variable, of[:12], candidates, of, TENSORFLOW)
    assert float(other) == pytest.approx(wanted, rel=1e-3)
    gradient = tape.gradient(other, variable).numpy()
    assert vectors.grad is not None
    np.testing.assert_allclose(gradient, vectors.grad.numpy(), atol=2e-3, rtol=2e-2)


def test_an_empty_place_in_the_queue_is_no_candidate() -> None:
    empty_MD = np.concatenate([VECTORS_ND, np.zeros((5, 5))])
    labels_MK = np.concatenate([HARD_NK[:12], np.zeros((5, 4))])
    found = contrast_loss(Contrast(), VECTORS_ND, HARD_NK[:12], empty_MD, labels_MK, NUMPY)
    alone = contrast_loss(Contrast(), VECTORS_ND, HARD_NK[:12], VECTORS_ND, HARD_NK[:12], NUMPY)
    assert found == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("labels", [np.eye(4), np.zeros((4, 4)), np.ones((1, 4))])
def test_texts_that_share_no_label_pull_nothing(labels: np.ndarray) -> None:
    vectors = torch.tensor(unit(len(labels)), requires_grad=True)
    own = torch.tensor(labels)
    loss = contrast_loss(Contrast(), vectors, own, vectors, own, TORCH)
    loss.backward()
    assert float(loss.detach()) == 0 and vectors.grad is not None and not vectors.grad.any()


def test_vectors_come_to_lie_as_near_as_their_labels_overlap() -> None:
    labels = torch.tensor([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 1, 1]])
    free = torch.tensor(unit(5), requires_grad=True)
    optimizer = torch.optim.Adam([free], lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        vectors = torch.nn.functional.normalize(free, dim=1)
        contrast_loss(
            Contrast(temperature=0.5), vectors, labels.double(), vectors, labels.double(), TORCH
        ).backward()
        optimizer.step()
    vectors = torch.nn.functional.normalize(free, dim=1).detach()
    same, some, none = (float(vectors[0] @ vectors[j]) for j in (1, 2, 3))
    assert same > some + 0.1 > none + 0.2


@pytest.mark.parametrize("queue", [0, 48])
def test_words_are_learned_beside_it_and_the_queue_counts(queue: int) -> None:
    recipe = GloveRecipe(
        embedding_dim=WIDTH,
        vocabulary=WORDS - 2,
        layers=0,
        pools=(Mean(), Max()),
        trainable_vectors=True,
        epochs=2,
        batch_size=32,
        learning_rate=0.02,
    )
    plain, told = (
        trained(replace(recipe, auxiliary=aux))
        for aux in (NoAuxiliary(), Contrast(weight=1.0, queue=queue))
    )
    assert told.tensors.keys() == plain.tensors.keys(), "it costs no byte"
    assert (told.tensors["embedding"] != plain.tensors["embedding"]).any()
    first, last = told.reports
    assert last.train_loss < first.train_loss
    # The loss of chance among as many candidates as there are is above what labels alone cost.
    assert first.train_loss > plain.reports[0].train_loss + 0.5 * np.log(min(len(TRAIN.ids_NL), 32))


@pytest.mark.parametrize("recipe", [GloveRecipe(), BertRecipe(), FeatureRecipe()], ids=str)
def test_a_recipe_says_it_only_where_there_is_one(recipe: Recipe) -> None:
    assert "contrast" not in str(recipe)
    told = str(replace(recipe, auxiliary=Contrast(weight=0.2, queue=64, similarity="any")))
    assert "contrast0.2t0.1q64-any" in told


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"weight": 0.0}, "weight must be finite and above 0, got 0"),
        ({"temperature": 0.01}, r"temperature must be at least 0.02, got 0\.01"),
        ({"similarity": "cosine"}, "similarity is one of jaccard, any, got 'cosine'"),
        ({"queue": -1}, "queue must be at least 0, got -1"),
    ],
)
def test_what_no_contrast_can_be_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Contrast(**values)  # type: ignore[arg-type]
