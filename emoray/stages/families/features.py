"""Rows of features under a small network: scaled, cut to their principal components, in Keras."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emoray.export.feature_network import FeatureNetwork
from emoray.models.features.recipe import FeatureRecipe
from emoray.models.features.scaling import FARTHEST
from emoray.models.losses import BCE, Focal, WeightedBCE
from emoray.models.recipe import MAX_TOKENS
from emoray.models.sampling import Bootstrap
from emoray.quant.affine import AffineMap
from emoray.quant.scheme import ModelScheme, Static
from emoray.stages.families.protocol import Family
from emoray.stages.features import ReadFeatures, TrainFeatures
from emoray.stages.spec import Data, EncoderRef, FeatureCorpusRef
from emoray.stages.text_lengths import Lengths

if TYPE_CHECKING:
    from emoray.artifact.scoring import Texts
    from emoray.export.graph import Built
    from emoray.export.kernels import Ranges
    from emoray.models.features.torch_module import FeatureModule

TUNED = FeatureRecipe(
    hidden_units=128,
    epochs=30,
    batch_size=512,
    learning_rate=2e-3,
    dropout=0.3,
    loss=WeightedBCE(0.4),
)


def _corpus(data: Data) -> FeatureCorpusRef:
    corpus = data.corpus
    assert isinstance(corpus, FeatureCorpusRef)  # `training` refuses any other
    return corpus


class FeatureFamily(Family[FeatureRecipe, FeatureNetwork]):
    """Recipes of `models/features`, graphs of `export/features.py`."""

    recipe = FeatureRecipe
    unit = "features"
    texts_both_ways = 400
    of_features = True

    def start_recipes(
        self, taxonomy: str, dims: Sequence[int], encoders: Sequence[EncoderRef]
    ) -> tuple[FeatureRecipe, ...]:
        """One recipe on all features, or on as many components as there are rows."""
        return (replace(TUNED, taxonomy=taxonomy, embedding_dim=max(dims)),)

    def variants(self, recipe: FeatureRecipe) -> tuple[FeatureRecipe, ...]:
        """The recipe with other widths, losses, layers and samples."""
        middle = -(-recipe.embedding_dim * 3 // 4)
        return (
            recipe,
            replace(recipe, layers=2, loss=Focal()),
            replace(recipe, layers=0, loss=BCE()),
            replace(recipe, embedding_dim=middle, sample=Bootstrap()),
            replace(recipe, hidden_units=2 * recipe.hidden_units, loss=WeightedBCE(0.2)),
        )

    def most_tokens(self, recipe: FeatureRecipe, data: Data) -> int:
        """A constant: a row has no tokens."""
        return MAX_TOKENS

    def lengths(self, recipe: FeatureRecipe, data: Data, limit: int) -> Lengths | None:
        """None: rows are read whole."""
        return None

    def text_stage(self, recipe: FeatureRecipe, data: Data) -> ReadFeatures:
        """Rows as they are."""
        corpus, dim = _corpus(data), recipe.embedding_dim
        if dim > corpus.width:
            raise ValueError(
                f"embedding_dim must not exceed the features' own {corpus.width}, got {dim}: ask "
                "for fewer dimensions"
            )
        if dim > corpus.rows:
            raise ValueError(
                f"a model learns from more rows than it has dimensions, got {dim} dimensions and "
                f"{corpus.rows} rows of train: ask for fewer, the first principal components "
                f"(--dim {max(1, corpus.rows // 4)}), or bring more rows"
            )
        return ReadFeatures(corpus=corpus, taxonomy=recipe.taxonomy)

    def train_stage(self, recipe: FeatureRecipe, data: Data) -> TrainFeatures:
        """Training on the rows."""
        return TrainFeatures(recipe=recipe, text=self.text_stage(recipe, data))

    def network(
        self, recipe: FeatureRecipe, tensors: Mapping[str, np.ndarray], trained: Path
    ) -> FeatureNetwork:
        """Scaling, components and layers."""
        return FeatureNetwork.from_tensors(tensors, FARTHEST)

    def module(
        self, recipe: FeatureRecipe, tensors: Mapping[str, np.ndarray], trained: Path
    ) -> "FeatureModule":
        """The same in PyTorch."""
        from emoray.models.features.torch_module import FeatureModule

        return FeatureModule(tensors, dropout=recipe.dropout)

    def calibrate(
        self, network: FeatureNetwork, dev: "Texts", scheme: ModelScheme
    ) -> dict[str, tuple[float, float]] | None:
        """Static ranges by kernel; None where the scheme has none."""
        from emoray.export.calibrate import observed_ranges
        from emoray.export.feature_graph import feature_activations

        if not isinstance(scheme.activations, Static):
            return None
        return observed_ranges(feature_activations(network, dev), scheme.activations)

    def input_moments(self, network: FeatureNetwork, dev: "Texts") -> dict[str, np.ndarray]:
        """E[x_i²] (I,) of what each kernel reads."""
        from emoray.export.calibrate import mean_squares
        from emoray.export.feature_graph import feature_activations

        return mean_squares(feature_activations(network, dev))

    def build(
        self,
        network: FeatureNetwork,
        scheme: ModelScheme,
        ranges: "Ranges | None",
        maps: Mapping[str, AffineMap],
    ) -> "Built":
        """The ONNX model of the network."""
        from emoray.export.feature_graph import build_features

        return build_features(network, scheme, ranges, maps)

    def row_columns(self, recipe: FeatureRecipe) -> dict[str, object]:
        """Columns of `points` that only this family knows."""
        return {
            "hidden_units": recipe.hidden_units if recipe.layers else 0,
            "pooling": "none",
            "trainable_vectors": False,
        }
