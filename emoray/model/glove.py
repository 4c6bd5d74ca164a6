"""The `glove` family in Keras: a Sequential, trained on token ids, or on means where nothing below
them learns.

TensorFlow is imported here and nowhere else: only processes that train should import this file.
Shapes: N texts, L tokens, K labels, D width, V rows of the embedding, M trainable words.
"""

import os

# One thread: the fleet runs one training per core; sums in one order make equal seeds equal
# weights.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from emoray.model.layers import PADDING, Pooling, RareWords, WordDropout
from emoray.model.recipe import GloveRecipe

WARM, END = (
    0.05,
    0.05,
)  # share of steps to reach the learning rate, and what is left of it at the end


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Texts:
    """Padded token ids with their labels."""

    ids_NL: np.ndarray
    lengths_N: np.ndarray
    labels_NK: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What one pass over `train` brought."""

    epoch: int
    train_loss: float
    dev_loss: float
    dev_macro_f1: float
    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """Weights by name (`embedding`, `pool0.kernel`, `dense0.kernel`, `head.bias`, ...) and how they
    came."""

    tensors: dict[str, np.ndarray]
    epochs: tuple[Epoch, ...]
    kept: int


def _top(recipe: GloveRecipe, prior_K: np.ndarray) -> list[keras.layers.Layer]:
    layers: list[keras.layers.Layer] = [keras.layers.Dropout(recipe.dropout, seed=recipe.seed + 1)]
    for i in range(recipe.layers):
        layers.append(keras.layers.Dense(recipe.hidden_units, "relu", name=f"dense{i}"))
        layers.append(keras.layers.Dropout(recipe.dropout, seed=recipe.seed + 2 + i))
    # Starting from each label's share saves the epochs that would only learn how rare labels are.
    bias = keras.initializers.Constant(np.log(prior_K / (1 - prior_K)).tolist())
    return [*layers, keras.layers.Dense(len(prior_K), name="head", bias_initializer=bias)]


def build(recipe: GloveRecipe, vectors_VD: np.ndarray, prior_K: np.ndarray) -> keras.Sequential:
    """Token ids (N, L) -> logits (N, K). The sigmoid is left to loss and decision."""
    keras.utils.set_random_seed(recipe.seed)
    table = keras.layers.Embedding(*vectors_VD.shape, mask_zero=True, name="embedding")
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            WordDropout(recipe.word_dropout, recipe.seed),
            table,
            Pooling(recipe.pools, name="pooling"),
            *_top(recipe, prior_K),
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
            *_top(recipe, prior_K),
        ]
    )


def means(texts: Texts, vectors_VD: np.ndarray, rare_M: np.ndarray) -> np.ndarray:
    """(N, D + M) float32: mean of the frozen rows, then the share of each row in `rare_M`."""
    counts = np.maximum(texts.lengths_N, 1).astype(np.float32)[:, None]
    frozen_VD = vectors_VD.astype(np.float32).copy()
    frozen_VD[[PADDING, *rare_M]] = 0
    mean_ND = np.zeros((len(counts), vectors_VD.shape[1]), np.float32)
    share_NM = np.zeros((len(counts), len(rare_M)), np.float32)
    column_V = np.full(len(vectors_VD), -1)
    column_V[rare_M] = np.arange(len(rare_M))
    for ids_N in texts.ids_NL.T:  # token by token: no (N, L, D) array
        mean_ND += frozen_VD[ids_N]
        rows = np.flatnonzero(column_V[ids_N] >= 0)
        share_NM[rows, column_V[ids_N[rows]]] += 1
    return np.concatenate([mean_ND, share_NM], 1) / counts


def standardized(texts: Texts, vectors_VD: np.ndarray) -> np.ndarray:
    """The vectors moved and scaled so that the texts' means have mean 0 and deviation 1.

    A mean's weights sum to one, so standardizing means and standardizing words is the same thing,
    and the artifact needs no extra step.
    """
    mean_ND = means(texts, vectors_VD, np.zeros(0, int))
    moved_VD = (vectors_VD - mean_ND.mean(0)) / np.maximum(mean_ND.std(0), 1e-6)
    moved_VD[PADDING] = 0
    return np.asarray(moved_VD, np.float32)


def _batches(lengths_N: np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Random batches of texts of like length: shuffled, sorted within 16 batches, shuffled again."""
    order = rng.permutation(len(lengths_N))
    batches = []
    for start in range(0, len(order), 16 * size):
        part = order[start : start + 16 * size]
        part = part[np.argsort(lengths_N[part], kind="stable")]
        batches += [part[i : i + size] for i in range(0, len(part), size)]
    return [batches[i] for i in rng.permutation(len(batches))]


