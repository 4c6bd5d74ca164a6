"""Every loss against its definition, in every library that it is computed with.

Shapes: N texts, K labels.
"""

import emoray.models.word.tensorflow_process  # noqa: F401

# isort: split
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
import torch

from emoray.models.losses import BCE, NUMPY, Asymmetric, Focal, Loss, WeightedBCE
from emoray.models.outcome import unweighted
from emoray.models.training import torch_ops
from emoray.models.word.keras_training import TENSORFLOW
from emoray.models.word.recipe import GloveRecipe
from tests.models.word.made import WIDTH, WORDS, trained

LOSSES: tuple[Loss, ...] = (
    BCE(),
    WeightedBCE(),
    WeightedBCE(1.0),
    Focal(),
    Focal(gamma=0.0, alpha=0.25),
    Focal(gamma=1.5, alpha=0.9),
    Asymmetric(),
    Asymmetric(gamma_neg=4.0, gamma_pos=1.0, margin=0.2),
    Asymmetric(gamma_neg=3.0, gamma_pos=0.0, margin=0.0),
    Asymmetric(gamma_neg=0.0, gamma_pos=0.0, margin=0.1),
)
Library = Callable[[Loss, np.ndarray, np.ndarray], list[np.ndarray]]
TORCH = torch_ops(torch.device("cpu"))
PRIOR_K = np.array([0.02, 0.3, 0.5, 0.8])
RANDOM = np.random.default_rng(0)
LOGITS_NK = RANDOM.normal(scale=4, size=(40, 4))
TARGETS_NK = (RANDOM.random((40, 4)) < PRIOR_K).astype(np.float64)


def by_definition(loss: Loss, logits_NK: np.ndarray, targets_NK: np.ndarray) -> np.ndarray:
    """The papers' formulas, in probabilities."""
    p = 1 / (1 + np.exp(-logits_NK))
    positive, negative = -np.log(p), -np.log(1 - p)
    match loss:
        case WeightedBCE(power=power):
            positive *= ((1 - PRIOR_K) / PRIOR_K) ** power
        case Focal(gamma=gamma, alpha=alpha):
            positive *= alpha * (1 - p) ** gamma
            negative *= (1 - alpha) * p**gamma
        case Asymmetric(gamma_neg=gamma_neg, gamma_pos=gamma_pos, margin=margin):
            positive *= (1 - p) ** gamma_pos
            shifted = np.maximum(p - margin, 0)
            negative = -(shifted**gamma_neg) * np.log(1 - shifted)
    return np.where(targets_NK == 1, positive, negative)


def in_torch(loss: Loss, logits_NK: np.ndarray, targets_NK: np.ndarray) -> list[np.ndarray]:
    """Values and the gradient of their sum."""
    logits = torch.tensor(logits_NK, dtype=torch.float32, requires_grad=True)
    found = loss.of(logits, torch.tensor(targets_NK, dtype=torch.float32), PRIOR_K, TORCH)
    found.sum().backward()
    assert logits.grad is not None
    return [found.detach().numpy(), logits.grad.numpy()]


