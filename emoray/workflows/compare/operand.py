"""Operands of a comparison: a model's decisions on the texts of one split, and the true labels.

Shapes: N texts, K labels.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from emoray.metrics.resampled import Resampled, resampled


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperandLogits:
    """Logits, and the cut from which each label is given."""

    logits_NK: np.ndarray
    cuts_K: np.ndarray

    def columns(self, order_K: np.ndarray) -> "OperandLogits":
        """The same with labels in another order."""
        return OperandLogits(logits_NK=self.logits_NK[:, order_K], cuts_K=self.cuts_K[order_K])

    def resampled(self, truth_NK: np.ndarray, weights_BN: np.ndarray) -> Resampled:
        """Scores on resamples of the texts."""
        return resampled((self.logits_NK, self.cuts_K[None]), truth_NK, weights_BN)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SavedDecisions:
    """Decisions as they were saved; no threshold can be moved."""

    decided_NK: np.ndarray

    def columns(self, order_K: np.ndarray) -> "SavedDecisions":
        """The same with labels in another order."""
        return SavedDecisions(decided_NK=self.decided_NK[:, order_K])

    def resampled(self, truth_NK: np.ndarray, weights_BN: np.ndarray) -> Resampled:
        """Scores on resamples of the texts."""
        return resampled(self.decided_NK[None], truth_NK, weights_BN)


Predictions: TypeAlias = OperandLogits | SavedDecisions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operand:
    """One side of a comparison.

    Attributes:
        name: in tables.
        labels: K names.
        truth_NK: true labels, booleans.
        predictions: logits with cuts, or decisions.
        origin: id of the training, or what else operands of one training share; empty where it is
            unknown. Operands of one origin may be compared at the same thresholds.
    """

    name: str
    labels: tuple[str, ...]
    truth_NK: np.ndarray
    predictions: Predictions
    origin: str = ""

    def __post_init__(self) -> None:
        if self.truth_NK.ndim != 2 or self.truth_NK.shape[1] != len(self.labels):
            raise ValueError(
                f"{self.name}: truth must be texts x {len(self.labels)} labels, got shape "
                f"{self.truth_NK.shape}: one column a label"
            )

    @property
    def sha256(self) -> str:
        """SHA-256 of predictions and truth: equal operands are one input."""
        predictions = self.predictions
        arrays = (
            (predictions.logits_NK, predictions.cuts_K)
            if isinstance(predictions, OperandLogits)
            else (predictions.decided_NK,)
        )
        found = hashlib.sha256("\n".join(self.labels).encode("utf-8", "surrogatepass"))
        for array in (self.truth_NK, *arrays):
            found.update(f"{array.shape} {array.dtype}".encode())
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()

    def like(self, first: "Operand") -> "Operand":
        """The same with labels in the order of `first`; ValueError where texts or labels differ."""
        if sorted(self.labels) != sorted(first.labels):
            mine, theirs = set(self.labels), set(first.labels)
            raise ValueError(
                f"operands share their labels, got {_some(mine - theirs)} in {self.name} alone and "
                f"{_some(theirs - mine)} in {first.name} alone: compare models of one taxonomy"
            )
        order_K = np.array([self.labels.index(label) for label in first.labels])
        truth_NK = self.truth_NK[:, order_K]
        if len(truth_NK) != len(first.truth_NK):
            raise ValueError(
                f"operands share their texts, got {len(first.truth_NK):,} in {first.name} and "
                f"{len(truth_NK):,} in {self.name}: score both on one split of one corpus"
            )
        strange = np.argwhere(truth_NK != first.truth_NK)
        if len(strange):
            n, k = strange[0]
            raise ValueError(
                f"operands share their texts in one order, got another truth in {self.name} than "
                f"in {first.name} at text {n}, label {first.labels[k]}: score both on one split"
            )
        return replace(
            self,
            labels=first.labels,
            truth_NK=first.truth_NK,
            predictions=self.predictions.columns(order_K),
        )


def _some(names: set[str]) -> str:
    shown = sorted(names)[:3]
    return (", ".join(shown) or "none") + (", …" if len(names) > 3 else "")


def frozen(before: Operand, after: Operand) -> Predictions | None:
    """`after` at the thresholds of `before`, if both may be of one training and differ in them."""
    old, new = before.predictions, after.predictions
    if not before.origin or before.origin != after.origin:
        return None
    if (
        not isinstance(old, OperandLogits)
        or not isinstance(new, OperandLogits)
        or (old.cuts_K == new.cuts_K).all()
    ):
        return None
    return OperandLogits(logits_NK=new.logits_NK, cuts_K=old.cuts_K)
