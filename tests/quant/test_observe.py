import numpy as np
import pytest

from emoray.quant.observe import Observer
from emoray.quant.ranges import Entropy, LeastError, MinMax, Percentile, Ranges

RANGES = [MinMax(), Percentile(99.5), LeastError(), Entropy()]


@pytest.fixture
def activations_NM() -> np.ndarray:
    return np.maximum(np.random.default_rng(0).normal(size=(400, 30)), -0.5).astype(np.float32)


@pytest.mark.parametrize("ranges", RANGES, ids=str)
@pytest.mark.parametrize("symmetric", [True, False])
def test_batches_give_the_range_of_the_whole(
    ranges: Ranges, symmetric: bool, activations_NM: np.ndarray
) -> None:
    observer = Observer()
    for batch in np.split(activations_NM, [7, 100, 399]):
        observer.watch(batch)
    alpha_1, beta_1 = ranges.of(activations_NM.reshape(1, -1), symmetric, 8)
    assert observer.seen == activations_NM.size
    assert observer.range(ranges, symmetric=symmetric) == (alpha_1[0], beta_1[0])


def test_beyond_its_limit_an_observer_keeps_a_fair_sample_and_both_extremes(
    activations_NM: np.ndarray,
) -> None:
    activations_NM[0, 0], activations_NM[-1, -1] = -3.0, 70.0
    observer = Observer(limit=4000)
    observer.watch(activations_NM)
    assert observer.range(MinMax()) == (-3.0, 70.0)
    _, beta = observer.range(Percentile(90))
    assert beta == pytest.approx(np.percentile(activations_NM, 90), rel=0.1)


def test_the_sample_does_not_depend_on_the_batches(activations_NM: np.ndarray) -> None:
    whole, pieces = Observer(limit=500), Observer(limit=500)
    whole.watch(activations_NM)
    for batch in np.split(activations_NM, 16):
        pieces.watch(batch)
    assert whole.range(Percentile(97)) == pieces.range(Percentile(97))


def test_an_observed_map_quantizes_new_activations(activations_NM: np.ndarray) -> None:
    observer = Observer()
    observer.watch(activations_NM)
    chosen = observer.affine(MinMax())
    rebuilt = chosen.dequantize(chosen.quantize(activations_NM[:3]))
    assert np.abs(rebuilt - activations_NM[:3]).max() <= 0.501 * chosen.scale


def test_without_data_there_is_no_static_range() -> None:
    with pytest.raises(ValueError, match="needs calibration data, got none: watch a batch first"):
        Observer().range(MinMax())


def test_an_observer_refuses_nan_and_a_limit_below_one() -> None:
    with pytest.raises(ValueError, match="is finite in float32, got 1 NaN or Inf of 2"):
        Observer().watch(np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="keeps at least one value, got limit=0"):
        Observer(limit=0)
