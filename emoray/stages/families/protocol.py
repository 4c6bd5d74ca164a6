"""The protocol of a model family, which searches, stages and tables use.

Shapes: N texts, I inputs of a product.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from emoray.models.recipe import Recipe
from emoray.models.sampling import Bootstrap
from emoray.models.word.initial_vectors import Vectors
from emoray.quant.affine import AffineMap
from emoray.quant.further_training import FurtherTraining
from emoray.quant.pruning import Prune
from emoray.quant.scheme import ModelScheme
from emoray.stages.spec import CorpusRef, Data, EncoderRef
from emoray.stages.text_lengths import Lengths
from emoray.storage.store.keys import Stage

if TYPE_CHECKING:  # heavy: imported where they are used, in a worker
    from emoray.artifact.scoring import Texts
    from emoray.export.graph import Built
    from emoray.export.kernels import Ranges
    from emoray.models.batches import PaddedTexts
    from emoray.models.pruning.parts import PrunedTensors
    from emoray.models.text_module import TextModule
    from emoray.models.training import FitSettings


class TextStage(Stage, Protocol):
    """The texts of a corpus as token ids, or its rows of features.

    Leaves each split as `read_texts` reads it, `leaked.npy`, an artifact's `vocabulary.txt` and
    `tokenizer.json`, and in `facts.json` the columns of `points` that it knows.
    """

    @property
    def corpus(self) -> CorpusRef:
        """The corpus of the texts."""
        ...

    def vectors_name(self, dim: int) -> str:
        """Name in tables of the embedding that training starts from, `dim` wide."""
        ...


class TrainStage(Stage, Protocol):
    """A recipe trained on such texts, as `read_train` reads them.

    Leaves `weights.npz` and the rows of `trainings`.
    """

    @property
    def recipe(self) -> Recipe:
        """What is trained."""
        ...

    @property
    def text(self) -> TextStage:
        """The texts it is trained on."""
        ...

    @property
    def targets(self) -> Stage | None:
        """What is learned of them in place of their labels: `SoftTargets`, or None."""
        ...


class TrainedNetwork(Protocol):
    """A trained model as plain arrays."""

    def weights(self) -> dict[str, np.ndarray]:
        """The matrices that a scheme may quantize, by name, in the order the data meets them."""
        ...

    @property
    def parameters(self) -> int:
        """Trained numbers, without the padding row."""
        ...


R = TypeVar("R", bound=Recipe)
N = TypeVar("N", bound=TrainedNetwork)


class Family(Protocol[R, N]):
    """A model family, from its recipes to the ONNX graph.

    Attributes:
        recipe: The class of its recipes, which names the family.
        unit: What its tokens are called, in the plural.
        texts_both_ways: Test texts that `Score` reads one by one and many at a time.
        of_features: Whether its models read rows of numbers, not texts.
        needs_encoders: Whether its recipes start from an encoder, which must be found first.
        graph_version: Raised when its ONNX graph changes; a part of `Compress.version`.
        prunes: Fields of `Prune` that its models have.
    """

    recipe: type[R]
    unit: str
    texts_both_ways: int
    of_features: bool = False
    needs_encoders: bool = False
    graph_version: int = 0
    prunes: tuple[str, ...] = ()

    # Recipes, for a search.

    def start_recipes(
        self, taxonomy: str, dims: Sequence[int], encoders: Sequence[EncoderRef]
    ) -> tuple[R, ...]:
        """What ensembles and techniques vary: one recipe, or one for each encoder.

        Args:
            taxonomy: Name of the labels.
            dims: Widths of the word vectors at hand, or of the features.
            encoders: Those at hand.
        """
        ...

    def variants(self, recipe: R) -> tuple[R, ...]:
        """The recipe first, then what differs from it in several knobs at once."""
        return recipe, replace(recipe, sample=Bootstrap())

    def with_vectors(self, recipe: R, vectors: Vectors) -> R:
        """The recipe started from these word vectors; unchanged where it starts from none."""
        return recipe

    def word_vectors(self, recipe: R) -> Vectors | None:
        """The word vectors that a recipe starts from; None where it starts from none."""
        return None

    def encoder(self, recipe: R) -> str | None:
        """The name of the encoder that a recipe starts from; None where it starts from none."""
        return None

    # How much of a text is read.

    def most_tokens(self, recipe: R, data: Data) -> int:
        """The greatest limit that follows from how long the texts of a corpus are."""
        ...

    def lengths(self, recipe: R, data: Data, limit: int) -> Lengths | None:
        """How long the train texts are in the recipe's tokens; right for limits up to `limit`.

        None where they are read whole, whatever their length.
        """
        ...

    # From texts to weights.

    def text_stage(self, recipe: R, data: Data) -> TextStage:
        """Build the stage that reads the texts as the recipe asks.

        Raises:
            ValueError: The data do not have what the recipe names.
        """
        ...

    def train_stage(self, recipe: R, data: Data) -> TrainStage:
        """Build the training on these texts.

        Raises:
            ValueError: The data do not have what the recipe names.
        """
        ...

    # From weights to a model.

    def network(self, recipe: R, tensors: Mapping[str, np.ndarray], trained: Path) -> N:
        """Put tensors together as the recipe says.

        Args:
            recipe: What was trained.
            tensors: Of the finished training, or of its quantization-aware training.
            trained: Folder of the finished training.
        """
        ...

    def module(self, recipe: R, tensors: Mapping[str, np.ndarray], trained: Path) -> "TextModule":
        """The same as `network`, as a PyTorch module to train on."""
        ...

    def further_settings(self, recipe: R, more: FurtherTraining, texts: int) -> "FitSettings":
        """How to train on: as long as `more` says, else like the recipe."""
        from emoray.models.training import FitSettings

        return FitSettings(
            epochs=more.epochs,
            patience=more.epochs,
            learning_rate=more.rate * recipe.learning_rate,
            warmup=0.1,
            clip_norm=1.0,
            batch_size=recipe.batch_of(texts),
            seed=recipe.seed,
            bf16=False,
            loss=recipe.loss,
        )

    def prune(
        self,
        recipe: R,
        tensors: Mapping[str, np.ndarray],
        trained: Path,
        prune: Prune,
        train: "PaddedTexts",
    ) -> "PrunedTensors":
        """Remove from a finished training what matters least to its loss on train.

        Args:
            recipe: What was trained.
            tensors: Of the finished training.
            trained: Its folder.
            prune: What is removed: nothing but what the family `prunes`.
            train: Its texts.

        Raises:
            ValueError: The model does not have as much.
        """
        raise ValueError(f"pruning takes nothing from models of {recipe.family}, got {prune}")

    def calibrate(
        self, network: N, dev: "Texts", scheme: ModelScheme
    ) -> dict[str, tuple[float, float]] | None:
        """The ranges (alpha, beta) that static activations ask for, by kernel, watched on dev.

        Returns:
            None where the scheme's activations are not static.
        """
        ...

    def input_moments(self, network: N, dev: "Texts") -> dict[str, np.ndarray]:
        """E[x_i²] (I,) of what each kernel reads, by its name, observed on dev."""
        ...

    def build(
        self,
        network: N,
        scheme: ModelScheme,
        ranges: "Ranges | None",
        maps: Mapping[str, AffineMap],
    ) -> "Built":
        """Write the ONNX model of a network under a scheme.

        Args:
            network: As `network` puts it together.
            scheme: How its weights and activations are quantized.
            ranges: As `calibrate` or quantization-aware training found them.
            maps: Learned or chosen affine maps by weight; all others follow the scheme.
        """
        ...

    # Columns of tables.

    def row_columns(self, recipe: R) -> dict[str, object]:
        """`hidden_units`, `pooling` and `trainable_vectors` of `points`."""
        ...
