"""What a training learns from: plain values to hash, store and print.

A loss sees targets between 0 and 1, never another model: the logits of a teacher are a stage of
their own, and become targets before training begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from emoray.models.heads import Head
from emoray.models.losses import Loss


@dataclass(frozen=True, slots=True)
class Supervised:
    """The true labels and nothing else."""

    tag: ClassVar[str] = "Supervised"

    def __str__(self) -> str:
        return "supervised"


@dataclass(frozen=True, slots=True)
class NoTransfer:
    """The teacher labels the texts of train alone."""

    tag: ClassVar[str] = "NoTransfer"

    def __str__(self) -> str:
        return "train"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreTexts:
    """Texts without true labels, for the teacher to label: made from train, or a user's own.

    Tang et al. 2019, "Distilling task-specific knowledge from BERT into simple neural networks":
    masking and n-gram sampling. None is equal to a text of dev or test.

    Attributes:
        copies: texts that are made for each text of train.
        mask: share of the words that are left out of each.
        splice: share of them that are two texts, one behind the other.
        ngrams: share of them that are 2 to 12 neighbouring words of two texts.
        seed: of the random numbers.
        unlabelled: a file with one text a line that are taken as they are; empty for none.
    """

    tag: ClassVar[str] = "MoreTexts"

    copies: int = 2
    mask: float = 0.15
    splice: float = 0.25
    ngrams: float = 0.5
    seed: int = 0
    unlabelled: str = ""

    def __post_init__(self) -> None:
        if self.copies < 0 or not (self.copies or self.unlabelled):
            raise ValueError(
                f"copies must be at least 1 without unlabelled texts, got {self.copies}: ask for "
                "some, name a file in unlabelled, or leave the transfer out"
            )
        if not 0 <= self.mask < 1:
            raise ValueError(f"mask must lie in [0, 1), got {self.mask}: 0 leaves nothing out")
        if min(self.splice, self.ngrams) < 0 or self.splice + self.ngrams > 1:
            raise ValueError(
                "splice and ngrams are shares of the texts made, at most 1 together, got "
                f"{self.splice} and {self.ngrams}: what is left is masked alone"
            )

    def __str__(self) -> str:
        made = f"x{self.copies}m{self.mask:g}s{self.splice:g}n{self.ngrams:g}"
        seed = f"r{self.seed}" if self.seed else ""
        own = [self.unlabelled.rstrip("/").rpartition("/")[2]] if self.unlabelled else []
        return "+".join([*([made + seed] if self.copies else []), *own])


Transfer = NoTransfer | MoreTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class Distilled:
    """The probabilities of a teacher, mixed with the true labels where there are some.

    Hinton, Vinyals & Dean 2015, "Distilling the knowledge in a neural network". The losses that
    take such targets are linear in them, so that mixed targets are mixed losses. The temperature is
    of the teacher alone: the student learns its softened probabilities, which the temperature of
    its decision takes back.

    Attributes:
        teacher: an artifact with the labels of the recipe, or with those that they are groups of:
            its folder, `model:NAME@ALIAS`, or RUN:POINT, a point of a run; empty for the one that
            the job names (`--teacher`).
        folds: 1 labels with the teacher as it is. More train the recipe behind a RUN:POINT, or
            those of its ensemble, anew without each fold, so that no text of train is labelled by a
            model that has learned it.
        hard: share of the true labels in the targets of texts that have some.
        temperature: that the teacher's logits are divided by; above 1 softens.
        transfer: texts that the teacher labels besides.
    """

    tag: ClassVar[str] = "Distilled"

    teacher: str = ""
    folds: int = 1
    hard: float = 0.5
    temperature: float = 1.0
    transfer: Transfer = field(default_factory=NoTransfer)

    def __post_init__(self) -> None:
        if self.folds < 1:
            raise ValueError(
                f"folds must be at least 1, got {self.folds}: 1 takes the teacher as it is"
            )
        if not 0 <= self.hard <= 1:
            raise ValueError(
                f"hard must lie in [0, 1], got {self.hard}: 0 learns from the teacher alone"
            )
        if not 0 < self.temperature < float("inf"):
            raise ValueError(
                f"temperature must be finite and above 0, got {self.temperature}: 1 takes the "
                "teacher's probabilities as they are"
            )

    def __str__(self) -> str:
        name = self.teacher.rstrip("/").rpartition("/")[2] or "teacher"
        folds = f" f{self.folds}" if self.folds > 1 else ""
        soft = f" t{self.temperature:g}" if self.temperature != 1 else ""
        more = "" if self.transfer == NoTransfer() else f" {self.transfer}"
        return f"distilled({name}{folds} h{self.hard:g}{soft}{more})"


Objective = Supervised | Distilled


def require_soft_targets(objective: Objective, loss: Loss, heads: Sequence[Head]) -> None:
    """Refuse (ValueError) what cannot learn a teacher's probabilities of the recipe's labels."""
    if not isinstance(objective, Distilled):
        return
    if not loss.soft:
        raise ValueError(
            f"loss must take targets between 0 and 1 where a teacher gives them, got {loss}, whose "
            "best answer to 0.3 is not 0.3: choose bce or weighted_bce0.4"
        )
    if heads:
        raise ValueError(
            "a teacher's targets are of the recipe's own labels, got the heads "
            f"{', '.join(map(str, heads))} beside them: leave heads out, or the objective"
        )
