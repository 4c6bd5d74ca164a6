"""Fit a Keras model: an epoch of training is one TensorFlow graph.

Independent of what is below the dense layers: words, or features.
Shapes: N texts, L tokens, K labels, V rows of the embedding.
"""

import emoray.models.word.tensorflow_process  # noqa: F401

# isort: split
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from emoray.models.batches import PaddedTexts, random_batches
from emoray.models.contrast import Auxiliary, Contrast, contrast_loss
from emoray.models.losses import NUMPY, Loss, Ops
from emoray.models.outcome import Epoch
from emoray.models.word.generated import drop_generated

WARM, END = 0.05, 0.05  # share of steps to reach the learning rate; what is left of it at the end
TENSORFLOW = Ops(
    array=lambda vector: tf.constant(vector, tf.float32),
    exp=tf.exp,
    log=tf.math.log,
    clip=tf.clip_by_value,
    softplus=tf.math.softplus,
    products=lambda one, other: tf.matmul(one, other, transpose_b=True),
    total=lambda values: tf.reduce_sum(values, -1, keepdims=True),
    sum=tf.reduce_sum,
    eye=lambda values: tf.eye(tf.shape(values)[0], tf.shape(values)[1]),
)
SHORTEST = 3  # tokens a batch is padded to at least: the convolution's width


class DenseKnobs(Protocol):
    """The knobs of a recipe that its dense layers and their training need, whatever the family."""

    @property
    def seed(self) -> int:
        """Of weights, dropout and batches."""

    @property
    def layers(self) -> int:
        """Hidden ones."""

    @property
    def hidden_units(self) -> int:
        """Of each hidden layer."""

    @property
    def dropout(self) -> float:
        """Of the dense layers' inputs."""

    @property
    def epochs(self) -> int:
        """At most."""

    @property
    def patience(self) -> int:
        """Epochs after the best one."""

    @property
    def learning_rate(self) -> float:
        """At its highest."""

    @property
    def loss(self) -> Loss:
        """That is minimised."""

    @property
    def ema(self) -> float:
        """As of a recipe."""

    @property
    def auxiliary(self) -> Auxiliary:
        """A loss beside it."""

    def batch_of(self, texts: int) -> int:
        """Texts a batch."""


class ContrastLoss:
    """A contrastive loss on what a model's head reads, with a queue of earlier vectors.

    Attributes:
        model: from what the trained one reads to its head's input and its logits.
    """

    def __init__(self, contrast: Contrast, model: keras.Sequential) -> None:
        head = model.layers[-1]
        self.model = keras.Model(model.inputs, [head.input, model.outputs[0]])
        self.contrast = contrast
        rows, width, labels = contrast.queue, head.input.shape[-1], model.outputs[0].shape[-1]
        self.vectors_QD = tf.Variable(tf.zeros((rows, width)), trainable=False)
        self.labels_QK = tf.Variable(tf.zeros((rows, labels)), trainable=False)

    def begin(self) -> None:
        """Empty the queue."""
        for kept in (self.vectors_QD, self.labels_QK):
            kept.assign(tf.zeros_like(kept))

    def of(self, vectors_ND: Any, labels_NK: Any) -> Any:
        """The weighted loss of a batch, whose vectors then join the queue."""
        unit_ND = tf.math.l2_normalize(vectors_ND, -1)
        vectors_MD = tf.concat([unit_ND, self.vectors_QD], 0)
        labels_MK = tf.concat([labels_NK, self.labels_QK], 0)
        loss = contrast_loss(self.contrast, unit_ND, labels_NK, vectors_MD, labels_MK, TENSORFLOW)
        if self.contrast.queue:
            self.vectors_QD.assign(tf.stop_gradient(vectors_MD[: self.contrast.queue]))
            self.labels_QK.assign(labels_MK[: self.contrast.queue])
        return self.contrast.weight * loss


