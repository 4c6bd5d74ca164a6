"""Fake quantization of products' inputs. Shapes: I inputs of a product."""

from typing import Any

import torch
from torch import Tensor, nn

from emoray.quant.affine import affine_between
from emoray.quant.qat.clip import Clip
from emoray.quant.qat.rounding import rounded, rounded_by_row


class FakeInput(nn.Module):
    """Fake-quantizes one activation, once for all the products that read it.

    A static one has a range (alpha, beta); without it each row has its own.
    """

    def __init__(
        self,
        *,
        readers: int = 1,
        nonnegative: bool = False,
        range: tuple[float, float] | None = None,
        symmetric: bool = False,
        learned: bool = False,
    ) -> None:
        super().__init__()
        self.readers, self.nonnegative = readers, nonnegative
        self.clip: Clip | None = None
        if range is not None:
            affine_between(*range, symmetric=symmetric)  # refuses what is no range
            self.clip = Clip(*range, bits=8, symmetric=symmetric, learned=learned, halves=False)
        # A symmetric input moves up by 128 to be unsigned: QuantizeLinear leaves it the code -128.
        self.codes = (-128, 127) if symmetric else (0, 255)
        self._read: Tensor | None = None
        self._gives: Tensor | None = None
        self._left = 0

    def _fake(self, x: Tensor) -> Tensor:
        values = x.float()
        if self.clip is None:
            found = rounded_by_row(values, nonnegative=self.nonnegative)
        else:
            factor = (values.shape[-1] * self.codes[1]) ** -0.5
            found = rounded(values, *self.clip.steps(), self.codes, factor=factor)
        return found.to(x.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return the float values of the input's codes, computed once for all readers."""
        if self._gives is None or self._read is not x:
            self._read, self._gives, self._left = x, self._fake(x), self.readers
        found = self._gives
        self._left -= 1
        if self._left == 0:  # nothing of a step outlives it
            self._read = self._gives = None
        return found

    @torch.no_grad()
    def range(self) -> tuple[float, float] | None:
        """(alpha, beta) of a static input, from which `affine_between` gives the same map."""
        if self.clip is None:
            return None
        alpha, beta = self.clip.ends()
        return float(alpha), float(beta)


class Before:
    """A forward pre-hook that passes a module's input through a FakeInput."""

    def __init__(self, fake: FakeInput) -> None:
        self.fake = fake

    def __call__(self, module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        """Replace the first positional input."""
        return self.fake(given[0]), *given[1:]
