"""Encoders of the BERT kind, fine-tuned in PyTorch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emoray.export.encoder.network import Encoder
from emoray.models.encoder.recipe import BertRecipe, Cls
from emoray.models.losses import BCE, Asymmetric, Focal
from emoray.models.sampling import Bootstrap
from emoray.quant.affine import AffineMap
from emoray.quant.further_training import FurtherTraining
from emoray.quant.pruning import Prune
from emoray.quant.scheme import ModelScheme
from emoray.stages.augmentation import augmenting
from emoray.stages.encoder_training import EncodeSubwords, FineTune
from emoray.stages.families.protocol import Family
from emoray.stages.spec import Data, EncoderRef
from emoray.stages.text_lengths import Lengths, piece_lengths
from emoray.stages.trained import SETTINGS

if TYPE_CHECKING:
    from emoray.artifact.scoring import Texts
    from emoray.export.graph import Built
    from emoray.export.kernels import Ranges
    from emoray.models.batches import PaddedTexts
    from emoray.models.encoder.module import EncoderClassifier
    from emoray.models.pruning.parts import PrunedTensors
    from emoray.models.training import FitSettings


def whole_encoder(taxonomy: str, encoder: EncoderRef) -> BertRecipe:
    """All of an encoder's layers and width, texts no longer than it can read."""
    return BertRecipe(
        taxonomy=taxonomy,
        encoder=encoder.name,
        layers=encoder.layers,
        embedding_dim=encoder.width,
        max_tokens=min(64, encoder.positions),
    )


def _encoders(recipe: BertRecipe, data: Data) -> Sequence[EncoderRef]:
    """The recipe's encoder; all where a search chooses among them."""
    return [e for e in data.encoders if e.name == recipe.encoder] or data.encoders


class EncoderFamily(Family[BertRecipe, Encoder]):
    """Recipes of `models/encoder`, graphs of `export/encoder`."""

    recipe = BertRecipe
    unit = "pieces"
    texts_both_ways = 100  # an encoder takes milliseconds a text
    needs_encoders = True
    graph_version = 1
    prunes = ("heads", "ffn", "layers")

    def start_recipes(
        self, taxonomy: str, dims: Sequence[int], encoders: Sequence[EncoderRef]
    ) -> tuple[BertRecipe, ...]:
        """One recipe for each encoder, all of its layers."""
        return tuple(whole_encoder(taxonomy, encoder) for encoder in encoders)

    def variants(self, recipe: BertRecipe) -> tuple[BertRecipe, ...]:
        """The recipe with other losses, pools, depths, ranks and samples."""
        return (
            recipe,
            replace(recipe, loss=Focal(), pooling=Cls()),
            replace(recipe, layers=-(-recipe.layers // 2), loss=BCE()),
            replace(recipe, embedding_dim=-(-recipe.embedding_dim // 3), loss=Asymmetric()),
            replace(recipe, sample=Bootstrap()),
        )

    def encoder(self, recipe: BertRecipe) -> str:
        """The encoder's name."""
        return recipe.encoder

    def most_tokens(self, recipe: BertRecipe, data: Data) -> int:
        """The fewest positions of the encoders."""
        return min(encoder.positions for encoder in _encoders(recipe, data))

    def lengths(self, recipe: BertRecipe, data: Data, limit: int) -> Lengths:
        """Lengths in the encoder's subwords."""
        return piece_lengths(data.corpus.folder, _encoders(recipe, data)[0])

    def text_stage(self, recipe: BertRecipe, data: Data) -> EncodeSubwords:
        """Texts as ids of the encoder's subwords."""
        encoder = data.encoder(recipe.encoder)
        encoder.check(recipe.layers, recipe.embedding_dim, recipe.max_tokens)
        return EncodeSubwords(
            corpus=data.corpus,
            taxonomy=recipe.taxonomy,
            encoder=encoder,
            kept=recipe.pieces,
            max_tokens=recipe.max_tokens,
            augment=augmenting(recipe, data),
        )

    def train_stage(self, recipe: BertRecipe, data: Data) -> FineTune:
        """Fine-tuning of the encoder."""
        text = self.text_stage(recipe, data)
        return FineTune(recipe=recipe, text=text, encoder=text.encoder)

    def network(
        self, recipe: BertRecipe, tensors: Mapping[str, np.ndarray], trained: Path
    ) -> Encoder:
        """The encoder with as many positions as its texts have tokens."""
        read = {"positions": tensors["positions"][: recipe.max_tokens]}  # no text is longer
        settings = json.loads((trained / SETTINGS).read_text())
        return Encoder.from_tensors({**tensors, **read}, settings)

    def module(
        self, recipe: BertRecipe, tensors: Mapping[str, np.ndarray], trained: Path
    ) -> "EncoderClassifier":
        """The encoder with its head in PyTorch."""
        from emoray.models.encoder.module import EncoderClassifier
        from emoray.models.encoder.weights import CheckpointSettings

        settings = CheckpointSettings.from_json((trained / SETTINGS).read_text())
        return EncoderClassifier(tensors, settings, dropout=recipe.dropout)

    def further_settings(
        self, recipe: BertRecipe, more: FurtherTraining, texts: int
    ) -> "FitSettings":
        """Settings of further training, with the recipe's clipping and precision."""
        usual = super().further_settings(recipe, more, texts)
        return replace(usual, clip_norm=recipe.clip_norm, bf16=recipe.bf16)

    def prune(
        self,
        recipe: BertRecipe,
        tensors: Mapping[str, np.ndarray],
        trained: Path,
        prune: Prune,
        train: "PaddedTexts",
    ) -> "PrunedTensors":
        """The encoder without layers, heads and columns; the rest makes up for them."""
        from emoray.models.encoder.weights import CheckpointSettings
        from emoray.models.pruning.encoder import prune_encoder

        settings = CheckpointSettings.from_json((trained / SETTINGS).read_text())
        return prune_encoder(
            tensors, settings, prune, train=train, loss=recipe.loss, seed=recipe.seed
        )

    def calibrate(
        self, network: Encoder, dev: "Texts", scheme: ModelScheme
    ) -> dict[str, tuple[float, float]] | None:
        """Static ranges by kernel; None where the scheme has none."""
        from emoray.export.encoder.calibrate import encoder_static_ranges

        return encoder_static_ranges(network, dev, scheme)

    def input_moments(self, network: Encoder, dev: "Texts") -> dict[str, np.ndarray]:
        """E[x_i²] (I,) of what each kernel reads."""
        from emoray.export.encoder.calibrate import encoder_input_moments

        return encoder_input_moments(network, dev)

    def build(
        self,
        network: Encoder,
        scheme: ModelScheme,
        ranges: "Ranges | None",
        maps: Mapping[str, AffineMap],
    ) -> "Built":
        """The ONNX model of the encoder."""
        from emoray.export.encoder.layers import build_encoder

        return build_encoder(network, scheme, ranges, maps)

    def row_columns(self, recipe: BertRecipe) -> dict[str, object]:
        """Columns of `points` that only this family knows."""
        return {"hidden_units": 0, "pooling": str(recipe.pooling), "trainable_vectors": True}
