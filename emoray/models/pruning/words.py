"""A network of word vectors without some of its words, which are read as unknown ones.

A word's importance is the Fisher information of a mask that moves its vector to the unknown word's:
what it does for the labels, where frequency alone would keep words that say nothing.
Shapes: N texts, L words of a text, V rows of the embedding, D width.
"""

import numpy as np
import torch
from torch import Tensor, nn

from emoray.models.batches import PADDING, PaddedTexts
from emoray.models.losses import Loss
from emoray.models.pruning.parts import ROWS, PrunedPart, PrunedTensors
from emoray.models.pruning.task_loss import TaskLoss, batches
from emoray.models.word.torch_module import WordNetwork
from emoray.quant.pruning import Prune

UNKNOWN, FIRST = 1, 2  # ids of the unknown word, and of the first that may lose its row


def word_importance(model: WordNetwork, texts: PaddedTexts, losses: TaskLoss) -> np.ndarray:
    """What the loss on a text costs without each word, to second order, (V,)."""
    found_V = np.zeros(model.embedding.num_embeddings)
    for ids_NL, targets_NK in batches(texts):
        moved_NL = torch.zeros(ids_NL.shape, requires_grad=True)

        def towards_unknown(
            module: nn.Module,
            given: object,
            vectors_NLD: Tensor,
            moved_NL: Tensor = moved_NL,
            real_NL: Tensor = ids_NL != PADDING,
        ) -> Tensor:
            away_NLD = model.embedding.weight[UNKNOWN] - vectors_NLD
            return vectors_NLD + (moved_NL * real_NL)[..., None] * away_NLD

        handle = model.embedding.register_forward_hook(towards_unknown)
        try:
            total = losses.of(model, ids_NL, targets_NK).sum()
            (gradients_NL,) = torch.autograd.grad(total, moved_NL)
        finally:
            handle.remove()
        # A text that repeats a word loses all of them.
        text_NL = np.arange(len(ids_NL))[:, None] * len(found_V) + ids_NL.numpy()
        words, places = np.unique(text_NL, return_inverse=True)
        summed = np.bincount(places.reshape(-1), gradients_NL.numpy().reshape(-1))
        np.add.at(found_V, words % len(found_V), 0.5 * summed**2)
    return found_V / len(texts.lengths_N)


def prune_words(
    tensors: dict[str, np.ndarray],
    model: WordNetwork,
    prune: Prune,
    *,
    train: PaddedTexts,
    loss: Loss,
) -> PrunedTensors:
    """Remove the rows of words that matter least to the loss on train.

    Args:
        tensors: of a finished training, words by frequency.
        model: made of them.
        prune: the share; `heal` is not looked at.
        train: texts with labels.
        loss: of the training.

    Returns:
        Tensors with fewer rows, and the ids that those had.
    """
    importance_V = word_importance(
        model.eval().requires_grad_(False), train, TaskLoss.on(train, loss)
    )
    own_W = importance_V[FIRST:]
    left = len(own_W) - int(prune.rows * len(own_W) + 1e-9)
    chosen = np.sort(np.argsort(-own_W, kind="stable")[:left])
    kept_ids = np.concatenate([np.arange(FIRST), FIRST + chosen])
    lost = float(own_W.sum() - own_W[chosen].sum())
    share = 1 - lost / max(float(own_W.sum()), 1e-30)
    frequent = int((chosen < left).sum())
    part = PrunedPart(
        layer="embedding",
        part=ROWS,
        units=len(own_W),
        kept=left,
        importance=lost,
        why=(
            f"{left:,} of {len(own_W):,} words hold {share:.1%} of their importance; {frequent:,} "
            "of them are among as many most frequent ones"
        ),
    )
    thinner = {**tensors, "embedding": np.ascontiguousarray(tensors["embedding"][kept_ids])}
    return PrunedTensors(tensors=thinner, parts=(part,), kept_ids=kept_ids)
