"""Rounding to codes and back inside a training step, with straight-through gradients.

The forward arithmetic is that of `affine.AffineMap` and of export's products, to the last bit.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function


def _bounds(point: Tensor | None, codes: tuple[int, int]) -> tuple[float, float] | None:
    """Lowest and highest step from zero where one zero-point serves all; None where many do."""
    if point is None:
        return codes
    if point.numel() > 1:
        return None
    own = point.item()
    return codes[0] - own, codes[1] - own


def _total(one: Tensor, other: Tensor, like: Tensor) -> Tensor:
    """Sum products, one sum for each of the parameters."""
    if like.numel() == 1:  # no array between
        return torch.dot(one.reshape(-1), other.reshape(-1)).reshape(like.shape)
    return (one * other).sum_to_size(like.shape)


class _Round(Function):
    """Values to codes and back. Scale and point broadcast over the values; point may be None.

    Gradients of Esser et al. 2020, "Learned step size quantization", eq. 3-5; of the zero-point as
    in Bhalgat et al. 2020, "LSQ+". hardtanh's backward is the one fused kernel that lets a gradient
    through strictly inside a range.
    """

    @staticmethod
    def forward(
        ctx: Any,
        values: Tensor,
        scale: Tensor,
        point: Tensor | None,
        codes: tuple[int, int],
        factor: float,
    ) -> Tensor:
        steps = values / scale
        found = steps.round()
        bounds = _bounds(point, codes)
        if bounds is not None:
            found.clamp_(*bounds)
        elif point is not None:
            found.add_(point).clamp_(*codes).sub_(point)
        found.mul_(scale)
        ctx.codes, ctx.bounds, ctx.factor = codes, bounds, factor
        ctx.save_for_backward(steps, found, scale, point)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (gradient,) = gradients
        steps, found, scale, point = ctx.saved_tensors
        moved = steps if ctx.bounds else steps + point
        inside = torch.ops.aten.hardtanh_backward(gradient, moved, *(ctx.bounds or ctx.codes))
        of_scale = of_point = None
        if ctx.needs_input_grad[1]:
            whole = _total(gradient, found, scale) / scale
            of_scale = (whole - _total(inside, steps, scale)) * ctx.factor
        if point is not None and ctx.needs_input_grad[2]:
            outside = gradient.sum_to_size(scale.shape) - inside.sum_to_size(scale.shape)
            of_point = outside.mul_(scale).mul_(-ctx.factor).sum_to_size(point.shape)
        return inside, of_scale, of_point, None, None


class _RoundByRow(Function):
    """Rows to codes by their own greatest absolute value and back; the gradient passes whole."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, nonnegative: bool) -> Tensor:
        if nonnegative:
            top = values.amax(-1, keepdim=True)
        else:
            top = values.abs().amax(-1, keepdim=True)
        scale = top * torch.tensor(1 / (255 if nonnegative else 127), dtype=torch.float32)
        divisor = torch.where(scale > 0, scale, 1.0)  # a row of zeros stays zeros
        if nonnegative:
            return (values / divisor).round_().mul_(scale)
        return (values + top).div_(divisor).round_().sub_(127).mul_(scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return *gradients, None


class _Instead(Function):
    """Replace a value by another; the gradient passes unchanged."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, other: Tensor) -> Tensor:
        return other

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return *gradients, None


def rounded(
    values: Tensor,
    scale: Tensor,
    point: Tensor | None,
    codes: tuple[int, int],
    *,
    factor: float = 1.0,
) -> Tensor:
    """Round values to codes and back.

    Args:
        values: float32.
        scale: broadcasts over the values.
        point: zero-point, broadcasts over the values; None for 0.
        codes: lowest and highest code.
        factor: multiplies the gradients of scale and zero-point.

    Returns:
        The float32 values of the codes.
    """
    found: Tensor = _Round.apply(values, scale, point, codes, factor)
    return found


def rounded_by_row(values: Tensor, *, nonnegative: bool) -> Tensor:
    """Round float32 values as Dynamic activations are, row by row; see export's products."""
    found: Tensor = _RoundByRow.apply(values, nonnegative)
    return found


def instead(value: Tensor, other: Tensor) -> Tensor:
    """Return `other`, which has no gradient itself, with the gradient of `value`."""
    found: Tensor = _Instead.apply(value, other)
    return found
