"""An encoder without some of its layers, heads and feed-forward columns, not trained again.

After Kwon et al. 2022, "A fast post-training pruning framework for transformers": importance by the
Fisher information of masks on train texts, search under a budget, rearrangement within a layer,
least squares; whole layers go before, by the loss without them.
Shapes: N texts, H heads, F inner columns.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import nn

from emoray.models.batches import PaddedTexts
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.weights import CheckpointSettings, layer_width
from emoray.models.losses import Loss
from emoray.models.pruning.activity import UnitGradients, unit_gradients
from emoray.models.pruning.masks import importance_of, kept_units, rearranged
from emoray.models.pruning.parts import (
    LAYER,
    PrunedPart,
    PrunedTensors,
    column_part,
    head_parts,
)
from emoray.models.pruning.repair import repair
from emoray.models.pruning.task_loss import TaskLoss
from emoray.quant.pruning import Prune

MOST_TEXTS = 2048  # of train, that losses, gradients and activations are computed on
TOGETHER = 16  # columns that go at once: kernels read blocks of them
Tensors = dict[str, np.ndarray]


def _some(train: PaddedTexts, seed: int) -> PaddedTexts:
    """Some texts of train, drawn at random."""
    count = len(train.lengths_N)
    rows = np.random.default_rng(seed).permutation(count)[:MOST_TEXTS]
    return train.taken(np.sort(rows))


def _with_layers(tensors: Mapping[str, np.ndarray], kept: Sequence[int]) -> Tensors:
    """The tensors of these layers, counted anew, and all that belongs to none."""
    found = {name: values for name, values in tensors.items() if not name.startswith("layer")}
    for new, old in enumerate(kept):
        found |= {
            f"layer{new}.{name.partition('.')[2]}": values
            for name, values in tensors.items()
            if name.startswith(f"layer{old}.")
        }
    return found


def _layers_left(
    model: EncoderClassifier, removed: int, texts: PaddedTexts, losses: TaskLoss
) -> tuple[list[int], list[PrunedPart]]:
    """Remove the layer without which the loss is least, as often as asked."""
    every = list(model.layers)
    kept, parts = list(range(len(every))), []
    before = losses.mean(model, texts)

    def part(i: int, why: str) -> PrunedPart:
        change = without[i] - before
        why = f"{why} without it by {change:+.4f} from {before:.4f}"
        return PrunedPart(
            layer=f"layer{i}", part=LAYER, kept=int(i in kept), importance=change, why=why
        )

    for turn in range(removed):
        without: dict[int, float] = {}
        for i in kept:
            model.layers = nn.ModuleList(every[k] for k in kept if k != i)
            without[i] = losses.mean(model, texts)
        gone = min(without, key=lambda i: without[i])
        others = [i for i in kept if i != gone] if turn == removed - 1 else []
        parts += [part(i, "kept: the loss changes more") for i in others]
        kept.remove(gone)
        parts.append(part(gone, f"removed, number {turn + 1}: the loss changes least"))
        before = without[gone]
    model.layers = nn.ModuleList(every)
    return kept, parts


def _cut(
    tensors: Mapping[str, np.ndarray], kept: Sequence[tuple[np.ndarray, np.ndarray]], width: int
) -> Tensors:
    """The tensors without the heads and columns that are not kept; width: of a head."""
    found = dict(tensors)
    for i, (kept_H, kept_F) in enumerate(kept):
        seen = np.repeat(kept_H, width)
        columns = dict.fromkeys(("query", "key", "value"), seen)
        columns |= dict.fromkeys(("inner", "gate"), kept_F)
        for name, units in columns.items():
            at = f"layer{i}.{name}"
            if f"{at}.kernel" not in tensors:  # few have gates
                continue
            found[f"{at}.kernel"] = np.ascontiguousarray(tensors[f"{at}.kernel"][:, units])
            found[f"{at}.bias"] = tensors[f"{at}.bias"][units]
        for name, units in (("attention", seen), ("outer", kept_F)):
            at = f"layer{i}.{name}.kernel"
            found[at] = np.ascontiguousarray(tensors[at][units])
    return found


def _units_left(
    prune: Prune, gradients: Sequence[UnitGradients], sources: Sequence[int]
) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[PrunedPart]]:
    """Which heads and columns of each layer stay, and why."""
    heads = [importance_of(each.heads_NH) for each in gradients]
    columns = [importance_of(each.columns_NF) for each in gradients]
    searched = kept_units(heads, prune.heads)
    kept, parts = [], []
    for i, kept_F in enumerate(kept_units(columns, prune.ffn, together=TOGETHER)):
        kept_H, _ = rearranged(gradients[i].heads_NH, searched[i])
        kept_F, exchanges = rearranged(gradients[i].columns_NF, kept_F)
        name = f"layer{sources[i]}"
        parts += head_parts(name, heads[i], searched[i], kept_H, heads)
        parts.append(column_part(name, columns[i], kept_F, exchanges))
        kept.append((kept_H, kept_F))
    return kept, parts


def _check(tensors: Mapping[str, np.ndarray], prune: Prune) -> None:
    """Refuse more than an encoder has."""
    layers = sum(name.endswith(".query.kernel") for name in tensors)
    if prune.layers >= layers:
        raise ValueError(
            f"an encoder keeps a layer, got {prune.layers} to remove of {layers}: remove fewer"
        )
    if prune.heads and "relative" in tensors:
        raise ValueError(
            f"heads that count distance share one table and stay, got {prune}: prune ffn or layers"
        )


def prune_encoder(
    tensors: Mapping[str, np.ndarray],
    settings: CheckpointSettings,
    prune: Prune,
    *,
    train: PaddedTexts,
    loss: Loss,
    seed: int,
) -> PrunedTensors:
    """Remove what matters least to the loss on train, and fit the rest to make up for it.

    Args:
        tensors: of a finished training, head included.
        settings: of its encoder.
        prune: the shares; `heal` is not looked at.
        train: texts with labels.
        loss: of the training.
        seed: draws the texts that are looked at.

    Returns:
        Tensors of unequal width, of the same settings. ValueError where it does not have as much.
    """
    _check(tensors, prune)
    texts = _some(train, seed)
    losses = TaskLoss.on(train, loss)
    whole = EncoderClassifier(tensors, settings).eval().requires_grad_(False)
    sources, parts = _layers_left(whole, prune.layers, texts, losses)
    left = _with_layers(tensors, sources)
    thinner = EncoderClassifier(left, settings).eval().requires_grad_(False)
    if prune.heads or prune.ffn:
        kept, why = _units_left(prune, unit_gradients(thinner, texts, losses), sources)
        parts += why
        left = _cut(left, kept, layer_width(tensors) // settings.heads)
        thinner = EncoderClassifier(left, settings).eval().requires_grad_(False)
    repair(thinner, whole, sources, texts)
    return PrunedTensors(tensors=thinner.tensors(), parts=tuple(parts))
