"""Laws of the splits that are made, over corpora of all sizes and label counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoray.data.importing.splitting import SHARES, stratified


@st.composite
def corpora(draw: st.DrawFn) -> tuple[np.ndarray, list[int]]:
    """labels_NK with some texts of no label, and which texts are equal."""
    texts, labels = draw(st.integers(30, 300)), draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels_NK = (rng.random((texts, labels)) < rng.uniform(0.02, 0.6, labels)).astype(np.uint8)
    copies = draw(st.integers(0, texts // 5))
    groups = list(range(texts))
    groups[:copies] = [texts] * copies
    return labels_NK, groups


@given(made=corpora(), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_splits_are_whole_disjoint_seeded_and_keep_equal_texts_together(
    made: tuple[np.ndarray, list[int]], seed: int
) -> None:
    labels_NK, groups = made
    part_N = stratified(labels_NK, groups, seed=seed)
    assert part_N.shape == (len(groups),) and set(part_N.tolist()) <= {0, 1, 2}
    assert (part_N == stratified(labels_NK, groups, seed=seed)).all()
    assert len({part for part, g in zip(part_N, groups, strict=True) if g == len(groups)}) <= 1


@given(made=corpora(), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_every_label_of_enough_texts_is_in_every_split_by_its_share(
    made: tuple[np.ndarray, list[int]], seed: int
) -> None:
    labels_NK, _ = made
    part_N = stratified(labels_NK, range(len(labels_NK)), seed=seed)
    for k in np.flatnonzero(labels_NK.sum(axis=0) >= 6):
        count_S = np.bincount(part_N[labels_NK[:, k] == 1], minlength=3)
        assert (count_S > 0).all()
        wanted_S = np.array(SHARES) * count_S.sum()
        assert (np.abs(count_S - wanted_S) <= 3 + 0.1 * count_S.sum()).all()


def test_other_seeds_make_other_splits() -> None:
    labels_NK = np.eye(4, dtype=np.uint8)[np.arange(200) % 4]
    one, other = (stratified(labels_NK, range(200), seed=seed) for seed in (0, 1))
    assert (one != other).any()


def test_rare_labels_are_nearer_to_their_share_than_by_chance() -> None:
    rng = np.random.default_rng(0)
    labels_NK = (rng.random((4000, 12)) < np.geomspace(0.005, 0.4, 12)).astype(np.uint8)
    part_N = stratified(labels_NK, range(4000))
    drawn_N = rng.choice(3, size=4000, p=SHARES)

    def off(parts_N: np.ndarray) -> float:
        in_test_K = labels_NK[parts_N == 2].sum(axis=0) / labels_NK.sum(axis=0)
        return float(np.abs(in_test_K - 0.1).max())

    assert off(part_N) < 0.02 < off(drawn_N)
    np.testing.assert_allclose(np.bincount(part_N) / 4000, SHARES, atol=0.005)


def test_a_label_of_three_texts_is_in_all_three_splits() -> None:
    labels_NK = np.zeros((90, 3), dtype=np.uint8)
    labels_NK[:, 0] = 1
    labels_NK[:3, 1] = labels_NK[1:4, 2] = 1
    part_N = stratified(labels_NK, range(90))
    assert sorted(part_N[:3]) == [0, 1, 2] and sorted(part_N[1:4]) == [0, 1, 2]


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.6), (1.1, -0.1)])
def test_shares_that_are_none_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="sum to 1, got"):
        stratified(np.ones((9, 2)), range(9), shares=shares)
