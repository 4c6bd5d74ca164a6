"""Training losses for multi-label text: plain values that all families train with.

Each type's `of(logits, targets, prior_K, ops)` gives the loss of every text and label, (N, K), in
whatever library the logits come from: `ops` holds what a loss needs of it. `soft` says whether
targets may lie between 0 and 1: whether the best answer to 0.3 is 0.3, but for what weights add.
Shapes: N texts, K labels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Ops:
    """An array library's functions besides + - * and **.

    Attributes:
        array: makes a float32 constant of a vector.
        exp: elementwise.
        log: elementwise.
        clip: takes (values, low, high).
        softplus: log(1 + exp(values)).
        products: of every row of one matrix with every row of another, (N, D) and (M, D) to (N, M).
        total: sum of each row, (N, D) to (N, 1).
        sum: of all values.
        eye: ones on the diagonal of a matrix as large as a given one.
    """

    array: Callable[[np.ndarray], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    clip: Callable[[Any, float, float], Any]
    softplus: Callable[[Any], Any]
    products: Callable[[Any, Any], Any]
    total: Callable[[Any], Any]
    sum: Callable[[Any], Any]
    eye: Callable[[Any], Any]


NUMPY = Ops(
    array=np.asarray,
    exp=np.exp,
    log=np.log,
    clip=np.clip,
    softplus=lambda values: np.logaddexp(0, values),
    products=lambda one, other: one @ other.T,
    total=lambda values: values.sum(-1, keepdims=True),
    sum=np.sum,
    eye=lambda values: np.eye(*values.shape),
)


@dataclass(frozen=True, slots=True)
class BCE:
    """Binary cross-entropy."""

    tag: ClassVar[str] = "BCE"
    soft: ClassVar[bool] = True

    def positive_weights(self, prior_K: np.ndarray) -> np.ndarray:
        """The factor of the positive term of each label, (K,)."""
        return np.ones_like(prior_K)

    def of(self, logits: Any, targets: Any, prior_K: np.ndarray, ops: Ops) -> Any:
        """The loss of every text and label, (N, K)."""
        return targets * ops.softplus(-logits) + (1 - targets) * ops.softplus(logits)

    def __str__(self) -> str:
        return "bce"


@dataclass(frozen=True, slots=True)
class WeightedBCE:
    """Binary cross-entropy with positives weighted by ((1 - p) / p) ** power, p the label's share.

    Power 1 balances positives and negatives of every label (King & Zeng 2001); less is gentler.
    """

    tag: ClassVar[str] = "WeightedBCE"
    soft: ClassVar[bool] = True

    power: float = 0.4

    def __post_init__(self) -> None:
        if not 0 < self.power <= 1:
            raise ValueError(f"power must lie in (0, 1], got {self.power}: BCE() weighs nothing")

    def positive_weights(self, prior_K: np.ndarray) -> np.ndarray:
        """The factor of the positive term of each label, (K,)."""
        return np.asarray(((1 - prior_K) / prior_K) ** self.power)

    def of(self, logits: Any, targets: Any, prior_K: np.ndarray, ops: Ops) -> Any:
        """The loss of every text and label, (N, K)."""
        weights_K = ops.array(self.positive_weights(prior_K))
        return targets * weights_K * ops.softplus(-logits) + (1 - targets) * ops.softplus(logits)

    def __str__(self) -> str:
        return f"weighted_bce{self.power:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Focal:
    """Cross-entropy that fades where the model is already right: factor (1 - p_t) ** gamma.

    alpha weighs positives, 1 - alpha negatives. Lin et al. 2017, "Focal loss for dense object
    detection", eq. 5.
    """

    tag: ClassVar[str] = "Focal"
    soft: ClassVar[bool] = False

    gamma: float = 2.0
    alpha: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.gamma < np.inf:
            raise ValueError(f"gamma must be at least 0, got {self.gamma}: 0 fades nothing")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie in (0, 1), got {self.alpha}: 0.5 weighs both alike")

    def positive_weights(self, prior_K: np.ndarray) -> np.ndarray:
        """The factor of the positive term of each label relative to the negative one, (K,)."""
        return np.full_like(prior_K, self.alpha / (1 - self.alpha))

    def of(self, logits: Any, targets: Any, prior_K: np.ndarray, ops: Ops) -> Any:
        """The loss of every text and label, (N, K)."""
        wrong, right = ops.softplus(-logits), ops.softplus(logits)  # -log p, -log(1 - p)
        positive = self.alpha * ops.exp(-self.gamma * right) * wrong
        negative = (1 - self.alpha) * ops.exp(-self.gamma * wrong) * right
        return targets * positive + (1 - targets) * negative

    def __str__(self) -> str:
        return f"focal{self.gamma:g}a{self.alpha:g}"


_MOST = 1 - 1e-6  # so that log(1 - p) stays finite in float32, however small the margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Asymmetric:
    """Focal factors of their own for positives and negatives, and negatives below `margin` dropped.

    Ridnik et al. 2021, "Asymmetric loss for multi-label classification", eq. 7: with
    p_m = max(p - margin, 0) the terms are (1 - p)^gamma_pos log p and p_m^gamma_neg log(1 - p_m).
    """

    tag: ClassVar[str] = "Asymmetric"
    soft: ClassVar[bool] = False

    gamma_neg: float = 2.0
    gamma_pos: float = 0.0
    margin: float = 0.05

    def __post_init__(self) -> None:
        for name in ("gamma_neg", "gamma_pos"):
            value = getattr(self, name)
            if value != 0 and not 1 <= value < np.inf:
                raise ValueError(f"{name} must be 0 or at least 1, got {value}: 0 fades nothing")
        if not 0 <= self.margin < 1:
            raise ValueError(f"margin must lie in [0, 1), got {self.margin}: 0 drops nothing")

    def positive_weights(self, prior_K: np.ndarray) -> np.ndarray:
        """The factor of the positive term of each label, (K,)."""
        return np.ones_like(prior_K)

    def of(self, logits: Any, targets: Any, prior_K: np.ndarray, ops: Ops) -> Any:
        """The loss of every text and label, (N, K)."""
        wrong, right = ops.softplus(-logits), ops.softplus(logits)  # -log p, -log(1 - p)
        positive = ops.exp(-self.gamma_pos * right) * wrong
        negative = ops.exp(-self.gamma_neg * wrong) * right
        if self.margin:
            shifted = ops.clip(ops.exp(-wrong) - self.margin, 0.0, _MOST)
            negative = -(shifted**self.gamma_neg) * ops.log(1 - shifted)
        return targets * positive + (1 - targets) * negative

    def __str__(self) -> str:
        return f"asymmetric{self.gamma_neg:g}-{self.gamma_pos:g}m{self.margin:g}"


Loss = BCE | WeightedBCE | Focal | Asymmetric
