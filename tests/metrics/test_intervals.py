import numpy as np
import pytest
from sklearn.metrics import f1_score

from emoray.metrics.cuts import decide
from emoray.metrics.intervals import macro_f1_intervals, macro_f1_resampled, resample_weights
from emoray.metrics.scores import score_many
from tests.metrics.made import Decisions, made


@pytest.mark.parametrize("ties", [None, 2])
def test_every_resample_scores_as_its_texts_repeated(ties: int | None) -> None:
    logits_NK, labels_NK = made(60, 4, seed=12, ties=ties)
    labels_NK[:, 0] = 0
    labels_NK[7, 0] = 1  # absent from a third of the resamples
    cuts_RK = np.vstack([np.full(4, c) for c in (-np.inf, -2, -1, -1, 0, np.inf)] + [logits_NK[3]])
    weights_BN = resample_weights(60, resamples=15, seed=1)
    macro_f1_RB = macro_f1_resampled(logits_NK, labels_NK, cuts_RK, weights_BN)
    for b, weights_N in enumerate(weights_BN):
        drawn = np.repeat(np.arange(60), weights_N.astype(int))
        for r, cuts_K in enumerate(cuts_RK):
            decided = decide(logits_NK[drawn], cuts_K)
            f1 = f1_score(labels_NK[drawn], decided, average="macro", zero_division=0)
            assert macro_f1_RB[r, b] == pytest.approx(f1, abs=1e-6)


def test_bounds_are_the_percentiles_of_the_resamples(smooth: Decisions) -> None:
    cuts_RK = np.vstack([np.full(6, -1.0), np.full(6, 0.0)])
    weights_BN = resample_weights(300, resamples=200)
    low_R, high_R = macro_f1_intervals(*smooth, cuts_RK, weights_BN, level=0.9)
    resampled_RB = macro_f1_resampled(*smooth, cuts_RK, weights_BN)
    assert low_R == pytest.approx(np.percentile(resampled_RB, 5, axis=1))
    assert high_R == pytest.approx(np.percentile(resampled_RB, 95, axis=1))
    plain_R = score_many(*smooth, cuts_RK).macro_f1_R
    assert ((low_R < plain_R) & (plain_R < high_R)).all()


def test_drawing_every_text_once_gives_the_plain_score(tied: Decisions) -> None:
    cuts_RK = np.random.default_rng(0).normal(-1, 1, (20, 6))
    once = macro_f1_resampled(*tied, cuts_RK, np.ones((1, 300), dtype=np.uint8))
    assert once[:, 0] == pytest.approx(score_many(*tied, cuts_RK).macro_f1_R, abs=1e-6)


def test_resamples_draw_as_many_texts_as_there_are() -> None:
    weights_BN = resample_weights(50, resamples=400, seed=2)
    assert weights_BN.shape == (400, 50)
    assert (weights_BN.sum(axis=1) == 50).all()
    assert weights_BN.var() == pytest.approx(1 - 1 / 50, rel=0.05)
    assert (weights_BN == resample_weights(50, resamples=400, seed=2)).all()
    assert (weights_BN != resample_weights(50, resamples=400, seed=3)).any()


@pytest.mark.parametrize(("texts", "resamples"), [(0, 5), (5, 0)])
def test_nothing_to_draw_is_refused(texts: int, resamples: int) -> None:
    with pytest.raises(ValueError, match="at least one text and one resample, got"):
        resample_weights(texts, resamples=resamples)


def test_weights_of_other_texts_are_refused(smooth: Decisions) -> None:
    with pytest.raises(ValueError, match=r"resamples x 300 texts, got shape \(10, 299\)"):
        macro_f1_intervals(*smooth, np.zeros((1, 6)), resample_weights(299, resamples=10))


def test_negative_weights_are_refused(smooth: Decisions) -> None:
    with pytest.raises(ValueError, match="at least 0, got -1"):
        macro_f1_intervals(*smooth, np.zeros((1, 6)), np.full((2, 300), -1))


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_that_is_no_share_is_refused(level: float, smooth: Decisions) -> None:
    with pytest.raises(ValueError, match=r"level is a share in \(0, 1\), got"):
        macro_f1_intervals(*smooth, np.zeros((1, 6)), np.ones((1, 300)), level=level)
