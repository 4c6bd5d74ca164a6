"""Auxiliary heads: labels of further taxonomies that a training learns beside its own.

Caruana 1997, "Multitask Learning": what the heads share is pulled towards what serves them all.
They are dropped when training ends, so a model costs no byte more. Shapes: N texts, K labels of the
model, H labels of all heads together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True, slots=True)
class Head:
    """The labels of another taxonomy, and how much each of them counts in the loss.

    weight: of a label; those of the model count 1 each.
    """

    tag: ClassVar[str] = "Head"

    taxonomy: str
    weight: float = 0.3

    def __post_init__(self) -> None:
        if not 0 < self.weight < np.inf:
            raise ValueError(
                f"a head's weight is above 0, got {self.weight} for {self.taxonomy}: leave the "
                "head out, or let it count"
            )

    def __str__(self) -> str:
        return f"{self.taxonomy}*{self.weight:g}"


def check_heads(heads: Sequence[Head], taxonomy: str) -> None:
    """Refuse (ValueError) a taxonomy that is learned twice."""
    names = [taxonomy, *(head.taxonomy for head in heads)]
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise ValueError(
            f"heads are of taxonomies other than the recipe's own, each once, got {twice[0]} "
            "twice: leave it out of heads"
        )


def with_heads(
    labels_NK: np.ndarray, heads: Sequence[Head], labels_of: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Put the labels of heads beside a model's own.

    Args:
        labels_NK: the model's own.
        heads: in the order of their labels.
        labels_of: of the same texts, by taxonomy.

    Returns:
        Labels (N, K + H), and what each label counts in the loss (K + H), float32.
    """
    parts = [labels_NK, *(labels_of[head.taxonomy] for head in heads)]
    weights = [1.0, *(head.weight for head in heads)]
    counts = [part.shape[1] for part in parts]
    return np.concatenate(parts, axis=1), np.repeat(np.array(weights, np.float32), counts)


def without_heads(tensors: Mapping[str, np.ndarray], labels: int) -> dict[str, np.ndarray]:
    """Tensors of a model that keeps the head of its own labels, the first ones."""
    own = {name: tensors[name][..., :labels] for name in ("head.kernel", "head.bias")}
    return {**tensors, **own}
