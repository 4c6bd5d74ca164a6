"""Keras layers of the `glove` family. Token id 0 is padding and id 1 the unknown word, everywhere.

Shapes: N texts, L tokens, D width, F filters.
"""

import emoray.models.word.tensorflow_process  # noqa: F401

# isort: split
from typing import Any

import keras
import numpy as np
from keras import ops

from emoray.models.word.recipe import Attention, ConvMax, Max, Mean, Min, Pool

UNKNOWN = 1
FAR = 1e4  # further than any activation: pushes padding out of a maximum or a softmax


class WordDropout(keras.layers.Layer):
    """Replaces words by the unknown word with probability `rate`, in training only.

    That trains the unknown word's vector and keeps a text readable without any one of its words.
    """

    def __init__(self, rate: float, seed: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.rate = rate
        self.random = keras.random.SeedGenerator(seed)

    def call(self, ids_NL: Any, training: bool = False) -> Any:
        """Return ids_NL."""
        if not training or not self.rate:
            return ids_NL
        dropped_NL = keras.random.uniform(ops.shape(ids_NL), seed=self.random) < self.rate
        return ops.where(ops.logical_and(dropped_NL, ids_NL > UNKNOWN), UNKNOWN, ids_NL)


class Pooling(keras.layers.Layer):
    """Every pool of the recipe over a text's real words: (N, L, D) -> (N, pooled width)."""

    def __init__(self, pools: tuple[Pool, ...], **settings: Any) -> None:
        super().__init__(**settings)
        self.pools = pools
        self.supports_masking = True

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Create the pools' weights."""
        width = int(shape[-1] or 0)
        for i, pool in enumerate(self.pools):
            match pool:
                case Attention():
                    self._add(f"pool{i}.query", (width, 1), "zeros")
                case ConvMax(filters):
                    self._add(f"pool{i}.kernel", (3 * width, filters), "glorot_uniform")
                    self._add(f"pool{i}.bias", (filters,), "zeros")

    def _add(self, name: str, shape: tuple[int, ...], initializer: str) -> None:
        self.add_weight(shape=shape, initializer=initializer, name=name)

    def named(self) -> dict[str, Any]:
        """The weights by name."""
        return {weight.name: weight for weight in self.weights}

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Return no mask: pooled values have no padding."""
        return None

    def call(self, words_NLD: Any, mask: Any = None) -> Any:
        """Return the concatenated pools, (N, pooled width)."""
        real_NL1 = ops.cast(mask, words_NLD.dtype)[:, :, None]
        far_NL1 = (1.0 - real_NL1) * FAR
        words_NLD = words_NLD * real_NL1
        weights = self.named()
        pooled = []
        for i, pool in enumerate(self.pools):
            match pool:
                case Mean():
                    pooled.append(ops.sum(words_NLD, 1) / ops.maximum(ops.sum(real_NL1, 1), 1.0))
                case Max():
                    pooled.append(ops.max(words_NLD - far_NL1, 1))
                case Min():
                    pooled.append(ops.min(words_NLD + far_NL1, 1))
                case Attention():
                    scores_NL1 = ops.matmul(words_NLD, weights[f"pool{i}.query"]) - far_NL1
                    pooled.append(ops.sum(words_NLD * ops.softmax(scores_NL1, axis=1), 1))
                case ConvMax():
                    kernel_WF = weights[f"pool{i}.kernel"]
                    kernel_3DF = ops.reshape(kernel_WF, (3, words_NLD.shape[-1], pool.filters))
                    found_NLF = ops.conv(words_NLD, kernel_3DF, padding="same")
                    # ReLU and bias keep order, so they may follow the maximum: L times less work
                    best_NF = ops.max(found_NLF - far_NL1, 1)
                    pooled.append(ops.relu(best_NF + weights[f"pool{i}.bias"]))
        return ops.concatenate(pooled, -1)


class RareWords(keras.layers.Layer):
    """Adds the trainable words to a mean pooled beforehand: (N, D + M) -> (N, D).

    The mean is linear, so a text's mean over all words is the mean's frozen part (first D columns)
    plus its share of each of the M trainable words (last M columns) times their vectors.
    """

    def __init__(self, rows_MD: np.ndarray, **settings: Any) -> None:
        super().__init__(**settings)
        self.start_MD = rows_MD
        self.width = rows_MD.shape[1]

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Create the trainable words' vectors."""
        start = keras.initializers.Constant(self.start_MD)
        self.rows_MD = self.add_weight(shape=self.start_MD.shape, initializer=start, name="rows")

    def call(self, inputs: Any) -> Any:
        """Return mean_ND."""
        return inputs[:, : self.width] + ops.matmul(inputs[:, self.width :], self.rows_MD)
