"""One training, from the outside: what it keeps, what it leaves alone, what it says."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from emoray.models.batches import standardized
from emoray.models.heads import Head, with_heads
from emoray.models.losses import BCE, Loss, WeightedBCE
from emoray.models.word.generated import PREFIX
from emoray.models.word.recipe import (
    Attention,
    ConvMax,
    GloveRecipe,
    Max,
    Mean,
    Min,
    Pool,
)
from tests.models.word.made import (
    DEV,
    RARE_M,
    TRAIN,
    WIDTH,
    WORDS,
    Told,
    exported_logits,
    ragged,
    trained,
    vectors_VD,
)

TINY = GloveRecipe(
    embedding_dim=WIDTH,
    vocabulary=WORDS - 2,
    hidden_units=6,
    epochs=2,
    batch_size=32,
    learning_rate=0.02,
    vectors_rate=0.02,
)
IDS = replace(TINY, pools=(Mean(), Max()), trainable_vectors=True, word_dropout=0.2)
PATHS = {"pooled_once": TINY, "ids": IDS}
FROZEN_V = np.setdiff1d(np.arange(1, WORDS), RARE_M)


@cache
def once(recipe: GloveRecipe) -> Told:
    """A training that several tests read, and change nothing in."""
    return trained(recipe)


def same(one: Told, other: Told) -> bool:
    return all(np.array_equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


@pytest.mark.parametrize("path", PATHS)
def test_equal_seeds_give_equal_weights_and_another_seed_others(path: str) -> None:
    recipe = PATHS[path]
    first, other = once(recipe), trained(replace(recipe, seed=1))
    again = trained(recipe)
    assert same(first, again)
    assert not same(first, other)
    np.testing.assert_array_equal(first.kept_logits_NK, again.kept_logits_NK)


POOLS: tuple[Pool, ...] = (Mean(), Max(), Min(), Attention(), ConvMax(5))
ORACLES = {
    "pooled_once": replace(TINY, layers=2),
    "pooled_once_without_layers": replace(TINY, layers=0),
    "frozen_pools": replace(TINY, pools=POOLS),
    "trained_pools": replace(IDS, pools=POOLS),
    "trained_alone": replace(IDS, pools=(Attention(),)),
}


@pytest.mark.parametrize("case", ORACLES)
def test_keras_and_onnxruntime_give_the_same_logits(case: str) -> None:
    recipe = ORACLES[case]
    told = once(recipe)
    found_NK = exported_logits(told, recipe, ragged(70, seed=2))
    np.testing.assert_allclose(found_NK, told.kept_logits_NK, atol=1e-4, rtol=1e-4)


def test_frozen_vectors_stay_as_they_are_while_rare_words_learn() -> None:
    told = once(replace(TINY, pools=POOLS))
    table_VD, start_VD = told.tensors["embedding"], vectors_VD()
    np.testing.assert_array_equal(table_VD[FROZEN_V], start_VD[FROZEN_V])
    assert (table_VD[RARE_M] != start_VD[RARE_M]).any(1).all()


def test_vectors_pooled_beforehand_are_standardized_and_then_stay_while_rare_words_learn() -> None:
    told = once(TINY)
    table_VD, start_VD = told.tensors["embedding"], standardized(TRAIN, vectors_VD())
    np.testing.assert_array_equal(table_VD[FROZEN_V], start_VD[FROZEN_V])
    assert (table_VD[RARE_M] != start_VD[RARE_M]).any(1).all()


def test_trained_vectors_move_and_padding_stays_zero() -> None:
    table_VD = once(IDS).tensors["embedding"]
    assert (table_VD[1:] != vectors_VD()[1:]).any(1).all()
    np.testing.assert_array_equal(table_VD[0], 0)


def test_standardized_vectors_have_means_of_mean_0_and_deviation_1() -> None:
    moved_VD = standardized(TRAIN, vectors_VD())
    real_NL1 = (TRAIN.ids_NL != 0)[:, :, None]
    mean_ND = (moved_VD[TRAIN.ids_NL] * real_NL1).sum(1) / real_NL1.sum(1)
    np.testing.assert_allclose(mean_ND.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(mean_ND.std(0), 1, atol=1e-4)


def test_the_best_epoch_is_kept_and_patience_ends_the_training() -> None:
    recipe = replace(IDS, epochs=9, patience=2)
    told = trained(recipe, scores=[0.1, 0.5, 0.3, 0.5])
    assert told.trained is not None
    assert [epoch.epoch for epoch in told.trained.epochs] == [1, 2, 3, 4]
    assert told.trained.kept == 2, "an equal score later is no better"
    found_NK = exported_logits(told, recipe, ragged(70, seed=2))
    np.testing.assert_allclose(found_NK, told.logits_ENK[1], atol=1e-4)
    assert np.abs(found_NK - told.logits_ENK[3]).max() > 1e-2


def test_a_moving_average_over_steps_takes_the_place_of_the_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One step an epoch: so what each of two epochs leaves shows the weights after each step."""
    monkeypatch.setattr(GloveRecipe, "batch_of", lambda self, texts: texts)
    first, second = (trained(IDS, scores).tensors for scores in ([0.9, 0.5], [0.5, 0.9]))
    found = trained(replace(IDS, ema=0.75), [0.5, 0.9]).tensors
    assert not np.allclose(first["head.kernel"], second["head.kernel"], rtol=1e-3)
    for name, values in found.items():
        expected = 0.75 * first[name] + 0.25 * second[name]
        np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-6)


