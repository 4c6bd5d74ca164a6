import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoray.models.augmentation import BackTranslation
from emoray.models.encoder.recipe import BertRecipe
from emoray.models.sampling import (
    Bootstrap,
    LeaveOut,
    OutOfFold,
    Shots,
    ShotsWithout,
    Whole,
    WholeDev,
)
from emoray.models.word.recipe import GloveRecipe
from emoray.stages.spec import recipe_id

SOME = np.zeros((100, 2))  # labels of a train


def test_the_whole_is_every_text_once_whatever_the_seed() -> None:
    np.testing.assert_array_equal(Whole().rows(np.zeros((7, 2)), 3), np.arange(7))


def test_a_bootstrap_draws_as_many_texts_with_replacement() -> None:
    rows = Bootstrap().rows(np.zeros((10_000, 2)), 0)
    assert len(rows) == 10_000 and rows.min() >= 0 and rows.max() < 10_000
    assert len(np.unique(rows)) / 10_000 == pytest.approx(1 - np.exp(-1), abs=0.01)


def test_a_bootstrap_is_the_seeds_own() -> None:
    np.testing.assert_array_equal(Bootstrap().rows(SOME, 1), Bootstrap().rows(SOME, 1))
    assert (Bootstrap().rows(SOME, 1) != Bootstrap().rows(SOME, 2)).any()


@pytest.mark.parametrize("recipe", [GloveRecipe, BertRecipe])
def test_a_recipe_says_its_sample_only_where_it_is_no_whole(
    recipe: type[GloveRecipe] | type[BertRecipe],
) -> None:
    assert str(recipe()) == str(recipe(sample=Whole()))
    assert str(recipe(sample=Bootstrap())) == f"{recipe()} bootstrap"
    assert recipe_id(recipe()) != recipe_id(recipe(sample=Bootstrap()))


def test_each_text_is_left_out_of_one_fold_whatever_the_seed() -> None:
    rows = [LeaveOut(fold=fold, folds=3).rows(SOME, seed=fold) for fold in range(3)]
    left_out = [set(range(100)) - set(found) for found in rows]
    assert set().union(*left_out) == set(range(100)) and sum(map(len, left_out)) == 100
    assert {len(each) for each in left_out} == {33, 34}
    np.testing.assert_array_equal(LeaveOut(fold=0, folds=3).rows(SOME, seed=7), rows[0])


@pytest.mark.parametrize(("fold", "folds"), [(2, 2), (-1, 2), (0, 1)])
def test_a_fold_that_does_not_exist_is_refused(fold: int, folds: int) -> None:
    with pytest.raises(ValueError, match=f"fold must lie below folds.*got {fold} of {folds}"):
        LeaveOut(fold=fold, folds=folds)


def labelled(shares: list[float], texts: int, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random((texts, len(shares))) < shares).astype(np.uint8)


@given(
    st.lists(st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]), min_size=1, max_size=6),
    st.integers(1, 12),
    st.integers(0, 200),
    st.integers(0, 3),
)
def test_as_many_shots_of_each_label_as_asked_for_or_all_there_are(
    shares: list[float], per_label: int, texts: int, seed: int
) -> None:
    labels_NK = labelled(shares, texts, seed)
    rows_S = Shots(per_label=per_label, calibration=WholeDev()).rows(labels_NK, seed)
    assert len(set(rows_S.tolist())) == len(rows_S) <= per_label * len(shares)
    wanted_K = np.minimum(per_label, labels_NK.sum(0))
    assert (labels_NK[rows_S].sum(0) >= wanted_K).all()
    assert labels_NK[rows_S].any(1).all(), "a text without labels is no shot of any"


def test_fewer_shots_are_among_more_and_a_seed_of_the_recipe_draws_others() -> None:
    labels_NK = labelled([0.3, 0.1, 0.02], 2000, 0)
    few, more = (set(Shots(per_label=n).rows(labels_NK, 1).tolist()) for n in (8, 32))
    assert few < more
    assert few != set(Shots(per_label=8).rows(labels_NK, 2).tolist())
    assert few != set(Shots(per_label=8, seed=1).rows(labels_NK, 1).tolist())


def test_each_shot_is_left_out_of_one_fold_and_every_label_stays_in_each() -> None:
    labels_NK, shots = labelled([0.3, 0.1, 0.02], 2000, 0), Shots(per_label=8)
    rows_S, fold_S = shots.rows(labels_NK, 1), shots.folds(labels_NK, 1)
    for fold in range(4):
        kept = ShotsWithout(shots=shots, fold=fold).rows(labels_NK, 1)
        assert set(kept.tolist()) == set(rows_S[fold_S != fold].tolist())
        assert (labels_NK[rows_S[fold_S == fold]].sum(0) >= 1).all()


def test_what_no_shots_can_be_is_refused() -> None:
    with pytest.raises(ValueError, match="per_label must be at least 1, got 0"):
        Shots(per_label=0)
    with pytest.raises(ValueError, match="folds must be at least 2, got 1"):
        OutOfFold(folds=1)
    with pytest.raises(ValueError, match="got 4 folds of 3 shots"):
        Shots(per_label=3)
    assert Shots(per_label=1, calibration=WholeDev()).per_label == 1
    for recipe in (GloveRecipe, BertRecipe):
        with pytest.raises(ValueError, match="shots are drawn of train as it is, got shots8"):
            recipe(sample=Shots(per_label=8), augmentation=BackTranslation())


def test_shots_say_what_they_are() -> None:
    assert str(Shots(per_label=16)) == "shots16"
    assert str(Shots(per_label=16, seed=2, calibration=WholeDev())) == "shots16r2-dev"
    assert str(Shots(per_label=8, calibration=OutOfFold(folds=2))) == "shots8-cv2"
    assert str(ShotsWithout(shots=Shots(per_label=8), fold=3)) == "shots8 without3"
