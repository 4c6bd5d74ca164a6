"""How members are weighed: useless ones lose their weight, greedy never loses to its best."""

from itertools import pairwise

import numpy as np
import pytest

from emoray.decide.crossfit import cross_fitted_macro_f1, cross_fitted_scores
from emoray.decide.ensemble import MeanLogits, MeanProbabilities, combine
from emoray.decide.temperature import fit_temperature
from emoray.decide.thresholds import PerLabel
from emoray.decide.weighing import (
    FittedWeights,
    Greedy,
    MeanOf,
    Weighing,
    cross_fitted_ensemble,
)
from emoray.metrics.calibration import nll
from tests.metrics.made import Decisions, made

FITTED: tuple[Weighing, ...] = (
    FittedWeights(MeanLogits()),
    FittedWeights(MeanProbabilities()),
    Greedy(rounds=6),
    Greedy(rounds=6, of=MeanLogits()),
)
EVERY: tuple[Weighing, ...] = (MeanOf(MeanLogits()), MeanOf(MeanProbabilities()), *FITTED)
DECISION = [(PerLabel(), 1.0)]


@pytest.fixture(scope="module")
def dev() -> Decisions:
    """Two members of a kind and one that knows nothing; labels."""
    logits_NK, labels_NK = made(1500, 5, seed=4)
    rng = np.random.default_rng(5)
    good = [logits_NK + rng.normal(scale=1.0, size=logits_NK.shape) for _ in range(2)]
    random_NK = rng.normal(scale=2.0, size=logits_NK.shape)
    return np.stack([*good, random_NK]).astype(np.float32), labels_NK


@pytest.mark.parametrize("weighing", EVERY, ids=str)
def test_weights_are_shares_of_one(weighing: Weighing, dev: Decisions) -> None:
    weights_M = weighing.weights(*dev)
    assert weights_M.shape == (3,) and (weights_M >= 0).all()
    assert weights_M.sum() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("averaging", [MeanLogits(), MeanProbabilities()], ids=str)
def test_a_member_that_knows_nothing_gets_next_to_no_weight(
    averaging: MeanLogits | MeanProbabilities, dev: Decisions
) -> None:
    weights_M = FittedWeights(averaging).weights(*dev)
    assert weights_M[2] < 0.03
    np.testing.assert_allclose(weights_M[:2], [0.5, 0.5], atol=0.1)


@pytest.mark.parametrize("averaging", [MeanLogits(), MeanProbabilities()], ids=str)
def test_no_other_weights_have_less_loss(
    averaging: MeanLogits | MeanProbabilities, dev: Decisions
) -> None:
    logits_MNK, labels_NK = dev

    def loss(weights_M: np.ndarray) -> float:
        averaged_NK = combine(averaging, logits_MNK, weights_M)
        scale = fit_temperature(averaged_NK, labels_NK) if isinstance(averaging, MeanLogits) else 1
        return nll(averaged_NK, labels_NK, scale)

    fitted_M = FittedWeights(averaging).weights(logits_MNK, labels_NK)
    others = np.random.default_rng(0).dirichlet(np.ones(3), size=40)
    assert loss(fitted_M) <= min(loss(weights_M) for weights_M in others) + 1e-4


def test_weights_follow_their_members_whatever_the_order(dev: Decisions) -> None:
    logits_MNK, labels_NK = dev
    order = [2, 0, 1]
    for weighing in FITTED:
        one = weighing.weights(logits_MNK, labels_NK)
        other = weighing.weights(logits_MNK[order], labels_NK)
        np.testing.assert_allclose(other, one[order], atol=2e-3)


