"""Results of a training, of any family. Shapes: K labels."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from emoray.models.losses import Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """Losses, score and time of one pass over `train`."""

    epoch: int
    train_loss: float
    dev_loss: float
    dev_macro_f1: float
    wall_seconds: float
    cpu_seconds: float


class Outcome(Protocol):
    """The epochs of a training, and the number of the kept one."""

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """In order."""

    @property
    def kept(self) -> int:
        """Counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedWeights:
    """Weights by name (`embedding`, `pool0.kernel`, `head.bias`, …) and their epochs."""

    tensors: dict[str, np.ndarray]
    epochs: tuple[Epoch, ...]
    kept: int


def unweighted(loss: Loss, bias_K: np.ndarray, prior_K: np.ndarray) -> np.ndarray:
    """Remove from the head's bias what weighting the positives added to it.

    Positives with weight w raise the log-odds of their label by log w: taking that back calibrates
    probabilities (the prior correction of King & Zeng 2001) and moves no per-label decision.

    Returns:
        bias_K, float32.
    """
    return np.asarray(bias_K - np.log(loss.positive_weights(prior_K)), np.float32)


def finite(tensors: dict[str, np.ndarray], recipe: object) -> dict[str, np.ndarray]:
    """The tensors of a training; FloatingPointError where one holds what is not a number."""
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise FloatingPointError(f"{name} holds numbers that are not finite: {recipe}")
    return tensors
