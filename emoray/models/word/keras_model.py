"""The `glove` family in Keras: a Sequential on token ids, or on means where nothing below learns.

TensorFlow is imported from here on: only processes that train should import this file.
Shapes: N texts, L tokens, K labels, D width, V rows of the embedding, M trainable words.
"""

import emoray.models.word.tensorflow_process  # noqa: F401

# isort: split
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from emoray.models.batches import PADDING, PaddedTexts, means, standardized
from emoray.models.heads import without_heads
from emoray.models.outcome import Epoch, TrainedWeights, finite, unweighted
from emoray.models.word.keras_layers import Pooling, RareWords, WordDropout
from emoray.models.word.keras_training import DenseKnobs, Trainer, fit_keras
from emoray.models.word.recipe import GloveRecipe


def dense_top(recipe: DenseKnobs, prior_K: np.ndarray) -> list[keras.layers.Layer]:
    """The dense layers of a recipe, with dropout, and its head."""
    layers: list[keras.layers.Layer] = [keras.layers.Dropout(recipe.dropout, seed=recipe.seed + 1)]
    for i in range(recipe.layers):
        layers.append(keras.layers.Dense(recipe.hidden_units, "relu", name=f"dense{i}"))
        layers.append(keras.layers.Dropout(recipe.dropout, seed=recipe.seed + 2 + i))
    # Starting from each label's share saves the epochs that would only learn how rare labels are.
    bias = keras.initializers.Constant(np.log(prior_K / (1 - prior_K)).tolist())
    return [*layers, keras.layers.Dense(len(prior_K), name="head", bias_initializer=bias)]


def dense_tensors(model: keras.Sequential, layers: int) -> dict[str, np.ndarray]:
    """Kernels and biases of what `dense_top` made, by name."""
    tensors: dict[str, np.ndarray] = {}
    for name in [f"dense{i}" for i in range(layers)] + ["head"]:
        kernel, bias = model.get_layer(name).get_weights()
        tensors |= {f"{name}.kernel": kernel, f"{name}.bias": bias}
    return tensors


def build_keras_model(
    recipe: GloveRecipe, vectors_VD: np.ndarray, prior_K: np.ndarray
) -> keras.Sequential:
    """Token ids (N, L) -> logits (N, K). The sigmoid is left to loss and decision."""
    keras.utils.set_random_seed(recipe.seed)
    table = keras.layers.Embedding(*vectors_VD.shape, mask_zero=True, name="embedding")
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            WordDropout(recipe.word_dropout, recipe.seed),
            table,
            Pooling(recipe.pools, name="pooling"),
            *dense_top(recipe, prior_K),
        ]
    )
    table.set_weights([vectors_VD])
    return model


def build_on_means(
    recipe: GloveRecipe, rows_MD: np.ndarray, prior_K: np.ndarray
) -> keras.Sequential:
    """Means of frozen vectors and shares of rare words (N, D + M) -> logits (N, K)."""
    keras.utils.set_random_seed(recipe.seed)
    return keras.Sequential(
        [
            keras.Input((sum(rows_MD.shape),)),
            RareWords(rows_MD, name="rare"),
            *dense_top(recipe, prior_K),
        ]
    )


def train_keras(
    recipe: GloveRecipe,
    *,
    train: PaddedTexts,
    dev: PaddedTexts,
    vectors_VD: np.ndarray,
    rare_M: np.ndarray,
    score: Callable[[np.ndarray], float],
    report: Callable[[Epoch], None] = lambda epoch: None,
    keep_last: bool = False,
) -> TrainedWeights:
    """Fit on `train`; keep the epoch of the best dev score, stop `patience` epochs after it.

    Args:
        recipe: of the training.
        train: texts to fit.
        dev: texts to score.
        vectors_VD: initial embedding.
        rare_M: rows that learn even when vectors are frozen: the unknown word and frequent words
            without a vector.
        score: maps dev logits to a score, higher is better.
        report: called after each epoch.
        keep_last: as of `fit_keras`.

    Returns:
        The weights of the kept epoch; FloatingPointError where one is not a number.
    """
    prior_K = np.clip(train.labels_NK.mean(0), 1e-4, 1 - 1e-4)
    labels = dev.labels_NK.shape[1]  # of the model: those of heads come after them
    if recipe.pooled_once:
        vectors_VD = standardized(train, vectors_VD)
        model = build_on_means(recipe, vectors_VD[rare_M], prior_K)
        x, dev_x = means(train, vectors_VD, rare_M), means(dev, vectors_VD, rare_M)
        mask_V = None
    else:
        model = build_keras_model(recipe, vectors_VD, prior_K)
        x, dev_x = train.ids_NL, dev.ids_NL
        mask_V = np.isin(np.arange(len(vectors_VD)), rare_M)
    frozen_V = None if recipe.trainable_vectors else mask_V
    rate = None if recipe.pooled_once else recipe.vectors_rate
    trainer = Trainer(recipe, model, x, train, prior_K, table_rate=rate, mask_V=frozen_V)
    epochs, kept = fit_keras(trainer, dev_x, dev, score, report, keep_last=keep_last)
    tensors = without_heads(_tensors(recipe, model, vectors_VD, rare_M), labels)
    tensors["head.bias"] = unweighted(recipe.loss, tensors["head.bias"], prior_K[:labels])
    return TrainedWeights(tensors=finite(tensors, recipe), epochs=epochs, kept=kept)


def _tensors(
    recipe: GloveRecipe, model: keras.Sequential, vectors_VD: np.ndarray, rare_M: np.ndarray
) -> dict[str, np.ndarray]:
    if recipe.pooled_once:
        table_VD = vectors_VD.astype(np.float32).copy()
        table_VD[rare_M] = model.get_layer("rare").get_weights()[0]
        pools: dict[str, Any] = {}
    else:
        table_VD = model.get_layer("embedding").get_weights()[0]
        pools = {name: np.asarray(w) for name, w in model.get_layer("pooling").named().items()}
    table_VD[PADDING] = 0
    tensors = {"embedding": table_VD, **pools}
    return tensors | dense_tensors(model, recipe.layers)
