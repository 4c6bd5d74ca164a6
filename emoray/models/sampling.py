"""Samples of the train texts: plain values. Shapes: N texts."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True, slots=True)
class Whole:
    """Every train text, once."""

    tag: ClassVar[str] = "Whole"

    def rows(self, texts: int, seed: int) -> np.ndarray:
        """Return rows_N: all of them, in their order."""
        return np.arange(texts)

    def __str__(self) -> str:
        return "whole"


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """As many texts as there are, drawn with replacement: some 63 % of them, many twice.

    Breiman 1996, "Bagging predictors".
    """

    tag: ClassVar[str] = "Bootstrap"

    def rows(self, texts: int, seed: int) -> np.ndarray:
        """Return rows_N, ascending, drawn by the recipe's seed."""
        return np.sort(np.random.default_rng([seed, texts]).integers(texts, size=texts))

    def __str__(self) -> str:
        return "bootstrap"


Sample = Whole | Bootstrap