class Trainer:
    """A model with its data, its two optimizers, and its compiled epoch.

    `x` holds what the model reads. Where that are token ids (N, L), `table_rate` is the learning
    rate of the embedding, and its rows where `mask_V` is 0 keep their vectors.
    """

    def __init__(
        self,
        recipe: DenseKnobs,
        model: keras.Sequential,
        x: np.ndarray,
        texts: PaddedTexts,
        prior_K: np.ndarray,
        *,
        table_rate: float | None = None,
        mask_V: np.ndarray | None = None,
    ) -> None:
        self.recipe = recipe
        self.model = model
        self.texts, self.lengths_N = texts, texts.lengths_N
        self.batch = recipe.batch_of(len(texts.lengths_N))
        self.random = np.random.default_rng(recipe.seed)
        # Where words are looked up, the table is the first variable and learns at its own rate.
        self.tables = 0 if table_rate is None else 1
        variables = model.trainable_variables
        aux = recipe.auxiliary
        self.contrast = ContrastLoss(aux, model) if isinstance(aux, Contrast) else None
        self.rest = self._adam(recipe.learning_rate, variables[self.tables :])
        self.table = None if table_rate is None else self._adam(table_rate, variables[:1])
        self.mask_V1 = None if mask_V is None else tf.constant(mask_V[:, None], tf.float32)
        self.prior_K = prior_K
        self.x = tf.constant(x)
        self.sizes_N = tf.constant(texts.lengths_N, tf.int32)
        self.labels_NK = tf.constant(texts.labels_NK, tf.float32)
        self.graph = tf.function(self._epoch, reduce_retracing=True)
        self.forward = tf.function(lambda x: model(x, training=False), reduce_retracing=True)

    def _adam(self, rate: float, variables: list[Any]) -> keras.optimizers.Optimizer:
        """Build Adam with a rate that warms up linearly, then falls along half a cosine."""
        steps = self.recipe.epochs * -(-len(self.lengths_N) // self.batch)
        warm = max(1, int(WARM * steps))
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, steps - warm), alpha=END, warmup_target=rate, warmup_steps=warm
        )
        optimizer = keras.optimizers.Adam(
            schedule, use_ema=bool(self.recipe.ema), ema_momentum=self.recipe.ema
        )
        optimizer.build(variables)
        return optimizer

    def _step(self, rows: Any) -> Any:
        x, labels_NK = tf.gather(self.x, rows), tf.gather(self.labels_NK, rows)
        if self.tables:
            longest = tf.reduce_max(tf.gather(self.sizes_N, rows))
            x = x[:, : tf.maximum(longest, SHORTEST)]
        with tf.GradientTape() as tape:
            vectors_ND = None
            if self.contrast is None:
                logits_NK = self.model(x, training=True)
            else:
                vectors_ND, logits_NK = self.contrast.model(x, training=True)
            loss_NK = self.recipe.loss.of(logits_NK, labels_NK, self.prior_K, TENSORFLOW)
            loss_NK = self.texts.weighed(loss_NK, TENSORFLOW)
            loss = tf.reduce_mean(tf.reduce_sum(loss_NK, -1))
            if self.contrast is not None:
                loss += self.contrast.of(vectors_ND, labels_NK)
        variables = self.model.trainable_variables
        gradients = tape.gradient(loss, [v.value for v in variables])
        if self.table is not None:  # dense: Adam visits every row anyway, and sums slices slowly
            gradients[0] = tf.convert_to_tensor(gradients[0])
            if self.mask_V1 is not None:
                gradients[0] *= self.mask_V1
            self.table.apply(gradients[:1], variables[:1])
        self.rest.apply(gradients[self.tables :], variables[self.tables :])
        return loss

    def _epoch(self, order: Any, starts: Any) -> Any:
        total = tf.constant(0.0)
        for i in tf.range(tf.shape(starts)[0] - 1):
            total += self._step(order[starts[i] : starts[i + 1]])
        return total / tf.cast(tf.shape(starts)[0] - 1, tf.float32)

    def epoch(self) -> float:
        """Train on all texts once; return the mean loss of the batches."""
        rows = random_batches(self.lengths_N, self.batch, self.random)
        order = tf.constant(np.concatenate(rows), tf.int32)
        starts = tf.constant(np.cumsum([0, *map(len, rows)]), tf.int32)
        if self.contrast is not None:
            self.contrast.begin()
        loss = float(self.graph(order, starts))
        drop_generated()
        return loss

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within the block the model has the moving averages as weights, where there are any."""
        if not self.recipe.ema:
            yield
            return
        weights = self.model.get_weights()
        variables = self.model.trainable_variables
        if self.table is not None:
            self.table.finalize_variable_values(variables[:1])
        self.rest.finalize_variable_values(variables[self.tables :])
        try:
            yield
        finally:
            self.model.set_weights(weights)

    def logits(self, x: np.ndarray, lengths_N: np.ndarray) -> np.ndarray:
        """Return logits_NK, float32, of other texts, without dropout."""
        order = np.argsort(lengths_N, kind="stable")
        parts = []
        for start in range(0, len(order), 512):
            rows = order[start : start + 512]
            width = max(SHORTEST, lengths_N[rows].max()) if self.tables else x.shape[1]
            parts.append(self.forward(tf.constant(x[rows, :width])).numpy())
        sorted_NK = np.concatenate(parts)
        drop_generated()
        logits_NK = np.empty_like(sorted_NK)
        logits_NK[order] = sorted_NK
        return logits_NK


def _loss(
    recipe: DenseKnobs, prior_K: np.ndarray, texts: PaddedTexts, logits_NK: np.ndarray
) -> float:
    """The training loss: summed over labels, mean over texts."""
    loss_NK = recipe.loss.of(logits_NK, texts.labels_NK.astype(np.float32), prior_K, NUMPY)
    return float(loss_NK.sum(1).mean())


def fit_keras(
    trainer: Trainer,
    dev_x: np.ndarray,
    dev: PaddedTexts,
    score: Callable[[np.ndarray], float],
    report: Callable[[Epoch], None] = lambda epoch: None,
    *,
    keep_last: bool = False,
) -> tuple[tuple[Epoch, ...], int]:
    """Train until `patience` epochs bring nothing; the model then holds the best one's weights.

    Args:
        trainer: the model with its data.
        dev_x: what the model reads of `dev`.
        dev: texts to score.
        score: maps dev logits to a score, higher is better.
        report: called after each epoch.
        keep_last: whether all epochs are trained and the last one is kept, whatever its score.

    Returns:
        The epochs, and the number of the kept one.

    Raises:
        FloatingPointError: when the loss stops being a number.
    """
    recipe = trainer.recipe
    labels = dev.labels_NK.shape[1]  # of the model: those of heads come after them
    prior_K = trainer.prior_K[:labels]
    epochs: list[Epoch] = []
    kept, best = 0, -1.0
    weights: list[np.ndarray] = []
    for number in range(1, recipe.epochs + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        train_loss = trainer.epoch()
        if not np.isfinite(train_loss):
            raise FloatingPointError(f"training loss is {train_loss} in epoch {number}: {recipe}")
        with trainer.averaged():
            logits = trainer.logits(dev_x, dev.lengths_N)[:, :labels]
            if (found := score(logits)) > best or keep_last:
                kept, best, weights = number, found, trainer.model.get_weights()
        epoch = Epoch(
            epoch=number,
            train_loss=train_loss,
            dev_loss=_loss(recipe, prior_K, dev, logits),
            dev_macro_f1=found,
            wall_seconds=time.perf_counter() - wall,
            cpu_seconds=time.process_time() - cpu,
        )
        epochs.append(epoch)
        report(epoch)
        if number - kept >= recipe.patience:
            break
    trainer.model.set_weights(weights)
    return tuple(epochs), kept
