"""Gradients of a trained encoder's loss on train texts, per text and unit.

Shapes: N texts, L tokens, A width of a layer's heads, H heads, F inner columns, K labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from emoray.models.batches import PaddedTexts
from emoray.models.encoder.layers import TransformerLayer
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.pruning.task_loss import TaskLoss, batches


def layers_of(model: EncoderClassifier) -> list[TransformerLayer]:
    """The layers of an encoder, typed."""
    return [layer for layer in model.layers if isinstance(layer, TransformerLayer)]


class _Masked:
    """Runs an encoder while inputs of its products are multiplied by masks, text by text."""

    def __init__(self, model: EncoderClassifier) -> None:
        self._places: list[tuple[nn.Linear, int]] = []
        for layer in layers_of(model):
            self._places += [(layer.attention, layer.head_width), (layer.outer, 1)]

    def _hook(self, mask_NU: Tensor, width: int) -> object:
        def multiplied(module: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
            units = given[0].unflatten(-1, (-1, width))
            return ((units * mask_NU[:, None, :, None]).flatten(-2),)

        return multiplied

    def gradients(
        self, model: EncoderClassifier, losses: TaskLoss, batch: Sequence[Tensor]
    ) -> list[np.ndarray]:
        """The gradient of each text's loss by its own masks, (N, U) for each place."""
        ids_NL, targets_NK = batch
        masks = [
            torch.ones(len(ids_NL), place.in_features // width, requires_grad=True)
            for place, width in self._places
        ]
        handles = [
            place.register_forward_pre_hook(self._hook(mask, width))  # type: ignore[arg-type]
            for (place, width), mask in zip(self._places, masks, strict=True)
        ]
        try:
            total = losses.of(model, ids_NL, targets_NK).sum()
            return [g.numpy() for g in torch.autograd.grad(total, masks)]
        finally:
            for handle in handles:
                handle.remove()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitGradients:
    """The gradient of each text's loss by the masks of one layer."""

    heads_NH: np.ndarray
    columns_NF: np.ndarray


def unit_gradients(
    model: EncoderClassifier, texts: PaddedTexts, losses: TaskLoss
) -> list[UnitGradients]:
    """The gradients of every layer's masks, all of them 1, text by text."""
    masked = _Masked(model)
    found = [masked.gradients(model, losses, batch) for batch in batches(texts)]
    whole = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    return [
        UnitGradients(heads_NH=heads, columns_NF=columns)
        for heads, columns in zip(whole[::2], whole[1::2], strict=True)
    ]
