"""Which units of a model's layers stay within a budget: search by importance, then rearrangement.

A unit is masked by a factor m, 1 where it stays. To second order removing units costs
1/2 (1 - m)' F (1 - m) of the loss, F the Fisher information of the masks: the mean over texts of
g g', g the loss's gradient by the masks. The search takes F's diagonal, the rearrangement the block
of each layer. (Kwon et al. 2022, "A fast post-training pruning framework for transformers".)
Shapes: N texts, U units of a layer.
"""

from collections.abc import Sequence

import numpy as np


def importance_of(gradients_NU: np.ndarray) -> np.ndarray:
    """The diagonal of the Fisher information, halved: what removing each unit alone costs, (U,)."""
    return 0.5 * np.square(gradients_NU, dtype=np.float64).mean(0)


def kept_units(
    importance: Sequence[np.ndarray], share: float, *, together: int = 1
) -> list[np.ndarray]:
    """Remove a share of all layers' units, those of least importance.

    Args:
        importance: of each layer's units, (U,).
        share: of the units that are removed, at most; less where they go `together`.
        together: units that stay or go at once, as kernels read blocks of them: the layer's most
            important ones, the next, …. Each layer keeps one such block at least.

    Returns:
        kept_U of each layer, bool.
    """
    orders = [np.argsort(-units_U, kind="stable") for units_U in importance]
    blocks = [
        (float(importance[i][order[at : at + together]].sum()), i, at)
        for i, order in enumerate(orders)
        for at in range(together, len(order), together)
    ]
    kept = [np.ones(len(order), bool) for order in orders]
    left = int(share * sum(map(len, orders)) + 1e-9)
    for _, i, at in sorted(blocks):
        block = orders[i][at : at + together]
        if len(block) <= left:
            kept[i][block] = False
            left -= len(block)
    return kept


def rearranged(gradients_NU: np.ndarray, kept_U: np.ndarray) -> tuple[np.ndarray, int]:
    """Exchange removed units for kept ones while that lowers the cost within the layer.

    Units that say the same may both look dispensable; removing both is not.

    Args:
        gradients_NU: of the layer's masks.
        kept_U: as the search left them.

    Returns:
        kept_U with as many units, and the number of exchanges.
    """
    kept_U = kept_U.copy()
    wide_NU = gradients_NU.astype(np.float64)
    fisher_UU = wide_NU.T @ wide_NU / len(wide_NU)
    own_U = fisher_UU.diagonal()
    pulled_U = fisher_UU[:, ~kept_U].sum(1)  # what those removed have in common with each
    exchanges = 0
    while 0 < kept_U.sum() < len(kept_U) and exchanges < len(kept_U):
        out, into = np.flatnonzero(~kept_U), np.flatnonzero(kept_U)
        change = (own_U - 2 * pulled_U)[out][:, None] + (own_U + 2 * pulled_U)[into][None]
        change -= 2 * fisher_UU[np.ix_(out, into)]
        best = np.unravel_index(change.argmin(), change.shape)
        if change[best] >= -1e-9 * max(float(pulled_U[out].sum()), 1e-30):
            break
        back, gone = out[best[0]], into[best[1]]
        kept_U[back], kept_U[gone] = True, False
        pulled_U += fisher_UU[:, gone] - fisher_UU[:, back]
        exchanges += 1
    return kept_U, exchanges
