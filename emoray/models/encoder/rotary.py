"""Queries and keys turned by their place in the text (RoPE, Su et al. 2021), as ModernBERT has it.

Number i of the first half of a head and number i of its second half are the two axes of a plane,
turned by place x frequency i. Shapes: N texts, H heads, L tokens, S width of a head, R = S / 2.
"""

import numpy as np
import torch
from torch import Tensor


def frequencies(theta: float, width: int) -> np.ndarray:
    """The frequencies of a head's planes, (R,), float32: theta ** -(2 i / S).

    Computed by torch, as transformers does: NumPy's powers differ in the last place, which counts
    once multiplied by a far place.

    Returns:
        Radians a token.
    """
    exponents = torch.arange(0, width, 2, dtype=torch.float) / width
    return np.asarray((1.0 / theta**exponents).numpy(), np.float32)


def turned(x_NHLS: Tensor, frequencies_R: Tensor) -> Tensor:
    """Turn each token's heads by its place, in float32 whatever x is."""
    places_L = torch.arange(x_NHLS.shape[2], device=x_NHLS.device).float()
    angles_LR = places_L[:, None] * frequencies_R
    cos_LR, sin_LR = angles_LR.cos(), angles_LR.sin()
    one, other = x_NHLS.float().chunk(2, dim=-1)
    found = torch.cat([one * cos_LR - other * sin_LR, other * cos_LR + one * sin_LR], -1)
    return found.to(x_NHLS.dtype)
