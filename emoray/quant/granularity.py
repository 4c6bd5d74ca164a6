"""How many values share one scale: a whole tensor, a channel, or a run of consecutive values.

A grain cuts a tensor into *slices*. Parameters (scale, zero-point, alpha, beta) are kept compact:
shape () per tensor, (C,) per channel, and per group the tensor's shape with the grouped axis
counted in groups. ``spread`` lays them over the tensor again. S slices, M values in each.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


def _check_axis(axis: int, rank: int, grain: object) -> None:
    if not -rank <= axis < rank:
        raise ValueError(
            f"the grain's axis must exist in the tensor: {grain!r} on {rank} axes; "
            f"choose an axis in {-rank}..{rank - 1}"
        )


@dataclass(frozen=True, slots=True)
class PerTensor:
    """One scale for the whole tensor."""

    tag: ClassVar[str] = "PerTensor"

    def blocks(self, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """The tensor as 2-D blocks of equally long slices (S, M)."""
        return (values.reshape(1, -1),)

    def join(self, params: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        """Reshape per-slice parameters, one array per block, to their compact shape."""
        return params[0].reshape(())

    def slices(self, shape: tuple[int, ...]) -> int:
        """The number of scales that a tensor of this shape takes."""
        return 1

    def spread(self, params: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Broadcast compact parameters over the tensor's shape."""
        return params

    def __str__(self) -> str:
        return "tensor"


@dataclass(frozen=True, slots=True)
class PerChannel:
    """One scale for every index of `axis`: a column (output unit) at -1, a row (word) at 0."""

    tag: ClassVar[str] = "PerChannel"

    axis: int = -1

    def blocks(self, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """The tensor as one block with a slice per channel (C, M)."""
        _check_axis(self.axis, values.ndim, self)
        moved = np.moveaxis(values, self.axis, 0)
        return (np.ascontiguousarray(moved).reshape(moved.shape[0], -1),)

    def join(self, params: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        """Reshape per-slice parameters to their compact shape, (C,)."""
        return params[0]

    def slices(self, shape: tuple[int, ...]) -> int:
        """The number of scales that a tensor of this shape takes."""
        return shape[self.axis]

    def spread(self, params: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Broadcast compact parameters over the tensor's shape."""
        across = [1] * len(shape)
        across[self.axis] = shape[self.axis]
        return params.reshape(across)

    def __str__(self) -> str:
        return {-1: "channel", 0: "row"}.get(self.axis, f"channel{self.axis}")


@dataclass(frozen=True, slots=True)
class PerGroup:
    """One scale for every `size` consecutive values along `axis`; the last group may be shorter.

    Axis 0 is the input axis of a dense kernel (in, out); an embedding (V, D) takes axis -1.
    """

    tag: ClassVar[str] = "PerGroup"

    size: int = 32
    axis: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 2:
            raise ValueError(f"a group's size must be a whole number from 2, got {self.size!r}")

    def blocks(self, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """The tensor as a block of whole groups (S, size) and one of shorter last groups."""
        _check_axis(self.axis, values.ndim, self)
        moved = np.moveaxis(values, self.axis, -1)
        whole = moved.shape[-1] // self.size * self.size
        parts = ((moved[..., :whole], self.size), (moved[..., whole:], moved.shape[-1] - whole))
        return tuple(np.ascontiguousarray(p).reshape(-1, size) for p, size in parts if p.size)

    def join(self, params: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        """Reshape per-slice parameters to the tensor's shape, its axis counted in groups."""
        others = list(shape)
        others.pop(self.axis)
        groups = np.concatenate([p.reshape(*others, -1) for p in params], axis=-1)
        return np.ascontiguousarray(np.moveaxis(groups, -1, self.axis))

    def slices(self, shape: tuple[int, ...]) -> int:
        """The number of scales that a tensor of this shape takes."""
        length = shape[self.axis]
        return math.prod(shape) // length * -(-length // self.size)

    def spread(self, params: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Repeat compact parameters over the tensor's shape."""
        axis = self.axis % len(shape)
        long = np.repeat(params, self.size, axis=axis)
        return long[(slice(None),) * axis + (slice(shape[axis]),)]

    def __str__(self) -> str:
        along = {0: "", -1: "row"}.get(self.axis, f"axis{self.axis}")
        return f"{along}group{self.size}"


Grain = PerTensor | PerChannel | PerGroup
