"""Targets of a student: true labels and its teacher's probabilities, mixed.

Shapes: N texts, K labels.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.metrics.cuts import probabilities
from emoray.stages.distillation.teachers import (
    LOGITS,
    CrossFittedLogits,
    TeacherLogits,
    text_ids,
)
from emoray.stages.distillation.texts import AskedTexts, TransferTexts
from emoray.stages.encoding import read_texts, write_token_ids
from emoray.stages.families.protocol import TextStage
from emoray.text.vocabulary import Ragged


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftTargets:
    """The train texts of a student with targets between 0 and 1, and transfer texts behind them.

    Attributes:
        text: the student's texts.
        hard: share of the true labels in the targets of train texts.
        temperature: that the teacher's logits are divided by.
        train: the teacher on train.
        transfer: the teacher on transfer texts; None for none.
        texts: the transfer texts; None for none.
    """

    name: ClassVar[str] = "targets"
    version: ClassVar[int] = 1

    text: TextStage
    hard: float
    temperature: float
    train: TeacherLogits | CrossFittedLogits
    transfer: TeacherLogits | CrossFittedLogits | None = None
    texts: TransferTexts | None = None

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write token ids and targets as a split `train` of a text stage."""
        ids, labels_NK = read_texts(inputs["text"], "train")
        assert isinstance(ids, Ragged), "features have no words"
        soft_NK = self._soft(inputs["train"])
        if soft_NK.shape != labels_NK.shape:
            raise ValueError(
                f"a teacher labels the texts of train, {labels_NK.shape}, got logits "
                f"{soft_NK.shape}: clear the store and start again"
            )
        targets_NK = self.hard * labels_NK + (1 - self.hard) * soft_NK
        if self.texts is not None:
            more = text_ids(AskedTexts.read(inputs["texts"]).texts, inputs["text"])
            ids = Ragged(
                flat=np.concatenate([ids.flat, more.flat]),
                offsets=np.concatenate([ids.offsets, ids.offsets[-1] + more.offsets[1:]]),
            )
            targets_NK = np.concatenate([targets_NK, self._soft(inputs["transfer"])])
        write_token_ids(out, "train", ids, targets_NK.astype(np.float32))

    def _soft(self, folder: Path) -> np.ndarray:
        logits_NK = np.load(folder / LOGITS, allow_pickle=False)
        return probabilities(logits_NK, self.temperature)
