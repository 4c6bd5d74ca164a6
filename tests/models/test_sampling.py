import numpy as np
import pytest

from emoray.models.encoder.recipe import BertRecipe
from emoray.models.sampling import Bootstrap, LeaveOut, Whole
from emoray.models.word.recipe import GloveRecipe
from emoray.stages.spec import recipe_id


def test_the_whole_is_every_text_once_whatever_the_seed() -> None:
    np.testing.assert_array_equal(Whole().rows(7, 3), np.arange(7))


def test_a_bootstrap_draws_as_many_texts_with_replacement() -> None:
    rows = Bootstrap().rows(10_000, 0)
    assert len(rows) == 10_000 and rows.min() >= 0 and rows.max() < 10_000
    assert len(np.unique(rows)) / 10_000 == pytest.approx(1 - np.exp(-1), abs=0.01)


def test_a_bootstrap_is_the_seeds_own() -> None:
    np.testing.assert_array_equal(Bootstrap().rows(100, 1), Bootstrap().rows(100, 1))
    assert (Bootstrap().rows(100, 1) != Bootstrap().rows(100, 2)).any()


@pytest.mark.parametrize("recipe", [GloveRecipe, BertRecipe])
def test_a_recipe_says_its_sample_only_where_it_is_no_whole(
    recipe: type[GloveRecipe] | type[BertRecipe],
) -> None:
    assert str(recipe()) == str(recipe(sample=Whole()))
    assert str(recipe(sample=Bootstrap())) == f"{recipe()} bootstrap"
    assert recipe_id(recipe()) != recipe_id(recipe(sample=Bootstrap()))


def test_each_text_is_left_out_of_one_fold_whatever_the_seed() -> None:
    rows = [LeaveOut(fold=fold, folds=3).rows(100, seed=fold) for fold in range(3)]
    left_out = [set(range(100)) - set(found) for found in rows]
    assert set().union(*left_out) == set(range(100)) and sum(map(len, left_out)) == 100
    assert {len(each) for each in left_out} == {33, 34}
    np.testing.assert_array_equal(LeaveOut(fold=0, folds=3).rows(100, seed=7), rows[0])


@pytest.mark.parametrize(("fold", "folds"), [(2, 2), (-1, 2), (0, 1)])
def test_a_fold_that_does_not_exist_is_refused(fold: int, folds: int) -> None:
    with pytest.raises(ValueError, match=f"fold must lie below folds.*got {fold} of {folds}"):
        LeaveOut(fold=fold, folds=folds)
