"""The policy's choice for one tensor as a line of text."""

import numpy as np

from emoray.quant.affine import AffineMap
from emoray.quant.distribution import distribution


def _clip_ratio(values: np.ndarray, chosen: AffineMap) -> float:
    """Mean over the slices of the clip range's width over min/max's."""
    blocks = chosen.grain.blocks(values)
    ends = [(np.minimum(b.min(axis=1), 0), np.maximum(b.max(axis=1), 0)) for b in blocks]
    alpha, beta = (chosen.grain.join(side, values.shape) for side in zip(*ends, strict=True))
    if chosen.symmetric:
        whole = 2.0 * np.maximum(-alpha, beta)
    else:
        whole = beta - alpha
    alive = whole > 0
    if not alive.any():
        return 1.0
    return float(((chosen.beta - chosen.alpha)[alive] / whole[alive]).mean())


def percent(share: float) -> str:
    """A share in percent, two significant digits."""
    return f"{100 * share:.2g} %"


def reason(values: np.ndarray, chosen: AffineMap, error: float) -> str:
    """Describe how a weight is stored: its distribution, its clip range, its bits, its error."""
    if not values.any():
        return f"all zeros: {chosen.bits} bits (error 0 %)"
    kind = "bits" if chosen.symmetric else "bits affine"
    return (
        f"{distribution(values, chosen.grain)}: clips at {_clip_ratio(values, chosen):.2f} of max, "
        f"{chosen.bits} {kind} (error {percent(error)})"
    )