def in_tensorflow(loss: Loss, logits_NK: np.ndarray, targets_NK: np.ndarray) -> list[np.ndarray]:
    """Values and the gradient of their sum."""
    logits = tf.constant(logits_NK, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        found = loss.of(logits, tf.constant(targets_NK, tf.float32), PRIOR_K, TENSORFLOW)
        total = tf.reduce_sum(found)
    return [found.numpy(), tape.gradient(total, logits).numpy()]


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_a_loss_is_what_its_paper_says(loss: Loss) -> None:
    found_NK = loss.of(LOGITS_NK, TARGETS_NK, PRIOR_K, NUMPY)
    np.testing.assert_allclose(
        found_NK, by_definition(loss, LOGITS_NK, TARGETS_NK), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("library", [in_torch, in_tensorflow])
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_libraries_give_the_same_values_and_the_slope_of_the_definition(
    loss: Loss, library: Library
) -> None:
    margin = getattr(loss, "margin", 0.0)
    logits_NK = LOGITS_NK.copy()
    if margin:  # away from the corner, where no slope is defined
        corner = np.log(margin / (1 - margin))
        logits_NK[abs(logits_NK - corner) < 1e-2] += 0.1
    values_NK, slopes_NK = library(loss, logits_NK, TARGETS_NK)
    np.testing.assert_allclose(
        values_NK, by_definition(loss, logits_NK, TARGETS_NK), rtol=3e-5, atol=1e-6
    )
    step = 1e-4
    up, down = (by_definition(loss, logits_NK + s, TARGETS_NK) for s in (step, -step))
    np.testing.assert_allclose(slopes_NK, (up - down) / (2 * step), rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("library", [in_torch, in_tensorflow])
@pytest.mark.parametrize(
    "loss", [*LOSSES, Asymmetric(margin=1e-9), Asymmetric(gamma_neg=1.0)], ids=str
)
def test_huge_logits_have_finite_losses_and_slopes(loss: Loss, library: Library) -> None:
    huge_N4 = np.repeat([[60.0], [-60.0], [0.0], [500.0], [-500.0]], 4, axis=1)
    for target in (0.0, 1.0):
        targets_N4 = np.full(huge_N4.shape, target)
        assert np.isfinite(loss.of(huge_N4, targets_N4, PRIOR_K, NUMPY)).all()
        for found in library(loss, huge_N4, targets_N4):
            assert np.isfinite(found).all()


def test_losses_whose_factors_are_off_are_binary_cross_entropy() -> None:
    wanted_NK = BCE().of(LOGITS_NK, TARGETS_NK, PRIOR_K, NUMPY)
    plain = Asymmetric(gamma_neg=0.0, gamma_pos=0.0, margin=0.0)
    even = Focal(gamma=0.0, alpha=0.5)
    np.testing.assert_allclose(plain.of(LOGITS_NK, TARGETS_NK, PRIOR_K, NUMPY), wanted_NK)
    np.testing.assert_allclose(2 * even.of(LOGITS_NK, TARGETS_NK, PRIOR_K, NUMPY), wanted_NK)


def test_full_weights_balance_the_terms_of_every_label() -> None:
    weights_K = WeightedBCE(1.0).positive_weights(PRIOR_K)
    np.testing.assert_allclose(weights_K * PRIOR_K, 1 - PRIOR_K)
    assert (WeightedBCE(0.4).positive_weights(PRIOR_K) <= np.maximum(weights_K, 1)).all()


@pytest.mark.parametrize(
    "loss", [BCE(), WeightedBCE(), WeightedBCE(1.0), Focal(gamma=0.0, alpha=0.9)], ids=str
)
def test_the_least_loss_without_its_weights_is_the_share_of_each_label(loss: Loss) -> None:
    grid = np.linspace(-8, 8, 16001)[:, None] + np.zeros(4)
    expected = PRIOR_K * loss.of(grid, np.ones_like(grid), PRIOR_K, NUMPY)
    expected += (1 - PRIOR_K) * loss.of(grid, np.zeros_like(grid), PRIOR_K, NUMPY)
    best_K = np.take_along_axis(grid, expected.argmin(0)[None], 0)[0]
    honest_K = 1 / (1 + np.exp(-unweighted(loss, best_K, PRIOR_K)))
    np.testing.assert_allclose(honest_K, PRIOR_K, atol=1e-3)


# The other two train in test_training.
@pytest.mark.parametrize("loss", [Focal(), Asymmetric()], ids=str)
def test_word_vectors_train_with_a_fading_loss(loss: Loss) -> None:
    recipe = GloveRecipe(
        embedding_dim=WIDTH,
        vocabulary=WORDS - 2,
        hidden_units=6,
        epochs=3,
        batch_size=32,
        learning_rate=0.03,
        loss=loss,
    )
    reports = trained(recipe).reports
    assert reports[-1].train_loss < reports[0].train_loss
    assert reports[-1].dev_loss < reports[0].dev_loss


def test_a_loss_says_its_numbers_in_few_letters() -> None:
    assert [str(loss) for loss in LOSSES[:5]] == [
        "bce",
        "weighted_bce0.4",
        "weighted_bce1",
        "focal2a0.5",
        "focal0a0.25",
    ]
    assert str(Asymmetric()) == "asymmetric2-0m0.05"
    assert len({str(loss) for loss in LOSSES}) == len(LOSSES)


REFUSED = {
    "power must lie in (0, 1], got 0: BCE() weighs nothing": lambda: WeightedBCE(0),
    "power must lie in (0, 1], got 1.2": lambda: WeightedBCE(1.2),
    "power must lie in (0, 1], got nan": lambda: WeightedBCE(np.nan),
    "gamma must be at least 0, got -1: 0 fades nothing": lambda: Focal(gamma=-1),
    "gamma must be at least 0, got nan": lambda: Focal(gamma=np.nan),
    "alpha must lie in (0, 1), got 1: 0.5 weighs both alike": lambda: Focal(alpha=1),
    "alpha must lie in (0, 1), got 0:": lambda: Focal(alpha=0),
    "gamma_neg must be 0 or at least 1, got 0.5: 0 fades": lambda: Asymmetric(gamma_neg=0.5),
    "gamma_neg must be 0 or at least 1, got nan": lambda: Asymmetric(gamma_neg=np.nan),
    "gamma_pos must be 0 or at least 1, got -2: 0 fades": lambda: Asymmetric(gamma_pos=-2),
    "margin must lie in [0, 1), got 1: 0 drops nothing": lambda: Asymmetric(margin=1),
    "margin must lie in [0, 1), got -0.1": lambda: Asymmetric(margin=-0.1),
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_loss_refuses_numbers_that_make_none(words: str) -> None:
    with pytest.raises(ValueError) as refused:
        REFUSED[words]()
    assert words in str(refused.value)
