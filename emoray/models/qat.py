"""Continue training under fake quantization, so that weights adapt to their codes.

Shapes: N texts, K labels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from emoray.models.batches import PaddedTexts
from emoray.models.outcome import Epoch, TrainedWeights, unweighted
from emoray.models.text_module import TextModule
from emoray.models.training import Fit, FitSettings, fit
from emoray.quant.affine import AffineMap
from emoray.quant.qat.prepare import prepare
from emoray.quant.scheme import ModelScheme


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refined(TrainedWeights):
    """Weights with the maps to their codes and the ranges of products' inputs.

    kept: 0 where no epoch scored better than the initial weights.
    """

    maps: dict[str, AffineMap]
    ranges: dict[str, tuple[float, float]]


def refine(
    network: TextModule,
    scheme: ModelScheme,
    how: FitSettings,
    *,
    train: PaddedTexts,
    dev: PaddedTexts,
    score: Callable[[np.ndarray], float],
    ranges: Mapping[str, tuple[float, float]] | None = None,
    learned: bool = True,
    device: torch.device | None = None,
    unfinished: Path | None = None,
    report: Callable[[Epoch], None] = lambda epoch: None,
    tick: Callable[[float], None] = lambda share: None,
) -> Refined:
    """Continue training of a finished network under its scheme, in place.

    Keeps the epoch whose dev logits under fake quantization score best, or the start where none is
    better.

    Args:
        network: holds the outcome's float weights afterwards.
        scheme: of weights and inputs.
        how: settings of the training.
        train: texts to fit.
        dev: texts to score.
        score: maps dev logits to a score, higher is better.
        ranges: calibrated, for Static activations.
        learned: see `prepare`.
        device: of the training; the CPU by default.
        unfinished: see `fit`.
        report: called after each epoch.
        tick: called with the share of an epoch that is done.

    Returns:
        Weights, maps and ranges of the kept epoch.
    """
    device = device or torch.device("cpu")
    prior_K = np.clip(train.labels_NK.mean(0), 1e-4, 1 - 1e-4)
    with torch.no_grad():  # what `unweighted` took from the bias belongs to the loss
        network.head.bias.add_(torch.from_numpy(np.log(how.loss.positive_weights(prior_K))))
    prepared = prepare(
        network.to(device), network.weight_places(), scheme, ranges=ranges, learned=learned
    )
    groups = prepared.parameters(how.learning_rate)
    fitting = Fit(network, groups, how, train, prior_K, device)
    epochs, kept = fit(
        fitting, dev, score, keep_start=True, unfinished=unfinished, report=report, tick=tick
    )
    maps, found_ranges = prepared.maps(), prepared.ranges()
    prepared.strip()
    with torch.no_grad():
        bias_K = unweighted(how.loss, network.head.bias.cpu().numpy(), prior_K)
        network.head.bias.copy_(torch.from_numpy(bias_K))
    return Refined(
        tensors=network.tensors(), epochs=epochs, kept=kept, maps=maps, ranges=found_ranges
    )