class _Trainer:
    """One training: the model, what it reads, and one compiled step."""

    def __init__(
        self,
        recipe: GloveRecipe,
        model: keras.Sequential,
        prior_K: np.ndarray,
        mask_V: np.ndarray | None,
    ) -> None:
        self.recipe = recipe
        self.model = model
        # The table, first of the variables when words are looked up, learns at a rate of its own.
        self.tables = 0 if recipe.pooled_once else 1
        self.rest = keras.optimizers.Adam(recipe.learning_rate)
        self.rest.build(model.trainable_variables[self.tables :])
        self.table = keras.optimizers.Adam(recipe.vectors_rate)
        if self.tables:
            self.table.build(model.trainable_variables[:1])
        self.weights_K = tf.constant(recipe.loss.positive_weights(prior_K), tf.float32)
        self.mask_V = None if mask_V is None else tf.constant(mask_V, tf.float32)
        self.step = tf.function(self._step, reduce_retracing=True)
        self.logits_of = tf.function(lambda x: model(x, training=False), reduce_retracing=True)

    def _step(self, x: Any, labels_NK: Any) -> Any:
        with tf.GradientTape() as tape:
            logits_NK = self.model(x, training=True)
            loss_NK = tf.nn.weighted_cross_entropy_with_logits(labels_NK, logits_NK, self.weights_K)
            loss = tf.reduce_mean(tf.reduce_sum(loss_NK, -1))
        variables = self.model.trainable_variables
        gradients = tape.gradient(loss, [v.value for v in variables])
        if self.tables:  # dense: Adam visits every row anyway, and sums slices slowly
            gradients[0] = tf.convert_to_tensor(gradients[0])
        if self.mask_V is not None:  # frozen words get no gradient
            gradients[0] *= self.mask_V[:, None]
        self.rest.apply(gradients[self.tables :], variables[self.tables :])
        if self.tables:
            self.table.apply(gradients[:1], variables[:1])
        return loss

    def schedule(self, done: float) -> None:
        """Set both rates: linear warm-up, then half a cosine down to `END`; `done` in [0, 1]."""
        share = min(1.0, done / WARM) * (END + (1 - END) * 0.5 * (1 + np.cos(np.pi * done)))
        self.rest.learning_rate.assign(self.recipe.learning_rate * share)
        self.table.learning_rate.assign(self.recipe.vectors_rate * share)


def _logits(trainer: _Trainer, x: np.ndarray, lengths_N: np.ndarray, ids: bool) -> np.ndarray:
    order = np.argsort(lengths_N, kind="stable")
    parts = []
    for start in range(0, len(order), 512):
        rows = order[start : start + 512]
        block = x[rows, : max(3, lengths_N[rows].max())] if ids else x[rows]
        parts.append(trainer.logits_of(tf.constant(block)).numpy())
    logits_NK = np.concatenate(parts)
    logits_NK[order] = logits_NK.copy()
    return logits_NK


def _loss(recipe: GloveRecipe, prior_K: np.ndarray, texts: Texts, logits_NK: np.ndarray) -> float:
    """The training loss: summed over labels, mean over texts."""
    positive_NK = recipe.loss.positive_weights(prior_K) * np.logaddexp(0, -logits_NK)
    loss_NK = np.where(texts.labels_NK, positive_NK, np.logaddexp(0, logits_NK))
    return float(loss_NK.sum(1).mean())


def train(
    recipe: GloveRecipe,
    *,
    train: Texts,
    dev: Texts,
    vectors_VD: np.ndarray,
    rare_M: np.ndarray,
    score: Callable[[np.ndarray], float],
    report: Callable[[Epoch], None] = lambda epoch: None,
) -> Trained:
    """Fit on `train`, keep the epoch of the best `score(dev_logits_NK)`, stop `patience` epochs
    after it.

    `rare_M` are the rows that learn even when vectors are frozen: the unknown word and frequent
    words without a vector. Raises FloatingPointError when the loss stops being a number.
    """
    prior_K = np.clip(train.labels_NK.mean(0), 1e-4, 1 - 1e-4)
    if recipe.pooled_once:
        vectors_VD = standardized(train, vectors_VD)
        model = build_on_means(recipe, vectors_VD[rare_M], prior_K)
        x, dev_x = means(train, vectors_VD, rare_M), means(dev, vectors_VD, rare_M)
        mask_V = None
    else:
        model = build(recipe, vectors_VD, prior_K)
        x, dev_x = train.ids_NL, dev.ids_NL
        mask_V = np.isin(np.arange(len(vectors_VD)), rare_M)
    trainer = _Trainer(recipe, model, prior_K, None if recipe.trainable_vectors else mask_V)
    ids = not recipe.pooled_once
    rng = np.random.default_rng(recipe.seed)
    targets_NK = train.labels_NK.astype(np.float32)
    per_epoch = -(-len(targets_NK) // recipe.batch_size)
    steps, step = recipe.epochs * per_epoch, 0
    epochs: list[Epoch] = []
    kept, best = 0, -1.0
    weights: list[np.ndarray] = []
    for number in range(1, recipe.epochs + 1):
        wall, cpu, losses = time.perf_counter(), time.process_time(), []
        for rows in _batches(train.lengths_N, recipe.batch_size, rng):
            trainer.schedule(step / steps)
            block = x[rows, : max(3, train.lengths_N[rows].max())] if ids else x[rows]
            losses.append(trainer.step(tf.constant(block), tf.constant(targets_NK[rows])))
            step += 1
        train_loss = float(np.mean([loss.numpy() for loss in losses]))
        if not np.isfinite(train_loss):
            raise FloatingPointError(f"training loss is {train_loss} in epoch {number}: {recipe}")
        logits = _logits(trainer, dev_x, dev.lengths_N, ids)
        epoch = Epoch(
            epoch=number,
            train_loss=train_loss,
            dev_loss=_loss(recipe, prior_K, dev, logits),
            dev_macro_f1=score(logits),
            wall_seconds=time.perf_counter() - wall,
            cpu_seconds=time.process_time() - cpu,
        )
        epochs.append(epoch)
        report(epoch)
        if epoch.dev_macro_f1 > best:
            kept, best, weights = number, epoch.dev_macro_f1, model.get_weights()
        if number - kept >= recipe.patience:
            break
    model.set_weights(weights)
    tensors = _tensors(recipe, model, vectors_VD, rare_M)
    return Trained(tensors=tensors, epochs=tuple(epochs), kept=kept)


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
    for name in [f"dense{i}" for i in range(recipe.layers)] + ["head"]:
        kernel, bias = model.get_layer(name).get_weights()
        tensors |= {f"{name}.kernel": kernel, f"{name}.bias": bias}
    return tensors
