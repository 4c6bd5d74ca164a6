"""From two models of one training to how they differ: every decision beside its float parent's."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from emoray.trial.spec import Decision
from emoray.trial.stages.compression import Score
from emoray.trial.stages.finetuning import Pieces
from emoray.trial.stages.text import Encode

RESAMPLED = "resampled.npz"  # of a finished Compare or Combine: macro-F1 of points in resamples


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """Every decision on a model beside the same on its float parent: rows of the tables.

    A float model is its own parent: it has no rows, and leaves what others are compared by.
    """

    name: ClassVar[str] = "compare"
    version: ClassVar[int] = 2

    scored: Score
    parent: Score
    text: Encode | Pieces
    decisions: tuple[Decision, ...]

    def __post_init__(self) -> None:
        if self.scored.text != self.parent.text:
            raise ValueError(
                "a model is compared with its own training's float model, got models that read "
                "other texts: name the parent of this model"
            )

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.trial.parents import write_comparisons

        write_comparisons(self, inputs, out)
