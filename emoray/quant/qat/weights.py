"""Fake quantization of weights, while the float weights go on learning.

Shapes as of neutral tensors: kernels (inputs, outputs), embeddings (V, D); T tokens of a batch.
"""

import torch
from torch import Tensor, nn

from emoray.quant.affine import AffineMap, affine_for
from emoray.quant.granularity import Grain, PerChannel, PerGroup
from emoray.quant.levels import code_dtype, code_range
from emoray.quant.qat.clip import Clip
from emoray.quant.qat.rounding import rounded
from emoray.quant.scheme import QuantScheme

EVERY = 100  # training steps after which an observed range is chosen anew


def _laid(params: Tensor, grain: Grain, values_AB: Tensor) -> Tensor:
    """Reshape compact parameters to broadcast over values in the shape that `_cut` gives them."""
    match grain:
        case PerChannel(axis=axis):
            return params.reshape((-1, 1) if axis % 2 == 0 else (1, -1))
        case PerGroup(size=size, axis=axis):
            axis, length = axis % 2, values_AB.shape[axis % 2]
            if length % size == 0:
                return params.unsqueeze(axis + 1)
            return params.repeat_interleave(size, axis).narrow(axis, 0, length)
    return params


def _cut(values_AB: Tensor, grain: Grain) -> Tensor:
    """The values with every group on an axis of its own, where groups come out even."""
    if isinstance(grain, PerGroup) and values_AB.shape[grain.axis % 2] % grain.size == 0:
        return values_AB.unflatten(grain.axis % 2, (-1, grain.size))
    return values_AB


class FakeTensor(nn.Module):
    """One weight's clip ranges, and its values rounded to codes within them.

    Ranges that are not `learned` are chosen anew from the weight, as its scheme defines, after
    every `every` steps.
    """

    def __init__(
        self, weight: Tensor, scheme: QuantScheme, *, learned: bool, every: int = EVERY
    ) -> None:
        super().__init__()
        self.scheme, self.every, self.seen = scheme, every, 0
        self.shape = (weight.shape[0], weight.shape[1])
        chosen = affine_for(weight.detach().cpu().float().numpy(), scheme)
        self.clip = Clip(
            chosen.alpha,
            chosen.beta,
            bits=scheme.bits,
            symmetric=scheme.symmetric,
            learned=learned,
            halves=True,
        ).to(weight.device)
        self.codes = code_range(scheme.bits, scheme.symmetric)
        values = weight.numel() / max(1, chosen.scale.size)
        self.factor = (values * self.codes[1]) ** -0.5

    def watch(self, weight: Tensor) -> None:
        """Count a training step; observe the ranges again where it is due."""
        if self.clip.learned or not self.training:
            return
        self.seen += 1
        if self.seen % self.every == 0:
            self.observe(weight)

    def observe(self, weight: Tensor) -> None:
        """Choose the ranges of the current weight anew."""
        chosen = affine_for(weight.detach().cpu().float().numpy(), self.scheme)
        self.clip.move(chosen.alpha, chosen.beta)

    def fake(self, values_AB: Tensor, rows_T: Tensor | None = None) -> Tensor:
        """Return the values of the codes; rows_T: the rows of the tensor that the values are."""
        grain = self.scheme.grain
        scale, point = self.clip.steps(rows_T)
        cut = rounded(
            _cut(values_AB, grain),
            _laid(scale, grain, values_AB),
            None if point is None else _laid(point, grain, values_AB),
            self.codes,
            factor=self.factor,
        )
        return cut.reshape(values_AB.shape)

    @torch.no_grad()
    def map(self) -> AffineMap:
        """The map that quantizes the weight to the same values."""
        scale, point = self.clip.steps()
        alpha, beta = (end.cpu().numpy() for end in self.clip.ends())
        dtype = code_dtype(self.scheme.symmetric)
        points = torch.zeros_like(scale) if point is None else point
        return AffineMap(
            scale=scale.cpu().numpy(),
            zero_point=points.cpu().numpy().astype(dtype),
            alpha=alpha.astype("float32"),
            beta=beta.astype("float32"),
            bits=self.scheme.bits,
            symmetric=self.scheme.symmetric,
            grain=self.scheme.grain,
            shape=self.shape,
        )


class FakeKernel(FakeTensor):
    """A parametrization of nn.Linear's weight, which is stored as (outputs, inputs)."""

    def forward(self, weight_OI: Tensor) -> Tensor:
        """Return the fake-quantized weight."""
        self.watch(weight_OI.T)
        return self.fake(weight_OI.float().T).T


class FakeTable(FakeTensor):
    """A forward hook of an nn.Embedding that rounds only the rows that a batch looked up."""

    def __init__(
        self, weight: Tensor, scheme: QuantScheme, *, learned: bool, every: int = EVERY
    ) -> None:
        super().__init__(weight, scheme, learned=learned, every=every)
        grain = scheme.grain
        if isinstance(grain, PerGroup) and grain.axis % 2 == 0:
            raise ValueError(
                f"an embedding's groups run along a word's vector, got {grain} across words: "
                f"use PerGroup({grain.size}, axis=-1)"
            )
        self.by_row = isinstance(grain, PerGroup) or grain == PerChannel(0)

    def forward(self, table: nn.Embedding, ids: tuple[Tensor], vectors: Tensor) -> Tensor:
        """Round a batch's vectors; the arguments are a forward hook's: module, inputs, output."""
        self.watch(table.weight)
        rows_T = ids[0].reshape(-1) if self.by_row else None
        found_TD = self.fake(vectors.float().flatten(0, -2), rows_T)
        return found_TD.reshape(vectors.shape).to(vectors.dtype)
