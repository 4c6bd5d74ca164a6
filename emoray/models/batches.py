"""Padded texts for training, and their pooled means where nothing below the mean learns.

NumPy only. Shapes: N texts, L tokens, K labels, D width, V rows of the embedding, M trainable
words.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from emoray.models.losses import Ops

PADDING = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaddedTexts:
    """Padded token ids with their labels; of rows of features these, float32, F long each.

    weights_K: what each label counts in the loss; None where all count alike.
    """

    ids_NL: np.ndarray
    lengths_N: np.ndarray
    labels_NK: np.ndarray
    weights_K: np.ndarray | None = None

    def taken(self, rows: np.ndarray) -> "PaddedTexts":
        """These rows, in their order; a row may occur more than once."""
        return PaddedTexts(
            ids_NL=self.ids_NL[rows],
            lengths_N=self.lengths_N[rows],
            labels_NK=self.labels_NK[rows],
            weights_K=self.weights_K,
        )

    def weighed(self, loss_NK: Any, ops: Ops) -> Any:
        """The loss of every text and label, as much of it as the label counts."""
        return loss_NK if self.weights_K is None else loss_NK * ops.array(self.weights_K)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureRows:
    """Rows of features in the place of token ids: all are F long, so none is padded."""

    features_NF: np.ndarray

    def __len__(self) -> int:
        return len(self.features_NF)

    @property
    def lengths(self) -> np.ndarray:
        """F for each row, (N,)."""
        return np.full(len(self), self.features_NF.shape[1])

    def padded(self, rows: np.ndarray) -> np.ndarray:
        """Return features_NF, float32, of the chosen rows."""
        return np.asarray(self.features_NF[rows], np.float32)


def means(texts: PaddedTexts, vectors_VD: np.ndarray, rare_M: np.ndarray) -> np.ndarray:
    """Return (N, D + M), float32: mean of the frozen rows, then the share of each rare row."""
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


def standardized(texts: PaddedTexts, vectors_VD: np.ndarray) -> np.ndarray:
    """Shift and scale the vectors so that the texts' means have mean 0 and deviation 1.

    A mean's weights sum to one, so standardizing means and standardizing words is the same thing,
    and the artifact needs no extra step.

    Returns:
        vectors_VD, float32.
    """
    mean_ND = means(texts, vectors_VD, np.zeros(0, int))
    moved_VD = (vectors_VD - mean_ND.mean(0)) / np.maximum(mean_ND.std(0), 1e-6)
    moved_VD[PADDING] = 0
    return np.asarray(moved_VD, np.float32)


def random_batches(lengths_N: np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw random batches of texts of like length.

    Shuffled, sorted within 16 batches, shuffled again.

    Returns:
        Rows of each batch.
    """
    order = rng.permutation(len(lengths_N))
    found = []
    for start in range(0, len(order), 16 * size):
        part = order[start : start + 16 * size]
        part = part[np.argsort(lengths_N[part], kind="stable")]
        found += [part[i : i + size] for i in range(0, len(part), size)]
    return [found[i] for i in rng.permutation(len(found))]
