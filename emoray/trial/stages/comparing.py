"""From two models of one training to how they differ: every decision beside its float parent's."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from emoray.trial.stages.compression import Score
from emoray.trial.stages.deciding import Decide
from emoray.trial.stages.finetuning import Pieces
from emoray.trial.stages.text import Encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """Every decision on a model beside the same on its float parent: rows of the tables.

    scored, parent_scored: where their logits lie. text: where the labels are read.
    """

    name: ClassVar[str] = "compare"
    version: ClassVar[int] = 3

    decided: Decide
    parent: Decide
    scored: Score
    parent_scored: Score
    text: Encode | Pieces

    def __post_init__(self) -> None:
        if self.decided.text != self.parent.text or self.decided == self.parent:
            raise ValueError(
                "a model is compared with its own training's float model, got models that read "
                "other texts, or a float model: name the parent of a compressed model"
            )

    @classmethod
    def of(cls, decided: Decide, parent: Decide) -> "Compare":
        """Of two models under the same decisions."""
        return cls(
            decided=decided,
            parent=parent,
            scored=decided.scored,
            parent_scored=parent.scored,
            text=decided.text,
        )

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.trial.float_comparison import write_comparisons

        write_comparisons(self, inputs, out)
