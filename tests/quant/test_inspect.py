import numpy as np
import pytest
from scipy import stats

from emoray.quant.affine import quantize
from emoray.quant.granularity import Grain, PerChannel, PerGroup, PerTensor
from emoray.quant.inspect import bytes_of, bytes_under, explain, kurtosis, sqnr_db
from emoray.quant.packing import pack
from emoray.quant.ranges import Percentile
from emoray.quant.scheme import QuantScheme


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).standard_t(5, size=(200, 51)).astype(np.float32)


def test_the_facts_of_a_clipped_tensor_are_those_of_its_definition(values: np.ndarray) -> None:
    scheme = QuantScheme(bits=8, ranges=Percentile(99))
    made = quantize(values, scheme)
    facts = explain(values, made)
    assert (facts.shape, facts.slices, facts.bits, facts.zero_point) == ((200, 51), 1, 8, 0)
    assert facts.beta == -facts.alpha == pytest.approx(np.percentile(np.abs(values), 99))
    assert facts.scale == pytest.approx(facts.beta / 127)
    assert facts.share_clipped == pytest.approx(0.01, abs=2e-4)
    assert (facts.bytes_before, facts.bytes_after) == (200 * 51 * 4, 200 * 51 + 4)
    assert facts.counts.sum() == values.size
    assert (facts.edges[0], facts.edges[-1]) == (values.min(), values.max())


def test_many_slices_show_their_outermost_ends_and_median_scale(values: np.ndarray) -> None:
    made = quantize(values, QuantScheme(symmetric=False, grain=PerChannel(0)))
    facts = explain(values, made)
    assert facts.slices == 200
    assert (facts.alpha, facts.beta) == (values.min(), values.max())
    assert facts.scale == np.median(made.map.scale)
    assert facts.share_clipped == 0


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("symmetric", [True, False])
def test_bytes_after_are_those_of_the_packed_planes(
    bits: int, symmetric: bool, values: np.ndarray
) -> None:
    made = quantize(values, QuantScheme(bits=bits, symmetric=symmetric, grain=PerChannel(0)))
    codes, zero_point = made.unsigned()
    packed = sum(plane.nbytes for plane in pack(codes, bits))
    assert bytes_of(made) == packed + 4 * 200 + (0 if symmetric else zero_point.nbytes)


def test_kurtosis_is_scipys(values: np.ndarray) -> None:
    assert kurtosis(values) == pytest.approx(stats.kurtosis(values, axis=None), rel=1e-4)
    assert kurtosis(1e30 * values) == pytest.approx(kurtosis(values), rel=1e-4)
    assert kurtosis(np.full(9, 0.1, np.float32)) == 0


def test_eight_bits_of_a_uniform_tensor_give_about_48_decibels() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, size=(100, 100))
    made = quantize(values, QuantScheme(symmetric=False))
    assert explain(values, made).sqnr_db == pytest.approx(6.02 * 8, abs=0.3)


def test_signal_to_noise_without_noise_or_signal_is_infinite() -> None:
    assert sqnr_db(np.ones(3), np.ones(3)) == np.inf
    assert sqnr_db(np.zeros(3), np.ones(3)) == -np.inf
    zeros = np.zeros((4, 4), np.float32)
    assert explain(zeros, quantize(zeros, QuantScheme())).sqnr_db == np.inf


@pytest.mark.parametrize(
    "grain", [PerTensor(), PerChannel(-1), PerChannel(0), PerGroup(32), PerGroup(16, -1)], ids=str
)
@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("symmetric", [True, False])
def test_bytes_are_known_before_quantizing(
    values: np.ndarray, grain: Grain, bits: int, symmetric: bool
) -> None:
    scheme = QuantScheme(bits=bits, symmetric=symmetric, grain=grain)
    assert bytes_under(values.shape, scheme) == bytes_of(quantize(values, scheme))
