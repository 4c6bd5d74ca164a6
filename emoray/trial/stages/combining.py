"""From several models' logits to one ensemble. Shapes: M members, N texts, K labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.decide.weighing import FittedWeights, Greedy, MeanOf
from emoray.trial.spec import Decision
from emoray.trial.stages.compression import LOGITS, Compress, Score
from emoray.trial.stages.deciding import Decide
from emoray.trial.stages.finetuning import Pieces
from emoray.trial.stages.text import Encode

Weighing = MeanOf | FittedWeights | Greedy
LEAST = 2  # members of an ensemble to choose from; a size of one is a member alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Combine:
    """Members under one weighing, all decisions on what they say together: rows of the tables.

    Member i is `compressed[i]`, its logits `scored[i]`. text: where the labels are read.
    """

    name: ClassVar[str] = "combine"
    version: ClassVar[int] = 3

    plan: str
    weighing: Weighing
    scored: tuple[Score, ...]
    compressed: tuple[Compress, ...]
    text: Encode | Pieces
    decisions: tuple[Decision, ...]

    def __post_init__(self) -> None:
        kinds = {(c.text.corpus.sha256, c.trained.recipe.taxonomy) for c in self.compressed}
        if len(kinds) != 1 or len(self.scored) != len(self.compressed):
            raise ValueError(
                "members of an ensemble are models of one corpus and taxonomy, each with its "
                f"logits, got {len(self.scored)} logits of {len(self.compressed)} models, of "
                f"{len(kinds)} corpora and taxonomies: combine those that read the same"
            )

    @classmethod
    def of(cls, members: Sequence[Decide], weighing: Weighing, *, plan: str) -> "Combine":
        """Of models that are decided alone already, with the same decisions."""
        first, *_ = members
        return cls(
            plan=plan,
            weighing=weighing,
            scored=tuple(member.scored for member in members),
            compressed=tuple(member.compressed for member in members),
            text=first.text,
            decisions=first.decisions,
        )

    @property
    def size(self) -> int:
        """How many members were asked for: with replacement, as often as one was taken."""
        if isinstance(self.weighing, Greedy):
            return self.weighing.rounds
        return len(self.compressed)

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.trial.ensembles import Heard, write_ensemble
        from emoray.trial.stages.text import read_texts

        said: dict[str, list[np.ndarray]] = {"dev": [], "test": []}
        for i in range(len(self.scored)):
            with np.load(inputs[f"scored.{i}"] / LOGITS, allow_pickle=False) as data:
                for split, of_split in said.items():
                    of_split.append(data[split])
        heard = Heard(
            dev_MNK=np.stack(said["dev"]),
            dev_labels_NK=read_texts(inputs["text"], "dev")[1],
            test_MNK=np.stack(said["test"]),
            test_labels_NK=read_texts(inputs["text"], "test")[1],
            leaked_N=np.load(inputs["text"] / "leaked.npy", allow_pickle=False),
        )
        folders = [inputs[f"compressed.{i}"] for i in range(len(self.compressed))]
        write_ensemble(self, heard, folders, out)
