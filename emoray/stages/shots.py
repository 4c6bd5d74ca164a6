"""A few shots in the place of dev: what a model is calibrated on that has no other labels.

Shapes: N texts of train, S shots, K labels.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.models.sampling import OutOfFold, Shots, ShotsWithout, calibrated_on_shots
from emoray.stages.encoding import TOKENIZER, VOCABULARY, read_texts
from emoray.stages.families.protocol import TextStage, TrainStage
from emoray.stages.spec import CorpusRef
from emoray.stages.tokens import FACTS
from emoray.text.vocabulary import Ragged

FOLDS = "folds.npy"  # fold_S of the shots
SAME = ("train.npz", "test.npz", VOCABULARY, TOKENIZER, FACTS, "leaked.npy")  # as the whole has it


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotsAsDev:
    """Texts as a family reads them, with the shots of train in the place of dev.

    Vocabulary and word vectors are those of all of train: they read its texts, not its labels.

    Attributes:
        text: the whole corpus.
        shots: which are drawn.
        seed: the recipe's.
    """

    name: ClassVar[str] = "shots"
    version: ClassVar[int] = 1

    text: TextStage
    shots: Shots
    seed: int

    @property
    def corpus(self) -> CorpusRef:
        """The corpus of the texts."""
        return self.text.corpus

    def vectors_name(self, dim: int) -> str:
        """Name in tables of the embedding that training starts from, `dim` wide."""
        return self.text.vectors_name(dim)

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Copy the whole but for dev; write the shots as `dev.npz`, and `folds.npy`."""
        for name in SAME:
            shutil.copyfile(inputs["text"] / name, out / name)
        texts, labels_NK = read_texts(inputs["text"], "train")
        rows_S = self.shots.rows(labels_NK, self.seed)
        if isinstance(texts, Ragged):
            ids = Ragged.from_lists(texts.row(row) for row in rows_S.tolist())
            arrays = {"flat": ids.flat, "offsets": ids.offsets}
        else:
            arrays = {"features_NF": texts.features_NF[rows_S]}
        np.savez(out / "dev.npz", allow_pickle=False, labels_NK=labels_NK[rows_S], **arrays)
        np.save(out / FOLDS, self.shots.folds(labels_NK, self.seed))


def on_shots(train: TrainStage) -> TrainStage:
    """The training with its shots as dev, where it is calibrated on them."""
    shots = calibrated_on_shots(train.recipe.sample)
    if shots is None:
        return train
    text = ShotsAsDev(text=train.text, shots=shots, seed=train.recipe.seed)
    return replace(train, text=text)  # type: ignore[type-var]


def by_fold(train: TrainStage) -> tuple[TrainStage, ...]:
    """The training without each fold of its shots; none where it is calibrated on dev."""
    shots = train.recipe.sample
    if not isinstance(shots, Shots) or not isinstance(shots.calibration, OutOfFold):
        return ()
    return tuple(
        replace(  # type: ignore[type-var]
            train, recipe=replace(train.recipe, sample=ShotsWithout(shots=shots, fold=fold))
        )
        for fold in range(shots.calibration.folds)
    )
