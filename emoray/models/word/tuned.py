"""Recipes tuned on GoEmotions, which searches and plans start from."""

from emoray.models.losses import WeightedBCE
from emoray.models.word.recipe import Attention, ConvMax, GloveRecipe, Max, Mean, Pool

PLAIN: tuple[Pool, ...] = (Mean(),)
RICH: tuple[Pool, ...] = (Mean(), Max(), Attention())
WITH_CONV: tuple[Pool, ...] = (*RICH, ConvMax(64))

LOSS = WeightedBCE(0.4)
FROZEN = GloveRecipe(
    pools=PLAIN,
    vocabulary=8000,
    hidden_units=256,
    epochs=30,
    batch_size=512,
    learning_rate=2e-3,
    dropout=0.3,
    loss=LOSS,
)
TRAINED = GloveRecipe(
    pools=RICH,
    trainable_vectors=True,
    vocabulary=4000,
    epochs=8,
    patience=3,
    batch_size=512,
    learning_rate=7e-3,
    vectors_rate=3e-3,
    dropout=0.3,
    word_dropout=0.15,
    loss=LOSS,
)
