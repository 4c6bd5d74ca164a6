"""Word vectors, pooled, under a small network: trained in Keras, given or made on the corpus."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emoray.export.network import Network
from emoray.models.losses import BCE, Focal, WeightedBCE
from emoray.models.sampling import Bootstrap
from emoray.models.word.initial_vectors import PretrainedVectors, Vectors
from emoray.models.word.recipe import Attention, ConvMax, GloveRecipe, Max, Mean
from emoray.models.word.tuned import TRAINED, WITH_CONV
from emoray.quant.affine import AffineMap
from emoray.quant.pruning import Prune
from emoray.quant.scheme import ModelScheme
from emoray.stages.augmentation import augmenting
from emoray.stages.encoding import Embed, Encode
from emoray.stages.families.protocol import Family
from emoray.stages.spec import Data, EncoderRef, VectorsRef
from emoray.stages.text_lengths import MOST_WORDS, Lengths, word_lengths
from emoray.stages.tokens import Tokenize
from emoray.stages.vectors import CountPairs, TrainVectors
from emoray.stages.word_training import TrainWords
from emoray.text.words import VERSION as TOKENIZER

if TYPE_CHECKING:
    from emoray.artifact.scoring import Texts
    from emoray.export.graph import Built
    from emoray.export.kernels import Ranges
    from emoray.models.batches import PaddedTexts
    from emoray.models.pruning.parts import PrunedTensors
    from emoray.models.word.torch_module import WordNetwork

CONV = (Mean(), ConvMax(128))
WIDEST = 64  # of the word vectors: what the quick search found enough


def _vectors(recipe: GloveRecipe, tokens: Tokenize, data: Data) -> VectorsRef | TrainVectors:
    """The word vectors that a recipe starts from: given, or trained on the words of its train."""
    own = recipe.vectors
    if isinstance(own, PretrainedVectors):
        return data.vectors_for(recipe.embedding_dim)
    counted = CountPairs(
        tokens=tokens, window=own.window, min_count=own.min_count, max_words=own.max_words
    )
    return TrainVectors(counted=counted, settings=own, dim=recipe.embedding_dim)


class WordFamily(Family[GloveRecipe, Network]):
    """Recipes of `models/word`, graphs of `export`."""

    recipe = GloveRecipe
    unit = "words"
    texts_both_ways = 400
    prunes = ("rows",)

    def start_recipes(
        self, taxonomy: str, dims: Sequence[int], encoders: Sequence[EncoderRef]
    ) -> tuple[GloveRecipe, ...]:
        """One recipe, as wide as the vectors at hand, 64 at most."""
        width = min(WIDEST, max(dims))
        return (replace(TRAINED, taxonomy=taxonomy, embedding_dim=width, layers=0),)

    def variants(self, recipe: GloveRecipe) -> tuple[GloveRecipe, ...]:
        """The recipe with other pools, widths, losses, layers and samples."""
        widest = recipe.embedding_dim
        narrow, middle = -(-widest // 2), -(-widest * 3 // 4)
        return (
            recipe,
            replace(recipe, pools=WITH_CONV, embedding_dim=middle),
            replace(recipe, loss=Focal(), layers=1),
            replace(recipe, pools=CONV, loss=BCE()),
            replace(
                recipe, pools=WITH_CONV, embedding_dim=narrow, loss=Focal(), sample=Bootstrap()
            ),
            replace(recipe, layers=2, loss=WeightedBCE(0.2), vocabulary=2 * recipe.vocabulary),
            replace(recipe, pools=(Attention(), Max()), embedding_dim=middle, sample=Bootstrap()),
        )

    def with_vectors(self, recipe: GloveRecipe, vectors: Vectors) -> GloveRecipe:
        """The recipe started from these vectors."""
        return replace(recipe, vectors=vectors)

    def word_vectors(self, recipe: GloveRecipe) -> Vectors:
        """The vectors that a recipe starts from."""
        return recipe.vectors

    def most_tokens(self, recipe: GloveRecipe, data: Data) -> int:
        """A constant: words have no positions."""
        return MOST_WORDS

    def lengths(self, recipe: GloveRecipe, data: Data, limit: int) -> Lengths:
        """Lengths in words."""
        return word_lengths(data.corpus.folder, max(limit, MOST_WORDS))

    def text_stage(self, recipe: GloveRecipe, data: Data) -> Encode:
        """Texts as ids of words."""
        tokens = Tokenize(
            corpus=data.corpus,
            taxonomy=recipe.taxonomy,
            tokenizer=TOKENIZER,
            augment=augmenting(recipe, data),
            max_tokens=recipe.max_tokens,
        )
        return Encode(
            tokens=tokens,
            vocabulary=recipe.vocabulary,
            vectors=_vectors(recipe, tokens, data),
        )

    def train_stage(self, recipe: GloveRecipe, data: Data) -> TrainWords:
        """Training on word vectors of the recipe's width."""
        text = self.text_stage(recipe, data)
        return TrainWords(
            recipe=recipe, text=text, vectors=Embed(text=text, dim=recipe.embedding_dim)
        )

    def network(
        self, recipe: GloveRecipe, tensors: Mapping[str, np.ndarray], trained: Path
    ) -> Network:
        """Embedding, pools and layers."""
        return Network.from_tensors(tensors, [str(pool) for pool in recipe.pools])

    def module(
        self, recipe: GloveRecipe, tensors: Mapping[str, np.ndarray], trained: Path
    ) -> "WordNetwork":
        """The same in PyTorch."""
        from emoray.models.word.torch_module import WordNetwork

        return WordNetwork(tensors, [str(pool) for pool in recipe.pools], dropout=recipe.dropout)

    def prune(
        self,
        recipe: GloveRecipe,
        tensors: Mapping[str, np.ndarray],
        trained: Path,
        prune: Prune,
        train: "PaddedTexts",
    ) -> "PrunedTensors":
        """The network without the rows of some words."""
        from emoray.models.pruning.words import prune_words

        model = self.module(recipe, tensors, trained)
        return prune_words(dict(tensors), model, prune, train=train, loss=recipe.loss)

    def calibrate(
        self, network: Network, dev: "Texts", scheme: ModelScheme
    ) -> dict[str, tuple[float, float]] | None:
        """Static ranges by kernel; None where the scheme has none."""
        from emoray.export.calibrate import static_ranges

        return static_ranges(network, dev, scheme)

    def input_moments(self, network: Network, dev: "Texts") -> dict[str, np.ndarray]:
        """E[x_i²] (I,) of what each kernel reads."""
        from emoray.export.calibrate import input_moments

        return input_moments(network, dev)

    def build(
        self,
        network: Network,
        scheme: ModelScheme,
        ranges: "Ranges | None",
        maps: Mapping[str, AffineMap],
    ) -> "Built":
        """The ONNX model of the network."""
        from emoray.export.graph import build_graph

        return build_graph(network, scheme, ranges, maps)

    def row_columns(self, recipe: GloveRecipe) -> dict[str, object]:
        """Columns of `points` that only this family knows."""
        return {
            "hidden_units": recipe.hidden_units if recipe.layers else 0,
            "pooling": recipe.pooling,
            "trainable_vectors": recipe.trainable_vectors,
        }
