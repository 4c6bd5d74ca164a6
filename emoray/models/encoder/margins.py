"""Logits of a head for one label a text as margins, which is how all else here reads them.

Shapes: N texts, K labels.
"""

import torch
from torch import Tensor

from emoray.models.encoder.architecture import BEHIND


def margins(logits_NK: Tensor) -> Tensor:
    """What each label is ahead of the best other one; one label alone is at or above 0."""
    best_N1, at_N1 = logits_NK.max(dim=-1, keepdim=True)
    is_best_NK = torch.arange(logits_NK.shape[-1], device=logits_NK.device) == at_N1
    second_N1 = logits_NK.masked_fill(is_best_NK, -torch.inf).amax(dim=-1, keepdim=True)
    behind_NK = (logits_NK - best_N1).clamp(max=BEHIND)
    return torch.where(is_best_NK, logits_NK - second_N1, behind_NK)
