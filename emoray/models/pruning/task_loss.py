"""The loss of a trained model on texts, as its training counted it. Shapes: N texts, L tokens."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emoray.models.batches import PaddedTexts
from emoray.models.losses import Loss
from emoray.models.text_module import TextModule
from emoray.models.training import torch_ops

BATCH = 64


def batches(texts: PaddedTexts) -> Iterator[tuple[Tensor, Tensor]]:
    """(ids_NL, labels_NK) of texts of like length, without needless padding."""
    order = np.argsort(texts.lengths_N, kind="stable")
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        ids_NL = texts.ids_NL[rows, : texts.lengths_N[rows].max()].astype(np.int64)
        yield torch.from_numpy(ids_NL), torch.from_numpy(texts.labels_NK[rows].astype(np.float32))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskLoss:
    """The loss of a training, in which a label's rarity counts as it did there."""

    loss: Loss
    prior_K: np.ndarray

    @classmethod
    def on(cls, train: PaddedTexts, loss: Loss) -> "TaskLoss":
        """The loss of a training on these texts."""
        return cls(loss=loss, prior_K=np.clip(train.labels_NK.mean(0), 1e-4, 1 - 1e-4))

    def of(self, model: TextModule, ids_NL: Tensor, targets_NK: Tensor) -> Tensor:
        """The loss of each text, (N,)."""
        ops = torch_ops(ids_NL.device)
        # What `unweighted` took from the bias belongs to the loss.
        shift_K = ops.array(np.log(self.loss.positive_weights(self.prior_K)))
        loss_NK: Tensor = self.loss.of(model(ids_NL) + shift_K, targets_NK, self.prior_K, ops)
        return loss_NK.sum(1)

    @torch.inference_mode()
    def mean(self, model: TextModule, texts: PaddedTexts) -> float:
        """The mean loss of texts."""
        found = torch.cat([self.of(model, *batch) for batch in batches(texts)])
        return float(found.double().mean())
