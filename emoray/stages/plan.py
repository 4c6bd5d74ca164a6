"""From a recipe and a scheme to the chain of stages that measures them."""

from emoray.models.augmentation import NoAugmentation
from emoray.models.encoder.extra import require_bert
from emoray.models.encoder.recipe import BertRecipe
from emoray.models.word.initial_vectors import PretrainedVectors
from emoray.models.word.recipe import GloveRecipe
from emoray.quant.catalogue import parent_of
from emoray.quant.policy import Scheme
from emoray.quant.scheme import ModelScheme
from emoray.stages.augmentation import Augment, Translate
from emoray.stages.comparisons import CompareWithParent
from emoray.stages.compression import Compress, Score
from emoray.stages.decisions import Decide
from emoray.stages.encoder_training import EncodeSubwords, FineTune
from emoray.stages.encoding import Embed, Encode
from emoray.stages.qat import QuantizationAwareTraining
from emoray.stages.spec import Data, Decision, Recipe, VectorsRef, distinct
from emoray.stages.tokens import Tokenize
from emoray.stages.vectors import CountPairs, TrainVectors
from emoray.stages.word_training import TrainWords
from emoray.text.words import VERSION as TOKENIZER


def augmenting(recipe: Recipe, data: Data) -> Augment | None:
    """What its augmentation adds to train; the same for every seed, so that seeds compare."""
    knob = recipe.augmentation
    if isinstance(knob, NoAugmentation):
        return None
    return Augment(
        translated=Translate(corpus=data.corpus, translator=data.translator(knob.translator)),
        taxonomy=recipe.taxonomy,
        share=knob.share,
        balance=knob.balance,
    )


def vectors_of(recipe: GloveRecipe, tokens: Tokenize, data: Data) -> VectorsRef | TrainVectors:
    """The word vectors that a recipe starts from: given, or trained on the words of its train."""
    own = recipe.vectors
    if isinstance(own, PretrainedVectors):
        return data.vectors_for(recipe.embedding_dim)
    counted = CountPairs(
        tokens=tokens, window=own.window, min_count=own.min_count, max_words=own.max_words
    )
    return TrainVectors(counted=counted, settings=own, dim=recipe.embedding_dim)


def training(recipe: Recipe, data: Data) -> TrainWords | FineTune:
    """The dear part; equal for all schemes and decisions.

    Raises ValueError for what the data at hand cannot give.
    """
    if isinstance(recipe, BertRecipe):
        encoder = data.encoder(recipe.encoder)
        encoder.check(recipe.layers, recipe.embedding_dim, recipe.max_tokens)
        pieces = EncodeSubwords(
            corpus=data.corpus,
            taxonomy=recipe.taxonomy,
            encoder=encoder,
            kept=recipe.pieces,
            max_tokens=recipe.max_tokens,
            augment=augmenting(recipe, data),
        )
        return FineTune(recipe=recipe, text=pieces, encoder=encoder)
    tokens = Tokenize(
        corpus=data.corpus,
        taxonomy=recipe.taxonomy,
        tokenizer=TOKENIZER,
        augment=augmenting(recipe, data),
        max_tokens=recipe.max_tokens,
    )
    text = Encode(
        tokens=tokens,
        vocabulary=recipe.vocabulary,
        vectors=vectors_of(recipe, tokens, data),
    )
    return TrainWords(recipe=recipe, text=text, vectors=Embed(text=text, dim=recipe.embedding_dim))


def deciding(
    train: TrainWords | FineTune, scheme: Scheme, decisions: tuple[Decision, ...]
) -> Decide:
    """All decisions on one compressed model, of those that decide alike one; trained on first where
    its scheme says so.

    Raises ValueError where that needs a library that is not installed.
    """
    refined = None
    if isinstance(scheme, ModelScheme) and scheme.qat is not None:
        require_bert()
        refined = QuantizationAwareTraining(trained=train, text=train.text, scheme=scheme)
    compressed = Compress(trained=train, text=train.text, scheme=scheme, refined=refined)
    scored = Score(compressed=compressed, text=train.text)
    return Decide(
        scored=scored, compressed=compressed, text=train.text, decisions=distinct(decisions)
    )


def float_parent(decide: Decide) -> Decide:
    """The same training in float under the same decisions, gone on for as long where the model's
    was refined, so that more epochs are not taken for what codes bring. Of a float model itself."""
    return deciding(
        decide.compressed.trained, parent_of(decide.compressed.scheme), decide.decisions
    )


def comparing(decide: Decide) -> CompareWithParent | None:
    """The model beside its float parent; None for one that is its own."""
    parent = float_parent(decide)
    return None if parent == decide else CompareWithParent.of(decide, parent)
