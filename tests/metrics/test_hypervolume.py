"""The hypervolume against its definition: the share of random points that some trial dominates."""

import numpy as np
import pytest

from emoray.metrics.hypervolume import hypervolume, hypervolumes_so_far, unit_costs


def test_a_point_covers_the_box_up_to_the_reference() -> None:
    assert hypervolume(np.array([[0.25, 0.5]])) == pytest.approx(0.75 * 0.5)
    assert hypervolume(np.array([[0.2], [0.4]])) == pytest.approx(0.8)


def test_what_two_points_share_counts_once() -> None:
    assert hypervolume(np.array([[0.5, 0.0], [0.0, 0.5]])) == pytest.approx(0.75)


def test_points_at_or_beyond_the_reference_cover_nothing() -> None:
    assert hypervolume(np.array([[1.0, 0.0], [0.0, 1.5]])) == 0.0
    assert hypervolume(np.zeros((0, 2))) == 0.0


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_it_is_the_share_of_the_box_that_is_dominated(objectives: int) -> None:
    rng = np.random.default_rng(objectives)
    costs_TK = rng.random((12, objectives))
    drawn_SK = rng.random((200_000, objectives))
    covered_S = (costs_TK[:, None] <= drawn_SK).all(axis=2).any(axis=0)
    assert hypervolume(costs_TK) == pytest.approx(covered_S.mean(), abs=0.005)


def test_it_never_falls_and_ends_at_that_of_all_trials() -> None:
    costs_TK = np.random.default_rng(0).random((30, 2))
    costs_TK[4] = np.nan
    so_far_T = hypervolumes_so_far(costs_TK)
    assert (np.diff(so_far_T) >= 0).all() and so_far_T[4] == so_far_T[3]
    whole_TK = costs_TK[~np.isnan(costs_TK).any(axis=1)]
    assert so_far_T[-1] == pytest.approx(hypervolume(whole_TK))
    assert so_far_T[10] == pytest.approx(hypervolume(np.delete(costs_TK[:11], 4, axis=0)))


def test_the_best_of_an_objective_costs_nothing_and_the_worst_one() -> None:
    values_TK = np.array([[0.4, 100.0], [0.6, 300.0], [np.nan, np.nan]])
    scaled_TK = unit_costs(values_TK, np.array([True, False]))
    assert scaled_TK[:2].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert (unit_costs(np.ones((3, 1)), np.array([True])) == 0.0).all()
