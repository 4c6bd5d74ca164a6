"""From counts to vectors by GloVe's objective: w_i · c_j + b_i + d_j approximates log count_ij.

J = sum f(count) (w_i · c_j + b_i + d_j - log count)^2 over all counts that are not zero, both
ways, by AdaGrad over shuffled batches; a word's vector is w + c. Pennington, Socher & Manning 2014.
Shapes: V words, D dimensions, Z counts that are not zero, B of them in a batch, E = D + 2 numbers
of a word or context: its vector, its bias, and the 1 that meets the other's bias.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse

from emoray.text.vectors.settings import GloveObjective

BATCHES = 200  # an epoch: as many steps for a corpus of any size
STATE = "objective.npz"
Report = Callable[[int, float], None]


def silent(epoch: int, loss: float) -> None:
    """Report nothing."""


class _Fit:
    """Words, contexts, and AdaGrad's sums of squares of both, (2, V, E)."""

    def __init__(self, size: int, dim: int, seed: int) -> None:
        drawn = np.random.default_rng(seed).random((2, size, dim + 2)) - 0.5
        self.numbers = (drawn / dim).astype(np.float32)
        self.ones = ((0, dim + 1), (1, dim))  # a word's bias meets a context's 1, and back
        for side, column in self.ones:
            self.numbers[side, :, column] = 1.0
        self.squares = np.ones_like(self.numbers)  # as GloVe's own program starts them
        self.epochs = 0

    def step(self, part: sparse.coo_array, weight_B: np.ndarray, rate: float) -> float:
        """Train on one batch, `part` of logarithms; return its share of J before the step."""
        word_BE, context_BE = self.numbers[0][part.row], self.numbers[1][part.col]
        error_B = np.einsum("be,be->b", word_BE, context_BE) - part.data
        slopes = sparse.csr_array((weight_B * error_B, (part.row, part.col)), shape=part.shape)
        gradient = np.stack([slopes @ self.numbers[1], slopes.T @ self.numbers[0]])
        for side, column in self.ones:
            gradient[side, :, column] = 0.0
        scale = gradient * gradient  # in place from here on: memory is what takes the time
        self.squares += scale
        np.sqrt(self.squares, out=scale)
        gradient *= rate
        gradient /= scale
        self.numbers -= gradient
        return float(weight_B @ error_B**2)

    def vectors(self) -> np.ndarray:
        """Return vectors_VD, words and contexts added up."""
        return np.asarray(self.numbers.sum(axis=0)[:, :-2])

    def save(self, folder: Path) -> None:
        """Write the whole state, atomically."""
        aside = folder / f"new-{STATE}"
        np.savez(aside, numbers=self.numbers, squares=self.squares, epochs=self.epochs)
        os.replace(aside, folder / STATE)

    def restore(self, folder: Path) -> None:
        """Read the last saved state, if there is any."""
        if (folder / STATE).exists():
            with np.load(folder / STATE, allow_pickle=False) as data:
                self.numbers, self.squares = data["numbers"], data["squares"]
                self.epochs = int(data["epochs"])


def objective_vectors(
    matrix_VV: sparse.csr_array,
    method: GloveObjective,
    *,
    dim: int,
    seed: int = 0,
    unfinished: Path | None = None,
    report: Report = silent,
) -> np.ndarray:
    """Train vectors; the same bytes wherever training was interrupted and resumed.

    Args:
        matrix_VV: counts, symmetric.
        method: settings of the objective.
        dim: D.
        seed: of the initial values and the order of counts.
        unfinished: a folder that keeps each epoch's state.
        report: called with epochs done and J per count.

    Returns:
        vectors_VD, float32.

    Raises:
        ValueError: if no two words meet, or if the objective diverges.
    """
    found = matrix_VV.tocoo()
    if not found.nnz:
        raise ValueError(
            "word vectors need words that stand near each other, got none: give texts of several "
            "words"
        )
    weight_Z = np.minimum(1.0, (found.data / method.ceiling) ** method.exponent).astype(np.float32)
    log_Z = np.log(found.data).astype(np.float32)
    fit = _Fit(found.shape[0], dim, seed)
    if unfinished is not None:
        fit.restore(unfinished)
    for epoch in range(fit.epochs, method.epochs):
        order_Z = np.random.default_rng([seed, epoch]).permutation(found.nnz)
        loss = 0.0
        for batch in np.array_split(order_Z, min(BATCHES, found.nnz)):
            places = found.row[batch], found.col[batch]
            part = sparse.coo_array((log_Z[batch], places), shape=found.shape)
            loss += fit.step(part, weight_Z[batch], method.learning_rate)
        fit.epochs = epoch + 1
        if not np.isfinite(loss):
            raise ValueError(
                f"the objective must stay finite, got {loss} in epoch {epoch + 1}: take a smaller "
                f"learning_rate than {method.learning_rate:g}"
            )
        if unfinished is not None:
            fit.save(unfinished)
        report(fit.epochs, loss / found.nnz)
    return fit.vectors()
