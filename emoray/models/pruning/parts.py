"""What pruning did to each part of a model, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LAYER, HEAD, FFN, ROWS = "layer", "head", "ffn", "rows"  # kinds of parts


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedPart:
    """One part: a layer, a head, the feed-forward columns of a layer, or a vocabulary.

    Attributes:
        layer: where it stands in the whole model.
        part: its kind.
        number: of a head in its layer; 0 for others.
        units: of it before.
        kept: units of it that are left.
        importance: loss on train that removing it was reckoned to cost.
        why: in words.
    """

    layer: str
    part: str
    number: int = 0
    units: int = 1
    kept: int
    importance: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PrunedTensors:
    """What is left of a model, and what became of each of its parts.

    kept_ids: the ids of tokens that have a row of their own still, in order; None where all have.
    """

    tensors: dict[str, np.ndarray]
    parts: tuple[PrunedPart, ...]
    kept_ids: np.ndarray | None = None


def head_parts(
    layer: str,
    importance_H: np.ndarray,
    searched_H: np.ndarray,
    kept_H: np.ndarray,
    every: Sequence[np.ndarray],
) -> list[PrunedPart]:
    """One part a head.

    Args:
        layer: its name.
        importance_H: of its heads.
        searched_H: which of them the search kept.
        kept_H: which of them the rearrangement left.
        every: importance of the heads of all layers, which ranks them.

    Returns:
        The parts, in the order of the heads.
    """
    whole = np.sort(np.concatenate(every))[::-1]
    found = []
    for h, (value, was, kept) in enumerate(zip(importance_H, searched_H, kept_H, strict=True)):
        rank = f"importance {int((whole > value).sum()) + 1} of {len(whole)}"
        if kept:
            why = f"kept: {rank}" if was else f"kept: {rank}, but none that is left says the same"
        else:
            why = f"removed: {rank}" + (", but heads that are left say the same" if was else "")
        found.append(
            PrunedPart(
                layer=layer,
                part=HEAD,
                number=h,
                kept=int(kept),
                importance=float(value),
                why=why,
            )
        )
    return found


def column_part(
    layer: str, importance_F: np.ndarray, kept_F: np.ndarray, exchanges: int
) -> PrunedPart:
    """The feed-forward columns of a layer as one part."""
    lost = float(importance_F[~kept_F].sum())
    share = 1 - lost / max(float(importance_F.sum()), 1e-30)
    return PrunedPart(
        layer=layer,
        part=FFN,
        units=len(kept_F),
        kept=int(kept_F.sum()),
        importance=lost,
        why=(
            f"{kept_F.sum():,} of {len(kept_F):,} columns hold {share:.1%} of the layer's "
            f"importance; {exchanges:,} exchanged for others that say what none left does"
        ),
    )
