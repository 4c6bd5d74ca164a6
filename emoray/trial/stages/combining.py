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


@dataclass(frozen=True, slots=True, kw_only=True)
class Combine:
    """Members under one weighing, all decisions on their combination: rows of the tables.

    Member i is `compressed[i]`, its logits `scored[i]`, what it decides alone `decided[i]`. text:
    where the labels are read.
    """

    name: ClassVar[str] = "combine"
    version: ClassVar[int] = 4

    plan: str
    weighing: Weighing
    decided: tuple[Decide, ...]
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
        if {member.decisions for member in self.decided} != {self.decisions}:
            raise ValueError(
                f"an ensemble decides as its members do, got {len(self.decisions)} decisions and "
                f"members with {[len(member.decisions) for member in self.decided]}: give all the "
                "same"
            )

    @classmethod
    def of(cls, members: Sequence[Decide], weighing: Weighing, *, plan: str) -> "Combine":
        """Of models that are decided alone already, with the same decisions."""
        first, *_ = members
        return cls(
            plan=plan,
            weighing=weighing,
            decided=tuple(members),
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
        from emoray.trial.ensembles import MemberFolders, MemberLogits, write_ensemble
        from emoray.trial.stages.text import read_texts

        folders = [
            MemberFolders(decided=inputs[f"decided.{i}"], compressed=inputs[f"compressed.{i}"])
            for i in range(len(self.decided))
        ]
        logits: dict[str, list[np.ndarray]] = {"dev": [], "test": []}
        for i in range(len(self.scored)):
            with np.load(inputs[f"scored.{i}"] / LOGITS, allow_pickle=False) as data:
                for split, of_split in logits.items():
                    of_split.append(data[split])
        members = MemberLogits(
            dev_MNK=np.stack(logits["dev"]),
            dev_labels_NK=read_texts(inputs["text"], "dev")[1],
            test_MNK=np.stack(logits["test"]),
            test_labels_NK=read_texts(inputs["text"], "test")[1],
            leaked_N=np.load(inputs["text"] / "leaked.npy", allow_pickle=False),
        )
        write_ensemble(self, members, folders, out)
