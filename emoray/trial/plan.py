"""From a recipe and a scheme to the chain of stages that measures them."""

from emoray.model.recipe import GloveRecipe
from emoray.quant.scheme import ModelScheme
from emoray.text.words import VERSION as TOKENIZER
from emoray.trial.spec import Data, Decision
from emoray.trial.stages.compression import Compress, Score
from emoray.trial.stages.deciding import Decide
from emoray.trial.stages.text import Embed, Encode, Tokenize
from emoray.trial.stages.training import Train


def training(recipe: GloveRecipe, data: Data) -> Train:
    """The dear part; equal for all schemes and decisions."""
    tokens = Tokenize(corpus=data.corpus, taxonomy=recipe.taxonomy, tokenizer=TOKENIZER)
    text = Encode(
        tokens=tokens,
        vocabulary=recipe.vocabulary,
        vectors=data.vectors_for(recipe.embedding_dim),
    )
    return Train(recipe=recipe, text=text, vectors=Embed(text=text, dim=recipe.embedding_dim))


def deciding(train: Train, scheme: ModelScheme, decisions: tuple[Decision, ...]) -> Decide:
    """All decisions on one compressed model."""
    compressed = Compress(trained=train, text=train.text, scheme=scheme)
    scored = Score(compressed=compressed, text=train.text)
    return Decide(scored=scored, compressed=compressed, text=train.text, decisions=decisions)
