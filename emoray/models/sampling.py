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


def fold_of(texts: int, folds: int) -> np.ndarray:
    """Return fold_N, 0 to folds - 1: the same for every model, so that all leave out the same."""
    order_N = np.random.default_rng([texts, folds]).permutation(texts)
    return np.asarray(order_N % folds)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOut:
    """All texts but those of one fold: a model that may be asked about these."""

    tag: ClassVar[str] = "LeaveOut"

    fold: int
    folds: int = 2

    def __post_init__(self) -> None:
        if self.folds < 2 or not 0 <= self.fold < self.folds:
            raise ValueError(
                f"fold must lie below folds, which are at least 2, got {self.fold} of "
                f"{self.folds}: leave out fold 0 of 2"
            )

    def rows(self, texts: int, seed: int) -> np.ndarray:
        """Return rows_N, ascending; the seed does not count."""
        return np.flatnonzero(fold_of(texts, self.folds) != self.fold)

    def __str__(self) -> str:
        return f"without{self.fold}of{self.folds}"


Sample = Whole | Bootstrap | LeaveOut
