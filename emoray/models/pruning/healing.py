"""A pruned model trained on towards the logits that the whole one gives on the same texts.

Hinton et al. 2015, "Distilling the knowledge in a neural network", without true labels, at
temperature 1. Shapes: N texts, K labels.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from emoray.models.batches import PaddedTexts
from emoray.models.losses import BCE
from emoray.models.outcome import TrainedWeights
from emoray.models.text_module import TextModule
from emoray.models.training import EVALUATED, Fit, FitSettings, fit


@torch.inference_mode()
def logits_on(network: TextModule, texts: PaddedTexts, device: torch.device) -> np.ndarray:
    """Return logits_NK, float32, without dropout."""
    network.to(device).eval()
    order = np.argsort(texts.lengths_N, kind="stable")
    found_NK = np.empty(texts.labels_NK.shape, np.float32)
    for start in range(0, len(order), EVALUATED):
        rows = order[start : start + EVALUATED]
        ids_NL = texts.ids_NL[rows, : texts.lengths_N[rows].max()].astype(np.int64)
        found_NK[rows] = network(torch.from_numpy(ids_NL).to(device)).cpu().numpy()
    return found_NK


def heal(
    network: TextModule,
    whole_NK: np.ndarray,
    how: FitSettings,
    *,
    train: PaddedTexts,
    dev: PaddedTexts,
    score: Callable[[np.ndarray], float],
    device: torch.device,
    unfinished: Path | None = None,
) -> TrainedWeights:
    """Continue training of a pruned network in place; keep the start where no epoch is better.

    Args:
        network: as pruning left it.
        whole_NK: the whole model's logits on `train`.
        how: settings of the training; its loss is binary cross-entropy.
        train: texts to fit; their labels are not looked at.
        dev: texts to score.
        score: maps dev logits to a score, higher is better.
        device: of the training.
        unfinished: see `fit`.

    Returns:
        The kept weights.
    """
    said_NK = 1 / (1 + np.exp(-whole_NK.astype(np.float64)))
    taught = replace(train, labels_NK=said_NK.astype(np.float32))
    group = {"params": list(network.parameters()), "lr": how.learning_rate, "weight_decay": 0.0}
    fitting = Fit(
        network,
        [group],
        replace(how, loss=BCE()),
        taught,
        said_NK.mean(0),
        device,
    )
    epochs, kept = fit(fitting, dev, score, keep_start=True, unfinished=unfinished)
    return TrainedWeights(tensors=network.tensors(), epochs=epochs, kept=kept)
