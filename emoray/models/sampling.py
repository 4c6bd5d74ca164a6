"""Samples of the train texts: plain values. Shapes: N texts, K labels, S texts drawn."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from emoray.models.augmentation import Augmentation, NoAugmentation


@dataclass(frozen=True, slots=True)
class Whole:
    """Every train text, once."""

    tag: ClassVar[str] = "Whole"

    def rows(self, labels_NK: np.ndarray, seed: int) -> np.ndarray:
        """Return rows_N: all of them, in their order."""
        return np.arange(len(labels_NK))

    def __str__(self) -> str:
        return "whole"


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """As many texts as there are, drawn with replacement: some 63 % of them, many twice.

    Breiman 1996, "Bagging predictors".
    """

    tag: ClassVar[str] = "Bootstrap"

    def rows(self, labels_NK: np.ndarray, seed: int) -> np.ndarray:
        """Return rows_N, ascending, drawn by the recipe's seed."""
        texts = len(labels_NK)
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

    def rows(self, labels_NK: np.ndarray, seed: int) -> np.ndarray:
        """Return rows_N, ascending; the seed does not count."""
        return np.flatnonzero(fold_of(len(labels_NK), self.folds) != self.fold)

    def __str__(self) -> str:
        return f"without{self.fold}of{self.folds}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfFold:
    """A model of a few shots is calibrated on them alone.

    Each text is scored by a model that was trained without its fold; temperature and thresholds
    fitted on these logits decide for the model that learned all of them. So no other label is
    needed, and the last epoch is kept.
    """

    tag: ClassVar[str] = "OutOfFold"

    folds: int = 4

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise ValueError(
                f"folds must be at least 2, got {self.folds}: 4 leaves out a quarter at a time"
            )

    def __str__(self) -> str:
        return f"cv{self.folds}"


@dataclass(frozen=True, slots=True)
class WholeDev:
    """A model of a few shots is calibrated on all of dev: on many more labels than it learned."""

    tag: ClassVar[str] = "WholeDev"

    def __str__(self) -> str:
        return "dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots:
    """A few texts of each label of train, all of those that has fewer; rare labels are drawn first.

    A text with several labels counts for each of them, so common ones may have more. Fewer shots of
    one seed are among more. Texts without any label are never drawn.

    Attributes:
        per_label: texts of each label.
        seed: of the draw, beside the recipe's.
        calibration: which texts temperature and thresholds are fitted on.
    """

    tag: ClassVar[str] = "Shots"

    per_label: int
    seed: int = 0
    calibration: OutOfFold | WholeDev = field(default_factory=OutOfFold)

    def __post_init__(self) -> None:
        if self.per_label < 1:
            raise ValueError(
                f"per_label must be at least 1, got {self.per_label}: 8, 16 and 32 are usual"
            )
        if isinstance(self.calibration, OutOfFold) and self.calibration.folds > self.per_label:
            raise ValueError(
                f"calibration by folds leaves some shots of each label to learn, got "
                f"{self.calibration.folds} folds of {self.per_label} shots: take fewer folds, more "
                "shots, or calibrate on dev (WholeDev)"
            )

    def drawn(self, labels_NK: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw the texts.

        Args:
            labels_NK: of train; above 0 where a text has the label.
            seed: the recipe's.

        Returns:
            rows_S, ascending, and turn_S: in which turn around the labels, from 0, each was drawn.
        """
        there_NK = labels_NK > 0
        texts, labels = there_NK.shape
        order_N = np.random.default_rng([self.seed, seed, texts]).permutation(texts)
        left = [iter(order_N[there_NK[order_N, k]].tolist()) for k in range(labels)]
        rare_first = np.argsort(there_NK.sum(0), kind="stable")
        turns: dict[int, int] = {}
        count_K = np.zeros(labels, int)
        for turn in range(self.per_label):
            for k in rare_first:
                if count_K[k] > turn:
                    continue
                row = next((row for row in left[k] if row not in turns), None)
                if row is not None:
                    turns[row] = turn
                    count_K += there_NK[row]
        rows_S = np.array(sorted(turns), int)
        return rows_S, np.array([turns[row] for row in rows_S.tolist()], int)

    def rows(self, labels_NK: np.ndarray, seed: int) -> np.ndarray:
        """Return rows_S, ascending, drawn by both seeds."""
        return self.drawn(labels_NK, seed)[0]

    def folds(self, labels_NK: np.ndarray, seed: int) -> np.ndarray:
        """Return fold_S of the drawn rows: shots of each label are spread over the folds."""
        assert isinstance(self.calibration, OutOfFold)
        return np.asarray(self.drawn(labels_NK, seed)[1] % self.calibration.folds)

    def __str__(self) -> str:
        seed = f"r{self.seed}" if self.seed else ""
        how = "" if self.calibration == OutOfFold() else f"-{self.calibration}"
        return f"shots{self.per_label}{seed}{how}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotsWithout:
    """A few shots but for those of one fold: a model that may be asked about these."""

    tag: ClassVar[str] = "ShotsWithout"

    shots: Shots
    fold: int

    def rows(self, labels_NK: np.ndarray, seed: int) -> np.ndarray:
        """Return rows_S, ascending."""
        kept_S = self.shots.folds(labels_NK, seed) != self.fold
        return self.shots.rows(labels_NK, seed)[kept_S]

    def __str__(self) -> str:
        return f"{self.shots} without{self.fold}"


Sample = Whole | Bootstrap | LeaveOut | Shots | ShotsWithout


def calibrated_on_shots(sample: Sample) -> Shots | None:
    """The shots that a model of this sample is calibrated on; None where that is dev."""
    shots = sample.shots if isinstance(sample, ShotsWithout) else sample
    if isinstance(shots, Shots) and isinstance(shots.calibration, OutOfFold):
        return shots
    return None


def require_shots_alone(sample: Sample, augmentation: Augmentation) -> None:
    """Refuse (ValueError) translated copies beside shots: they are of texts that were not drawn."""
    if isinstance(sample, Shots | ShotsWithout) and augmentation != NoAugmentation():
        raise ValueError(
            f"shots are drawn of train as it is, got {sample} with {augmentation}: translations "
            "would add texts that were not drawn; leave one of the two out"
        )
