from itertools import pairwise

import numpy as np
import pytest

from emoray.quant.entropy import BINS, STRIDE, _best_ratio, entropy_threshold


def divergence(counts_H: np.ndarray, kept: int, levels: int) -> float:
    """KL(P || Q) bin by bin, as Migacz (2017) writes it, outliers in the last filled bin."""
    p_H = counts_H[:kept].astype(float)
    q_H = np.zeros(kept)
    edges = np.linspace(0, kept, levels + 1).astype(int)
    for start, stop in pairwise(edges):
        held = p_H[start:stop] > 0
        q_H[start:stop][held] = p_H[start:stop].sum() / max(held.sum(), 1)
    p_H[np.flatnonzero(p_H)[-1]] += counts_H[kept:].sum()
    p_H, q_H = p_H / p_H.sum(), q_H / q_H.sum()
    held = p_H > 0
    return float((p_H[held] * np.log(p_H[held] / q_H[held])).sum())


@pytest.mark.parametrize("levels", [2, 8, 16, 128])
def test_the_threshold_has_the_least_divergence_of_the_definition(levels: int) -> None:
    magnitudes_M = np.abs(np.random.default_rng(levels).standard_t(3, 5000))
    counts_H, _ = np.histogram(magnitudes_M, bins=BINS, range=(0, magnitudes_M.max()))
    candidates = np.arange(BINS, max(levels, STRIDE) - 1, -STRIDE)
    best = candidates[np.argmin([divergence(counts_H, int(kept), levels) for kept in candidates])]
    assert _best_ratio(counts_H[None], levels)[0] * BINS == best


@pytest.mark.parametrize("levels", [8, 128])
def test_outliers_far_from_a_gaussian_are_clipped(levels: int) -> None:
    magnitudes_M = np.abs(np.random.default_rng(0).normal(size=20_000))
    magnitudes_M[:3] = 60.0
    (threshold,) = entropy_threshold(magnitudes_M[None], levels)
    assert 2.0 < threshold < 6.0


def test_a_uniform_distribution_keeps_its_range() -> None:
    magnitudes_M = np.random.default_rng(0).random(100_000)
    (threshold,) = entropy_threshold(magnitudes_M[None], 128)
    assert threshold > 0.95


def test_exact_zeros_move_no_threshold() -> None:
    random = np.random.default_rng(0)
    magnitudes_M = np.abs(random.normal(size=4000))
    with_zeros_M = np.concatenate([magnitudes_M, np.zeros(30_000)])
    assert entropy_threshold(with_zeros_M[None], 16) == entropy_threshold(magnitudes_M[None], 16)


def test_each_long_slice_has_its_own_threshold_in_its_own_unit() -> None:
    magnitudes_M = np.abs(np.random.default_rng(0).standard_t(3, size=3000))
    together_S = entropy_threshold(np.stack([magnitudes_M, 8 * magnitudes_M]), 16)
    np.testing.assert_allclose(together_S, entropy_threshold(magnitudes_M[None], 16) * [1, 8])


def test_many_long_slices_are_worked_through_in_parts() -> None:
    magnitudes_M = np.abs(np.random.default_rng(0).standard_t(3, size=1024))
    many_S = entropy_threshold(np.tile(magnitudes_M, (300, 1)), 4)
    np.testing.assert_array_equal(many_S, entropy_threshold(magnitudes_M[None], 4)[0])


def test_short_slices_pool_their_shape_and_keep_their_size() -> None:
    sizes_S = np.geomspace(0.01, 10, 500)
    magnitudes_SM = np.abs(np.random.default_rng(0).standard_t(3, size=(500, 50)))
    threshold_S = entropy_threshold(magnitudes_SM * sizes_S[:, None], 8)
    largest_S = magnitudes_SM.max(axis=1) * sizes_S
    clipped_S = threshold_S < largest_S
    assert 0.02 < clipped_S.mean() < 0.98
    assert (threshold_S <= largest_S).all()
    in_rms_S = threshold_S / sizes_S / np.sqrt(np.square(magnitudes_SM).mean(axis=1))
    assert in_rms_S[clipped_S].std() < 1e-9


def test_too_few_values_for_any_histogram_are_not_clipped() -> None:
    magnitudes_SM = np.abs(np.random.default_rng(0).standard_t(3, size=(10, 20)))
    np.testing.assert_array_equal(entropy_threshold(magnitudes_SM, 8), magnitudes_SM.max(axis=1))
