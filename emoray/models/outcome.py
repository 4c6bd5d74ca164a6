"""What a training leaves behind, whichever family. Shapes: K labels."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from emoray.models.losses import Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What one pass over `train` brought."""

    epoch: int
    train_loss: float
    dev_loss: float
    dev_macro_f1: float
    wall_seconds: float
    cpu_seconds: float


class Outcome(Protocol):
    """What every training tells: its epochs, and the number of the one it kept."""

    @property
    def epochs(self) -> tuple[Epoch, ...]: ...

    @property
    def kept(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedWeights:
    """Weights by name (`embedding`, `pool0.kernel`, `dense0.kernel`, `head.bias`, ...) and how they
    came."""

    tensors: dict[str, np.ndarray]
    epochs: tuple[Epoch, ...]
    kept: int


def unweighted(loss: Loss, bias_K: np.ndarray, prior_K: np.ndarray) -> np.ndarray:
    """The head's bias without what weighting the positives added to it.

    Positives that count w times raise the log-odds of their label by log w: taking that back makes
    probabilities honest (the prior correction of King & Zeng 2001) and moves no per-label decision.
    """
    return np.asarray(bias_K - np.log(loss.positive_weights(prior_K)), np.float32)
