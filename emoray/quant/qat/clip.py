"""Trainable clip ranges of the slices of a tensor, and their scales and zero-points."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoray.quant.levels import SMALLEST_SCALE, code_range
from emoray.quant.qat.rounding import instead

FEWEST_HALVES = 13  # scales that a file keeps as float16, where they are no fewer


def _typical_where_empty(ends: Tensor, empty: Tensor) -> Tensor:
    """Give slices of zeros, which have no range to learn from, the median of the others' ends."""
    if not empty.any():
        return ends
    return torch.where(empty, ends[~empty].median() if (~empty).any() else 1.0, ends)


class Clip(nn.Module):
    """Ranges [alpha, beta] in their grain's compact shape, alpha = -beta when symmetric.

    Where they are `learned`, each end learns the logarithm of its ratio to its initial value, so
    that Adam's steps are relative ones (as in Jain et al. 2020, "Trained quantization thresholds");
    an end at 0 stays. With `halves`, scales are float16 wherever that moves no code by more than
    half a step, so that a file stores the scales of training.
    """

    alpha: Tensor
    beta: Tensor

    def __init__(
        self,
        alpha: np.ndarray | float,
        beta: np.ndarray | float,
        *,
        bits: int,
        symmetric: bool,
        learned: bool,
        halves: bool,
    ) -> None:
        super().__init__()
        self.bits, self.symmetric, self.learned = bits, symmetric, learned
        self.halves = halves and np.size(beta) >= FEWEST_HALVES
        self.low_growth: nn.Parameter | None = None
        self.high_growth: nn.Parameter | None = None
        low, high = (torch.as_tensor(np.array(end, np.float64)) for end in (alpha, beta))
        if learned:
            empty = low == high
            low, high = _typical_where_empty(low, empty), _typical_where_empty(high, empty)
            self.high_growth = nn.Parameter(torch.zeros(high.shape))
            if not symmetric:
                self.low_growth = nn.Parameter(torch.zeros(low.shape))
        self.register_buffer("alpha", low)
        self.register_buffer("beta", high)

    def _end(self, end: Tensor, growth: nn.Parameter | None, rows: Tensor | None) -> Tensor:
        grown: Tensor | None = growth
        if rows is not None:
            end = F.embedding(rows, end.reshape(len(end), -1))
            grown = None if grown is None else F.embedding(rows, grown.reshape(len(grown), -1))
        return end if grown is None else end * grown.double().exp()

    def ends(self, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(alpha, beta), float64, of all slices or of some rows of an embedding, (T, ·)."""
        beta = self._end(self.beta, self.high_growth, rows)
        return (-beta if self.symmetric else self._end(self.alpha, self.low_growth, rows)), beta

    def steps(self, rows: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """(scale, zero-point), float32, as `levels.scale_and_zero_point`; None for points of 0."""
        alpha, beta = self.ends(rows)
        _, highest = code_range(self.bits, self.symmetric)
        span = beta if self.symmetric else beta - alpha
        scale = torch.where(span > 0, (span / highest).clamp_min(SMALLEST_SCALE), 1.0).float()
        point = None
        if not self.symmetric:
            exact = -alpha / scale
            point = instead(exact, exact.detach().round().clamp(0, highest)).float()
        return (self._halved(scale, highest) if self.halves else scale), point

    def _halved(self, scale: Tensor, highest: int) -> Tensor:
        whole = scale.detach()
        half = whole.half().float()
        harmless = (half - whole).abs() / whole * highest <= 0.5
        return instead(scale, torch.where(harmless, half, whole))

    @torch.no_grad()
    def move(self, alpha: np.ndarray, beta: np.ndarray) -> None:
        """Replace the ranges."""
        for own, end in ((self.alpha, alpha), (self.beta, beta)):
            own.copy_(torch.as_tensor(np.array(end, np.float64)))
