import numpy as np
import pytest

from emoray.quant import prediction
from emoray.quant.affine import affine_for
from emoray.quant.granularity import Grain, PerChannel, PerGroup, PerTensor
from emoray.quant.prediction import emphasis, predicted_error, predicted_errors
from emoray.quant.ranges import LeastError, MinMax
from emoray.quant.scheme import QuantScheme
from tests.quant.oracles import output_error


@pytest.fixture
def kernel_IO() -> np.ndarray:
    return np.random.default_rng(0).standard_t(4, size=(70, 24)).astype(np.float32)


@pytest.fixture
def weights_I1() -> np.ndarray:
    return emphasis(np.random.default_rng(1).exponential(size=70) ** 2)


@pytest.mark.parametrize("grain", [PerTensor(), PerChannel(-1), PerChannel(0), PerGroup(32, 0)])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_error_predicted_is_that_of_the_map(
    kernel_IO: np.ndarray, weights_I1: np.ndarray, grain: Grain, symmetric: bool, weighted: bool
) -> None:
    scheme = QuantScheme(bits=4, symmetric=symmetric, grain=grain, ranges=LeastError())
    weights = weights_I1 if weighted else None
    expected = output_error(kernel_IO, affine_for(kernel_IO, scheme, weights), weights)
    assert predicted_error(kernel_IO, scheme, weights) == pytest.approx(expected, rel=1e-4)


def test_uncorrelated_inputs_err_as_predicted(kernel_IO: np.ndarray) -> None:
    """The diagonal of the Hessian is all of it when E[x xᵀ] is diagonal."""
    random = np.random.default_rng(2)
    deviations_I = random.exponential(size=70)
    x_RI = random.normal(size=(40_000, 70)) * deviations_I
    scheme = QuantScheme(bits=4, grain=PerChannel(-1))
    chosen = affine_for(kernel_IO, scheme)
    error_RO = x_RI @ (chosen.dequantize(chosen.quantize(kernel_IO)) - kernel_IO)
    measured = np.square(error_RO).sum() / np.square(x_RI @ kernel_IO).sum()
    predicted = output_error(kernel_IO, chosen, np.square(deviations_I)[:, None])
    assert measured == pytest.approx(predicted, rel=0.03)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("symmetric", [True, False])
def test_weighing_the_search_never_errs_more_than_min_max(
    kernel_IO: np.ndarray, weights_I1: np.ndarray, bits: int, symmetric: bool
) -> None:
    weighted, plain = (
        predicted_error(
            kernel_IO,
            QuantScheme(bits=bits, symmetric=symmetric, grain=PerChannel(-1), ranges=ranges),
            weights_I1,
        )
        for ranges in (LeastError(), MinMax())
    )
    assert weighted <= plain * (1 + 1e-6)


def test_a_loud_input_keeps_its_weights_whole(kernel_IO: np.ndarray) -> None:
    kernel_IO[0] = 30  # far outside the rest
    scheme = QuantScheme(bits=3, grain=PerChannel(-1), ranges=LeastError())
    quiet, loud = np.full((2, 70), 1.0)
    quiet[0], loud[0] = 0.0, 1000.0
    clipped = affine_for(kernel_IO, scheme, emphasis(quiet))
    spared = affine_for(kernel_IO, scheme, emphasis(loud))
    assert (clipped.beta < 15).all()
    assert (spared.beta > 25).all()


def test_many_values_are_predicted_from_every_nth_slice(
    kernel_IO: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = QuantScheme(bits=4, grain=PerChannel(0), ranges=LeastError())
    monkeypatch.setattr(prediction, "LIMIT", kernel_IO.size // 2)
    assert predicted_error(kernel_IO, scheme) == predicted_error(kernel_IO[::2], scheme)


def test_silent_inputs_keep_a_little_weight() -> None:
    found_I1 = emphasis(np.array([0.0, 1.0, 3.0, 0.0]))
    assert found_I1[:, 0] == pytest.approx([0.01, 1.0, 3.0, 0.01])
    assert (emphasis(np.zeros(5)) == 1).all()


def test_a_zero_weight_errs_nothing() -> None:
    zeros = np.zeros((4, 3), np.float32)
    scheme = QuantScheme(bits=2, grain=PerChannel(-1), ranges=LeastError())
    assert predicted_error(zeros, scheme) == 0.0
    assert output_error(zeros, affine_for(zeros, scheme), np.ones((4, 1))) == 0.0


@pytest.mark.parametrize("moments", [np.array([1.0, -1.0]), np.ones((2, 2))], ids=["sign", "rank"])
def test_moments_are_squares_one_for_each_input(moments: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"moments are E\[x²\] of every input, not negative, got"):
        emphasis(moments)


def test_what_was_measured_is_not_measured_again(
    kernel_IO: np.ndarray, weights_I1: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemes = [QuantScheme(bits=bits, grain=PerChannel(-1)) for bits in (4, 8)]
    plain = predicted_errors(kernel_IO, schemes)
    weighted = predicted_errors(kernel_IO, schemes, weights_I1)
    assert plain == [predicted_error(kernel_IO, scheme) for scheme in schemes]
    assert weighted == [predicted_error(kernel_IO, scheme, weights_I1) for scheme in schemes]
    monkeypatch.delattr(prediction, "predicted_error")
    assert predicted_errors(kernel_IO.copy(), schemes) == plain
    assert predicted_errors(kernel_IO, schemes, weights_I1) == weighted
    with pytest.raises(NameError):
        predicted_errors(kernel_IO + 1, schemes)


def test_the_memory_of_measurements_has_an_end(
    kernel_IO: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "_known", {})
    monkeypatch.setattr(prediction, "MOST_KNOWN", 3)
    for shift in range(9):
        predicted_errors(kernel_IO + shift, [QuantScheme()])
        assert len(prediction._known) <= 4
