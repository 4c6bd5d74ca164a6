import numpy as np
import pytest

from emoray.metrics import bootstrap
from emoray.metrics.bootstrap import (
    RESAMPLES,
    draw_counts,
    strata_of,
    stratified_weights,
    symmetric_interval,
    usual_weights,
)


def few_and_many() -> np.ndarray:
    """400 texts: six of a rare label, some with a common one too, 30 without any."""
    labels_NK = np.zeros((400, 3), np.uint8)
    labels_NK[:6, 0] = 1
    labels_NK[:250, 1] = 1
    labels_NK[240:370, 2] = 1
    return labels_NK


def test_a_text_belongs_to_its_rarest_label() -> None:
    stratum_N = strata_of(few_and_many())
    assert np.bincount(stratum_N).tolist() == [6, 234, 130, 30]


def test_of_equally_rare_labels_the_first_counts() -> None:
    assert strata_of(np.array([[0, 1, 1], [0, 0, 0], [1, 1, 1], [1, 0, 0]])).tolist() == [
        1,
        3,
        0,
        0,
    ]


def test_every_resample_keeps_the_size_of_every_stratum() -> None:
    labels_NK = few_and_many()
    weights_BN, stratum_N = stratified_weights(labels_NK, resamples=300), strata_of(labels_NK)
    assert (weights_BN.sum(axis=1) == 400).all()
    for stratum, size in enumerate(np.bincount(stratum_N)):
        assert (weights_BN[:, stratum_N == stratum].sum(axis=1) == size).all()


def test_a_label_of_six_texts_never_vanishes() -> None:
    labels_NK = few_and_many()
    assert (stratified_weights(labels_NK, resamples=2000) @ labels_NK[:, 0] == 6).all()


@pytest.mark.parametrize("size", [2, 3, 4, 6, 40])
def test_a_draw_varies_by_one_however_small_its_stratum(size: int) -> None:
    labels_NK = np.zeros((size, 1), np.uint8)
    weights_BN = stratified_weights(labels_NK, resamples=8000, seed=1)
    assert weights_BN.mean(axis=0) == pytest.approx(1, abs=0.06)
    assert weights_BN.var(axis=0).mean() == pytest.approx(1, rel=0.05)


def test_a_text_alone_in_its_stratum_is_drawn_once() -> None:
    labels_NK = np.array([[1, 0], [0, 1], [0, 1]])
    assert (stratified_weights(labels_NK, resamples=50)[:, 0] == 1).all()


def test_a_seed_names_its_resamples() -> None:
    one, again, other = (stratified_weights(few_and_many(), resamples=9, seed=s) for s in (4, 4, 5))
    assert (one == again).all() and (one != other).any()


def test_what_has_no_strata_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least one of each, got shape \(0, 3\)"):
        stratified_weights(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="labels must be 0 or 1, got 2"):
        stratified_weights(np.full((3, 3), 2))
    with pytest.raises(ValueError, match="at least one resample, got 0"):
        stratified_weights(few_and_many(), resamples=0)


def test_usual_resamples_are_drawn_once_and_cannot_be_changed() -> None:
    labels_NK = few_and_many()
    weights_BN = usual_weights(labels_NK)
    assert weights_BN is usual_weights(labels_NK.astype(bool))
    assert (weights_BN == stratified_weights(labels_NK)).all() and len(weights_BN) == RESAMPLES
    with pytest.raises(ValueError, match="read-only"):
        weights_BN[0, 0] = 2


def test_many_texts_are_drawn_in_parts_of_the_same_law(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 100)
    counts_BS = draw_counts(np.random.default_rng(0), 40, 4000)
    assert (counts_BS.sum(axis=1) == 40).all()
    assert counts_BS.var(axis=0).mean() == pytest.approx(1, rel=0.05)


def test_an_interval_is_symmetric_and_holds_the_central_share() -> None:
    deviation_RB = np.random.default_rng(1).normal(size=(2, 2000)) + np.array([[0.0], [0.5]])
    low_R, high_R = symmetric_interval(np.array([1.0, 2.0]), deviation_RB, 0.9)
    assert low_R + high_R == pytest.approx([2.0, 4.0])
    reach_R = (high_R - low_R) / 2
    assert (np.abs(deviation_RB) <= reach_R[:, None]).mean(axis=1) == pytest.approx(0.9, abs=0.001)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_that_is_no_share_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=r"level is a share in \(0, 1\), got"):
        symmetric_interval(np.zeros(1), np.zeros((1, 3)), level)
