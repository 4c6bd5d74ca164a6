"""Fine-tuning an encoder to the labels of a corpus. Shapes: N texts, D width, K labels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from emoray.models.batches import PaddedTexts
from emoray.models.encoder.head import read_vectors, with_fitted_head
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.recipe import BertRecipe
from emoray.models.encoder.tuning import EndToEnd, HeadOnly, PairsFirst
from emoray.models.encoder.weights import CheckpointSettings, Tensors, factorised, layer_width
from emoray.models.heads import without_heads
from emoray.models.losses import NUMPY
from emoray.models.outcome import Epoch, unweighted
from emoray.models.training import Fit, FitSettings, device_here, fit


def parameter_groups(model: nn.Module, recipe: BertRecipe) -> list[dict[str, Any]]:
    """AdamW's parameter groups: no decay for vectors (biases, norms), the head at its own rate."""
    found = []
    named = list(model.named_parameters())
    for is_head in (False, True):
        rate = recipe.learning_rate * (recipe.head_rate if is_head else 1.0)
        for is_vector in (False, True):
            chosen = [
                p
                for n, p in named
                if n.startswith("head.") is is_head and (p.ndim < 2) is is_vector
            ]
            decay = 0.0 if is_vector else recipe.weight_decay
            found.append({"params": chosen, "lr": rate, "weight_decay": decay})
    return found


def fit_settings(recipe: BertRecipe, texts: int) -> FitSettings:
    """The settings of fitting by a recipe, for so many texts."""
    return FitSettings(
        epochs=recipe.epochs,
        patience=recipe.patience,
        learning_rate=recipe.learning_rate,
        warmup=recipe.warmup,
        clip_norm=recipe.clip_norm,
        batch_size=recipe.batch_of(texts),
        seed=recipe.seed,
        bf16=recipe.bf16,
        loss=recipe.loss,
        ema=recipe.ema,
        auxiliary=recipe.auxiliary,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FineTuned:
    """Neutral tensors with their settings, and the epochs of their training."""

    tensors: dict[str, np.ndarray]
    settings: CheckpointSettings
    epochs: tuple[Epoch, ...]
    kept: int


def with_head(tensors: Tensors, labels: int, recipe: BertRecipe, prior_K: np.ndarray) -> Tensors:
    """Factorise the encoder's tensors by the recipe, and add a small random head.

    The head starts from each label's share: that saves the steps that only learn rarity.

    Returns:
        All tensors.
    """
    made = factorised(tensors, recipe.embedding_dim)
    width = layer_width(made)
    random = np.random.default_rng(recipe.seed)
    kernel_DK = random.normal(scale=0.02, size=(width, labels)).astype(np.float32)
    bias_K = np.log(prior_K / (1 - prior_K)) + np.log(recipe.loss.positive_weights(prior_K))
    return {**made, "head.kernel": kernel_DK, "head.bias": bias_K.astype(np.float32)}


def _fit_head_alone(
    recipe: BertRecipe,
    tuning: HeadOnly | PairsFirst,
    model: EncoderClassifier,
    train: PaddedTexts,
    prior_K: np.ndarray,
    dev: PaddedTexts,
    score: Callable[[np.ndarray], float],
) -> tuple[tuple[Epoch, ...], int]:
    """Fit the head by itself, after pairs where the tuning has them: one epoch of all."""
    learned, wall, cpu = with_fitted_head(
        model,
        train,
        loss=recipe.loss,
        prior_K=prior_K,
        c=tuning.c,
        pairs=tuning if isinstance(tuning, PairsFirst) else None,
        seed=recipe.seed,
        bf16=recipe.bf16,
    )
    own = model.tensors()
    logits_NK = read_vectors(model, dev) @ own["head.kernel"] + own["head.bias"]
    lost_NK = recipe.loss.of(logits_NK, dev.labels_NK.astype(np.float32), prior_K, NUMPY)
    epoch = Epoch(
        epoch=1,
        train_loss=learned,
        dev_loss=float(lost_NK.sum(1).mean()),
        dev_macro_f1=float(score(logits_NK)),
        wall_seconds=wall,
        cpu_seconds=cpu,
    )
    return (epoch,), 1


def _fine_tuned(
    model: EncoderClassifier,
    recipe: BertRecipe,
    settings: CheckpointSettings,
    prior_K: np.ndarray,
    dev: PaddedTexts,
    epochs: tuple[Epoch, ...],
    kept: int,
) -> FineTuned:
    """What a model has learned, without the heads that were learned beside."""
    labels = dev.labels_NK.shape[1]  # of the model: those of heads come after them
    found = without_heads(model.tensors(), labels)
    found["head.bias"] = unweighted(recipe.loss, found["head.bias"], prior_K[:labels])
    return FineTuned(tensors=found, settings=settings, epochs=epochs, kept=kept)


def fine_tune(
    recipe: BertRecipe,
    tensors: Tensors,
    settings: CheckpointSettings,
    *,
    train: PaddedTexts,
    dev: PaddedTexts,
    score: Callable[[np.ndarray], float],
    keep_last: bool = False,
    unfinished: Path | None = None,
    report: Callable[[Epoch], None] = lambda epoch: None,
    tick: Callable[[float], None] = lambda share: None,
) -> FineTuned:
    """Fit an encoder's tensors to the labels of `train`; keep the epoch of the best dev score.

    Args:
        recipe: of the training.
        tensors: of the encoder, one row of `embedding` for every id.
        settings: of the encoder.
        train: texts to fit.
        dev: texts to score.
        score: maps dev logits to a score, higher is better.
        keep_last: see `fit`.
        unfinished: see `fit`.
        report: called after each epoch.
        tick: called with the share of an epoch that is done.

    Returns:
        The tensors of the kept epoch.

    Raises:
        ValueError: if the recipe reads more tokens than the encoder has positions.
    """
    longest = len(tensors["positions"])
    if recipe.max_tokens > longest:
        raise ValueError(
            f"max_tokens must not exceed the encoder's {longest} positions, got "
            f"{recipe.max_tokens}: ask for shorter texts"
        )
    prior_K = np.clip(train.labels_NK.mean(0), 1e-4, 1 - 1e-4)
    pooled = replace(settings, pooling=str(recipe.pooling), pooler=None)
    model = EncoderClassifier(
        with_head(tensors, len(prior_K), recipe, prior_K), pooled, dropout=recipe.dropout
    )
    if not isinstance(recipe.tuning, EndToEnd):
        epochs, kept = _fit_head_alone(recipe, recipe.tuning, model, train, prior_K, dev, score)
        return _fine_tuned(model, recipe, pooled, prior_K, dev, epochs, kept)
    how = fit_settings(recipe, len(train.lengths_N))
    fitting = Fit(model, parameter_groups(model, recipe), how, train, prior_K, device_here())
    epochs, kept = fit(
        fitting, dev, score, keep_last=keep_last, unfinished=unfinished, report=report, tick=tick
    )
    return _fine_tuned(model, recipe, pooled, prior_K, dev, epochs, kept)