def test_every_epoch_is_reported_as_it_ends() -> None:
    told = trained(replace(TINY, epochs=3), scores=[0.3, 0.2, 0.1])
    assert told.trained is not None
    assert tuple(told.reports) == told.trained.epochs
    assert [epoch.dev_macro_f1 for epoch in told.reports] == [0.3, 0.2, 0.1]
    assert all(epoch.wall_seconds > 0 and epoch.cpu_seconds >= 0 for epoch in told.reports)


def test_what_words_say_is_learnt() -> None:
    told = trained(replace(IDS, epochs=50, patience=50, word_dropout=0.0, dropout=0.0))
    right = (told.kept_logits_NK > 0) == DEV.labels_NK
    assert right.mean() > 0.85
    assert told.reports[-1].train_loss < told.reports[0].train_loss / 2


def by_definition(loss: Loss, logits_NK: np.ndarray, labels_NK: np.ndarray) -> float:
    prob_NK = 1 / (1 + np.exp(-logits_NK.astype(np.float64)))
    prior_K = TRAIN.labels_NK.mean(0)
    power = loss.power if isinstance(loss, WeightedBCE) else 0.0
    positive_K = ((1 - prior_K) / prior_K) ** power
    each = labels_NK * positive_K * np.log(prob_NK) + (1 - labels_NK) * np.log(1 - prob_NK)
    return float(-each.sum(1).mean())


@pytest.mark.parametrize("loss", [BCE(), WeightedBCE(0.7)], ids=str)
def test_both_losses_are_the_weighted_cross_entropy_summed_over_labels(loss: Loss) -> None:
    # One batch, a rate that moves nothing, dev = train: both losses are those of the same logits.
    still = replace(TINY, epochs=1, batch_size=160, dropout=0.0, learning_rate=1e-12, loss=loss)
    told = trained(still, dev=TRAIN)
    wanted = by_definition(loss, told.kept_logits_NK, TRAIN.labels_NK)
    assert told.reports[0].train_loss == pytest.approx(wanted, rel=1e-5)
    assert told.reports[0].dev_loss == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("path", PATHS)
def test_a_loss_that_is_no_number_ends_the_training(path: str) -> None:
    with pytest.raises(FloatingPointError, match=r"training loss is (nan|inf) in epoch 1: ekman"):
        trained(replace(PATHS[path], learning_rate=1e30, layers=2))


def test_probabilities_are_honest_although_positives_counted_more() -> None:
    recipe = replace(TINY, loss=WeightedBCE(1.0), epochs=12, patience=12, dropout=0.0)
    told = trained(recipe)
    prior_K = TRAIN.labels_NK.mean(0)
    shift_K = np.log(recipe.loss.positive_weights(prior_K))
    found_NK = exported_logits(told, recipe, ragged(70, seed=2))
    np.testing.assert_allclose(found_NK + shift_K, told.kept_logits_NK, atol=1e-4)
    given_K = DEV.labels_NK.mean(0)
    honest = np.abs((1 / (1 + np.exp(-found_NK))).mean(0) - given_K).mean()
    weighted = np.abs((1 / (1 + np.exp(-told.kept_logits_NK))).mean(0) - given_K).mean()
    assert honest < weighted


def test_a_training_leaves_nothing_in_the_temporary_folder() -> None:
    trained(replace(TINY, epochs=1, hidden_units=5))
    written = [str(module.__file__) for name, module in sys.modules.items() if PREFIX in name]
    assert written, "functions were converted, and their sources written"
    assert not [file for file in written if Path(file).exists()]


@pytest.mark.parametrize("path", PATHS)
def test_heads_are_learned_beside_the_labels_and_gone_in_the_end(path: str) -> None:
    coarse_NH = TRAIN.labels_NK[:, :2].max(axis=1, keepdims=True)
    labels_NK, weights_K = with_heads(TRAIN.labels_NK, (Head("b", 0.5),), {"b": coarse_NH})
    told = trained(PATHS[path], train=replace(TRAIN, labels_NK=labels_NK, weights_K=weights_K))
    plain = once(PATHS[path])
    assert {n: t.shape for n, t in told.tensors.items()} == {
        n: t.shape for n, t in plain.tensors.items()
    }
    assert all(logits_NK.shape == DEV.labels_NK.shape for logits_NK in told.logits_ENK)
    assert not np.array_equal(told.tensors["head.kernel"], plain.tensors["head.kernel"])
    found = exported_logits(told, PATHS[path], ragged(70, seed=2))
    np.testing.assert_allclose(found, told.kept_logits_NK, atol=1e-4)
