import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from emoray.metrics.calibration import brier, ece, label_ece, nll, reliability
from emoray.metrics.cuts import probabilities
from tests.metrics.made import Decisions


def defined_ece(probs: np.ndarray, labels: np.ndarray, bins: int) -> float:
    """Guo et al. 2017, equation 3, bin by bin."""
    total = 0.0
    for m in range(bins):
        inside = (probs > m / bins) & (probs <= (m + 1) / bins)
        if m == 0:
            inside |= probs == 0
        if inside.any():
            total += inside.sum() * abs(labels[inside].mean() - probs[inside].mean())
    return total / probs.size


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_ece_follows_its_definition(bins: int, smooth: Decisions) -> None:
    probs_NK, labels_NK = probabilities(smooth[0].astype(np.float64)), smooth[1]
    assert ece(probs_NK, labels_NK, bins) == pytest.approx(defined_ece(probs_NK, labels_NK, bins))
    for k, own in enumerate(label_ece(probs_NK, labels_NK, bins)):
        defined = defined_ece(probs_NK[:, k], labels_NK[:, k], bins)
        assert own == pytest.approx(defined)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=20))
def test_probabilities_on_the_edges_fall_into_the_bin_below(edges: list[float]) -> None:
    probs_NK = np.array(edges)[:, None]
    labels_NK = np.arange(len(edges))[:, None] % 2
    assert ece(probs_NK, labels_NK, 4) == pytest.approx(defined_ece(probs_NK, labels_NK, 4))


def test_certainty_that_comes_true_has_no_error_and_one_that_never_does_has_all() -> None:
    labels_NK = np.eye(3)
    assert (ece(labels_NK, labels_NK), brier(labels_NK, labels_NK)) == (0, 0)
    assert (ece(1 - labels_NK, labels_NK), brier(1 - labels_NK, labels_NK)) == (1, 1)


def test_reliability_is_scikit_learns_curve_and_adds_up_to_ece(smooth: Decisions) -> None:
    probs_NK, labels_NK = probabilities(smooth[0].astype(np.float64)), smooth[1]
    seen = reliability(probs_NK, labels_NK)
    filled = seen.count_M > 0
    frequency, confidence = calibration_curve(labels_NK.ravel(), probs_NK.ravel(), n_bins=15)
    assert seen.frequency_M[filled] == pytest.approx(frequency)
    assert seen.confidence_M[filled] == pytest.approx(confidence)
    assert seen.count_M.sum() == probs_NK.size
    gap_M = np.abs(seen.frequency_M - seen.confidence_M)
    assert ece(probs_NK, labels_NK) == pytest.approx(np.average(gap_M, weights=seen.count_M))


def test_brier_and_nll_are_scikit_learns(smooth: Decisions) -> None:
    logits_NK, labels_NK = smooth[0].astype(np.float64), smooth[1]
    probs_NK = probabilities(logits_NK, 1.7)
    flat = labels_NK.ravel(), probs_NK.ravel()
    assert brier(probs_NK, labels_NK) == pytest.approx(brier_score_loss(*flat))
    assert nll(logits_NK, labels_NK, 1.7) == pytest.approx(log_loss(*flat))


def test_nll_stays_finite_where_probabilities_round_to_0_and_1() -> None:
    assert nll(np.array([[1000.0], [-1000.0]]), np.array([[0], [0]])) == 500


def test_logits_given_as_probabilities_are_refused(smooth: Decisions) -> None:
    for verb in (ece, label_ece, brier, reliability):
        with pytest.raises(ValueError, match=r"lie in \[0, 1\], got .* apply the sigmoid"):
            verb(*smooth)


def test_labels_that_do_not_fit_the_probabilities_are_refused() -> None:
    with pytest.raises(ValueError, match=r"labels \(2, 3\) and probabilities \(3, 3\)"):
        ece(np.eye(3), np.eye(3)[:2])
    with pytest.raises(ValueError, match="must be 0 or 1, got 2"):
        ece(np.eye(3), 2 * np.eye(3))


def test_probabilities_that_are_no_matrix_are_refused() -> None:
    with pytest.raises(ValueError, match=r"texts x labels .* got shape \(0, 3\)"):
        brier(np.zeros((0, 3)), np.zeros((0, 3)))


def test_fewer_than_one_bin_is_refused() -> None:
    with pytest.raises(ValueError, match="bins must be at least 1, got 0"):
        ece(np.eye(3), np.eye(3), bins=0)
