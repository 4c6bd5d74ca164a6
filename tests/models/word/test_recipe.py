from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from emoray.models.losses import BCE, WeightedBCE
from emoray.models.word.recipe import (
    Attention,
    ConvMax,
    GloveRecipe,
    Max,
    Mean,
)

REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    **{
        name: (lambda name=name: GloveRecipe(**{name: 0}), f"{name} must be at least 1, got 0")
        for name in ("embedding_dim", "vocabulary", "hidden_units", "epochs", "patience")
    },
    "batch": (lambda: GloveRecipe(batch_size=-1), "batch_size must be at least 1, got -1"),
    "layers": (lambda: GloveRecipe(layers=-1), "layers must be at least 0, got -1"),
    "dropout": (lambda: GloveRecipe(dropout=1.0), r"dropout must lie in \[0, 1\), got 1\.0"),
    "words": (lambda: GloveRecipe(word_dropout=-0.1), r"word_dropout must lie .*got -0\.1"),
    "rate": (lambda: GloveRecipe(learning_rate=0), "learning_rate must be above 0, got 0"),
    "vectors": (lambda: GloveRecipe(vectors_rate=-1), "vectors_rate must be above 0, got -1"),
    "pools": (lambda: GloveRecipe(pools=()), "pools is empty: name at least one"),
    "filters": (lambda: ConvMax(0), "filters must be at least 1, got 0"),
    "power": (lambda: WeightedBCE(0.0), r"power must lie in \(0, 1\], got 0\.0"),
    "strong": (lambda: WeightedBCE(1.5), r"power must lie in \(0, 1\], got 1\.5"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_recipe_that_cannot_be_trained_is_refused(case: str) -> None:
    make, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        make()


def test_only_frozen_vectors_under_a_plain_mean_are_pooled_once() -> None:
    assert GloveRecipe().pooled_once
    assert not GloveRecipe(trainable_vectors=True).pooled_once
    assert not GloveRecipe(pools=(Mean(), Max())).pooled_once


def test_a_recipe_reads_as_one_short_line() -> None:
    recipe = GloveRecipe(layers=2, pools=(Mean(), Attention(), ConvMax(16)), loss=WeightedBCE(0.4))
    assert str(recipe) == "ekman d50 frozen v8000 mean+attention+conv16 l2x128 weighted_bce0.4"
    assert " l0 " in str(GloveRecipe(layers=0))


def test_repeats_differ_in_nothing_but_their_seed() -> None:
    recipe = GloveRecipe(seed=7)
    assert recipe.without_seed() == replace(GloveRecipe(seed=1), seed=0)
    assert hash(recipe.without_seed()) == hash(GloveRecipe())


def test_full_power_balances_the_positives_of_a_label_with_its_negatives() -> None:
    prior_K = np.array([0.5, 0.1, 0.01])
    np.testing.assert_allclose(WeightedBCE(1.0).positive_weights(prior_K), [1, 9, 99])
    np.testing.assert_allclose(WeightedBCE(0.5).positive_weights(prior_K), np.sqrt([1, 9, 99]))
    np.testing.assert_array_equal(BCE().positive_weights(prior_K), np.ones(3))


def test_small_corpora_take_small_batches() -> None:
    recipe = GloveRecipe(batch_size=512)
    assert recipe.batch_of(43_410) == 512
    assert recipe.batch_of(6_400) == 100
    assert recipe.batch_of(1_000) == recipe.batch_of(50) == 16
    assert GloveRecipe(batch_size=8).batch_of(43_410) == 8
