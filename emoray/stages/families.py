"""What a training left, as the arrays that graphs are built from, whichever family."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emoray.artifact.scoring import Texts
from emoray.export.calibrate import static_ranges
from emoray.export.encoder import calibrate as bert_calibrate
from emoray.export.encoder.network import Encoder
from emoray.export.network import Network
from emoray.models.encoder.recipe import BertRecipe
from emoray.quant.scheme import ModelScheme
from emoray.stages.spec import Recipe

if TYPE_CHECKING:
    from emoray.models.encoder.module import EncoderClassifier
    from emoray.models.training import FitSettings
    from emoray.models.word.torch_module import WordNetwork

WEIGHTS, SETTINGS = "weights.npz", "encoder.json"


def read_tensors(folder: Path) -> dict[str, np.ndarray]:
    """The tensors of a finished training, by name."""
    with np.load(folder / WEIGHTS, allow_pickle=False) as data:
        return dict(data)


def network_of(
    recipe: Recipe, tensors: Mapping[str, np.ndarray], trained: Path
) -> Network | Encoder:
    """The tensors put together as the recipe says; `trained` is the finished training's folder."""
    if isinstance(recipe, BertRecipe):
        read = {"positions": tensors["positions"][: recipe.max_tokens]}  # no text is longer
        settings = json.loads((trained / SETTINGS).read_text())
        return Encoder.from_tensors({**tensors, **read}, settings)
    return Network.from_tensors(tensors, [str(pool) for pool in recipe.pools])


def calibrated(
    network: Network | Encoder, dev: Texts, scheme: ModelScheme
) -> dict[str, tuple[float, float]] | None:
    """The static ranges that a scheme asks for, by kernel, watched on dev; None without."""
    if isinstance(network, Encoder):
        return bert_calibrate.encoder_static_ranges(network, dev, scheme)
    return static_ranges(network, dev, scheme)


def module_of(
    recipe: Recipe, tensors: Mapping[str, np.ndarray], trained: Path
) -> "WordNetwork | EncoderClassifier":
    """The same as a PyTorch module, to train on."""
    if isinstance(recipe, BertRecipe):
        from emoray.models.encoder.module import EncoderClassifier
        from emoray.models.encoder.weights import CheckpointSettings

        settings = CheckpointSettings.from_json((trained / SETTINGS).read_text())
        return EncoderClassifier(tensors, settings, dropout=recipe.dropout)
    from emoray.models.word.torch_module import WordNetwork

    return WordNetwork(tensors, [str(pool) for pool in recipe.pools], dropout=recipe.dropout)


def how_to_refine(recipe: Recipe, scheme: ModelScheme, texts: int) -> "FitSettings":
    """How to train on under a scheme: as long as its `qat` says, else like the recipe."""
    from emoray.models.training import FitSettings

    assert scheme.qat is not None
    return FitSettings(
        epochs=scheme.qat.epochs,
        patience=scheme.qat.epochs,
        learning_rate=scheme.qat.rate * recipe.learning_rate,
        warmup=0.1,
        clip_norm=recipe.clip_norm if isinstance(recipe, BertRecipe) else 1.0,
        batch_size=recipe.batch_of(texts),
        seed=recipe.seed,
        bf16=isinstance(recipe, BertRecipe) and recipe.bf16,
        loss=recipe.loss,
    )
