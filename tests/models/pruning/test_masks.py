from itertools import combinations

import numpy as np
import pytest

from emoray.models.pruning.masks import importance_of, kept_units, rearranged

RNG = np.random.default_rng(0)
LAYERS = [RNG.random(12), 3 * RNG.random(12), RNG.random(12) / 100]


@pytest.mark.parametrize("share", [0.0, 0.25, 1 / 3, 0.5, 0.9])
def test_a_budget_is_kept_and_the_least_important_units_go(share: float) -> None:
    kept = kept_units(LAYERS, share)
    removed = sum(int((~k).sum()) for k in kept)
    assert removed == min(int(share * 36 + 1e-9), 33)
    gone = [v for values, k in zip(LAYERS, kept, strict=True) for v in values[~k]]
    spared = [v for values, k in zip(LAYERS, kept, strict=True) for v in values[k]]
    tops = {max(values) for values in LAYERS}  # of each layer, kept whatever it says
    assert not gone or max(gone) <= min(v for v in spared if v not in tops)


def test_each_layer_keeps_something_however_little_it_says() -> None:
    kept = kept_units(LAYERS, 0.99)
    assert [int(k.sum()) for k in kept] == [1, 1, 1]
    assert kept[2][LAYERS[2].argmax()]


def test_columns_go_in_blocks_of_like_importance() -> None:
    kept = kept_units(LAYERS, 0.5, together=4)
    assert all(k.sum() % 4 == 0 for k in kept)
    assert sum(int((~k).sum()) for k in kept) == 16  # 18 are half: blocks of 4 stay below it
    for values, k in zip(LAYERS, kept, strict=True):
        assert not k.any() or k.all() or values[k].min() > values[~k].max()


def test_importance_is_half_the_mean_square_of_a_masks_gradients() -> None:
    gradients_NU = np.array([[1.0, 0.0], [3.0, -2.0]])
    assert importance_of(gradients_NU).tolist() == [2.5, 1.0]


def _cost(gradients_NU: np.ndarray, kept_U: np.ndarray) -> float:
    return float(np.square(gradients_NU[:, ~kept_U].sum(1)).mean())


def test_of_two_units_that_say_the_same_one_stays() -> None:
    said = RNG.normal(size=(500, 1))
    others = RNG.normal(size=(500, 2)) * 1.2
    gradients_NU = np.hstack([said, said, others])  # each of the pair looks least
    searched = kept_units([importance_of(gradients_NU)], 0.5)[0]
    assert searched.tolist() == [False, False, True, True]
    kept, exchanges = rearranged(gradients_NU, searched)
    assert exchanges == 1 and kept.sum() == 2 and kept[:2].sum() == 1


@pytest.mark.parametrize("seed", range(5))
def test_an_exchange_never_costs_and_comes_near_the_best_choice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gradients_NU = (
        rng.normal(size=(200, 3)) @ rng.normal(size=(3, 8)) + rng.normal(size=(200, 8)) / 5
    )
    searched = kept_units([importance_of(gradients_NU)], 0.5)[0]
    kept, _ = rearranged(gradients_NU, searched)
    best = min(
        _cost(gradients_NU, ~np.isin(np.arange(8), gone)) for gone in combinations(range(8), 4)
    )
    assert kept.sum() == 4
    assert best <= _cost(gradients_NU, kept) <= _cost(gradients_NU, searched)
    assert _cost(gradients_NU, kept) <= 3 * best


def test_nothing_is_exchanged_where_all_or_none_stays() -> None:
    gradients_NU = RNG.normal(size=(20, 4))
    for all_or_none in (np.ones(4, bool), np.zeros(4, bool)):
        kept, exchanges = rearranged(gradients_NU, all_or_none)
        assert exchanges == 0 and (kept == all_or_none).all()
