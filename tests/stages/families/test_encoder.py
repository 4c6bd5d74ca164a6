"""What the family of encoders answers otherwise than others do."""

from dataclasses import replace
from pathlib import Path

import pytest

from emoray.models.encoder.recipe import BertRecipe
from emoray.models.recipe import Recipe
from emoray.models.word.recipe import GloveRecipe
from emoray.quant.scheme import Qat
from emoray.stages.families.registry import FAMILIES
from emoray.stages.spec import CorpusRef, Data, EncoderRef

SMALL = EncoderRef(
    name="small", sha256="0", folder=Path("/nowhere"), width=48, layers=2, positions=40
)
LARGE = replace(SMALL, name="large", width=96, layers=8, positions=512)
DATA = Data(
    corpus=CorpusRef(name="c", sha256="0", folder=Path("/nowhere")), encoders=(LARGE, SMALL)
)


def test_it_starts_from_each_encoder_whole_and_reads_no_more_than_that_can() -> None:
    recipes = FAMILIES["bert"].start_recipes("ekman", (), (LARGE, SMALL))
    assert [(r.encoder, r.layers, r.embedding_dim, r.max_tokens) for r in recipes] == [
        ("large", 8, 96, 64),
        ("small", 2, 48, 40),
    ]


def test_where_a_search_is_to_choose_the_encoder_the_shortest_one_limits_the_texts() -> None:
    family = FAMILIES["bert"]
    assert family.most_tokens(BertRecipe(encoder="large"), DATA) == 512
    assert family.most_tokens(BertRecipe(encoder="whichever"), DATA) == 40


@pytest.mark.parametrize(
    ("recipe", "wanted"),
    [
        (BertRecipe(clip_norm=0.5, bf16=True), (0.5, True)),
        (BertRecipe(bf16=False), (1.0, False)),
        (GloveRecipe(), (1.0, False)),
    ],
    ids=["clipped", "float32", "word vectors"],
)
def test_training_under_codes_clips_gradients_and_rounds_as_the_recipe_did(
    recipe: Recipe, wanted: tuple[float, bool]
) -> None:
    how = FAMILIES[recipe.family].further_settings(recipe, Qat(epochs=3), 43_410)
    assert (how.clip_norm, how.bf16) == wanted
    assert how.epochs == how.patience == 3 and how.batch_size == recipe.batch_size


def test_recipes_say_what_they_start_from() -> None:
    words, encoder = FAMILIES["glove"], FAMILIES["bert"]
    assert words.encoder(GloveRecipe()) is None
    assert words.word_vectors(GloveRecipe()) == GloveRecipe().vectors
    assert encoder.encoder(BertRecipe(encoder="small")) == "small"
    assert encoder.word_vectors(BertRecipe()) is None
    assert (words.needs_encoders, encoder.needs_encoders) == (False, True)