def test_a_member_with_sharp_logits_is_not_taken_for_a_silent_one(dev: Decisions) -> None:
    logits_MNK, labels_NK = dev
    plain_M = FittedWeights().weights(logits_MNK, labels_NK)
    sharp_MNK = logits_MNK * np.array([300.0, 1.0, 1.0])[:, None, None]
    sharp_M = FittedWeights().weights(sharp_MNK, labels_NK)
    assert 0 < sharp_M[0] < 0.005
    wanted = plain_M / [300, 1, 1]
    np.testing.assert_allclose(sharp_M, wanted / wanted.sum(), atol=2e-3)


def test_members_worse_than_nothing_are_taken_alike() -> None:
    logits_NK, labels_NK = made(300, 4, seed=6)
    against_MNK = np.stack([-logits_NK, -logits_NK])
    weights_M = FittedWeights(MeanLogits()).weights(against_MNK, labels_NK)
    np.testing.assert_allclose(weights_M, [0.5, 0.5])


def test_greedy_is_at_least_its_best_single_on_dev(dev: Decisions) -> None:
    logits_MNK, labels_NK = dev
    best = max(cross_fitted_macro_f1(PerLabel(), z_NK, labels_NK) for z_NK in logits_MNK)
    for rounds in (1, 2, 5):
        weighing = Greedy(rounds=rounds, of=MeanLogits())
        averaged_NK = combine(weighing.of, logits_MNK, weighing.weights(logits_MNK, labels_NK))
        assert cross_fitted_macro_f1(PerLabel(), averaged_NK, labels_NK) >= best - 1e-12


def test_greedy_starts_with_the_best_and_more_rounds_never_score_lower(dev: Decisions) -> None:
    logits_MNK, labels_NK = dev
    taken, scores = Greedy(rounds=6).growth(logits_MNK, labels_NK)
    alone = [cross_fitted_macro_f1(PerLabel(), z_NK, labels_NK) for z_NK in logits_MNK]
    assert taken[0] == int(np.argmax(alone))
    best = [max(scores[: rounds + 1]) for rounds in range(6)]
    assert all(before <= after for before, after in pairwise(best))


def test_greedy_takes_equal_members_once(dev: Decisions) -> None:
    logits_MNK, labels_NK = dev
    twins_MNK = np.stack([logits_MNK[0], logits_MNK[0]])
    np.testing.assert_array_equal(Greedy(rounds=4).weights(twins_MNK, labels_NK), [1, 0])


def test_greedy_bears_a_label_that_no_text_has(dev: Decisions) -> None:
    logits_MNK, labels_NK = dev
    without_NK = labels_NK.copy()
    without_NK[:, 1] = 0
    assert Greedy(rounds=2).weights(logits_MNK, without_NK).sum() == pytest.approx(1)


def test_greedy_of_no_round_is_refused() -> None:
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0: one takes the best"):
        Greedy(rounds=0)


def test_logits_of_one_matrix_are_refused(smooth: Decisions) -> None:
    with pytest.raises(ValueError, match=r"logits of members x texts x labels, got shape \(300, 6"):
        FittedWeights().weights(*smooth)


def test_a_mean_is_scored_as_the_one_model_that_it_is(dev: Decisions) -> None:
    logits_MNK, labels_NK = dev
    found = cross_fitted_ensemble(MeanOf(), DECISION, logits_MNK, labels_NK)
    averaged_NK = combine(MeanLogits(), logits_MNK, np.full(3, 1 / 3))
    wanted = cross_fitted_scores(DECISION, averaged_NK, labels_NK)
    assert found.macro_f1_R == pytest.approx(wanted.macro_f1_R)


def test_choosing_among_noise_does_not_flatter_the_dev_score() -> None:
    _, labels_NK = made(250, 4, seed=8)
    rng = np.random.default_rng(9)
    noise_MNK = rng.normal(size=(24, *labels_NK.shape)).astype(np.float32)
    weighing = Greedy(rounds=4)
    _, scores = weighing.growth(noise_MNK, labels_NK)
    honest = cross_fitted_ensemble(weighing, DECISION, noise_MNK, labels_NK).macro_f1_R[0]
    assert max(scores) > honest + 0.03
