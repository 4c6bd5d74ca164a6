import numpy as np

from emoray.quant.affine import affine_for
from emoray.quant.granularity import PerChannel
from emoray.quant.ranges import MinMax, Percentile
from emoray.quant.reasons import percent, reason
from emoray.quant.scheme import QuantScheme


def test_a_reason_tells_the_distribution_the_clip_the_bits_and_the_error() -> None:
    values = np.tile(np.arange(-50, 51, dtype=np.float32)[:, None], (1, 4))
    values[:, 3] *= 3
    half = QuantScheme(bits=4, grain=PerChannel(-1), ranges=Percentile(50.5))
    line = reason(values, affine_for(values, half), 0.008)
    assert line.startswith("kurtosis ")
    assert "0 % beyond 6 sigma, ranges differ 3x: clips at 0.5" in line
    assert line.endswith("4 bits (error 0.8 %)")


def test_what_is_not_clipped_is_said_to_be_whole() -> None:
    values = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    values[:, 0] = 0
    for symmetric, kind in ((True, "8 bits ("), (False, "8 bits affine (")):
        scheme = QuantScheme(symmetric=symmetric, grain=PerChannel(-1), ranges=MinMax())
        line = reason(values, affine_for(values, scheme), 1e-5)
        assert "clips at 1.00 of max" in line and kind in line


def test_shares_are_read_in_percent() -> None:
    assert [percent(share) for share in (0.5, 0.0123, 0.00003)] == ["50 %", "1.2 %", "0.003 %"]
