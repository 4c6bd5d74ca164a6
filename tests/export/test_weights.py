import numpy as np
import onnxruntime
import pytest

from emoray.export.weights import dequantized, store
from emoray.export.writer import Writer
from emoray.quant.affine import quantize
from emoray.quant.granularity import PerChannel, PerGroup, PerTensor
from emoray.quant.scheme import QuantScheme

SCHEMES = [
    QuantScheme(bits=bits, symmetric=symmetric, grain=grain)
    for bits in range(2, 9)
    for symmetric in (True, False)
    for grain in (PerTensor(), PerChannel(-1), PerChannel(0), PerGroup(16, 0), PerGroup(8, -1))
]


def values(*shape: int, scale: float = 0.3) -> np.ndarray:
    return np.random.default_rng(3).normal(scale=scale, size=shape).astype(np.float32)


def computed(writer: Writer, value: str) -> np.ndarray:
    """What onnxruntime makes of a value that reads constants only."""
    model = writer.model({value: 2})
    model.graph.input.pop()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {})[0]


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_graph_unpacks_exactly_what_quant_dequantizes(scheme: QuantScheme) -> None:
    stored = store(values(50, 21), scheme)
    writer = Writer()
    graph = computed(writer, dequantized(writer, stored))
    assert np.array_equal(graph, stored.quantized.dequantize())


@pytest.mark.parametrize("bits", range(2, 9))
def test_codes_take_no_more_than_their_bits(bits: int) -> None:
    writer = Writer()
    stored = store(values(64, 64), QuantScheme(bits=bits))
    dequantized(writer, stored)
    assert 64 * 64 * bits / 8 <= writer.stored_bytes() <= 64 * 64 * bits / 8 + 100


def test_float16_scales_lose_less_than_a_hundredth_of_the_quantization_error() -> None:
    scheme = QuantScheme(bits=4, grain=PerChannel(0))
    weights = values(400, 50)
    stored = store(weights, scheme)
    assert stored.half
    ours = np.square(stored.quantized.dequantize() - weights).sum()
    exact = np.square(quantize(weights, scheme).dequantize() - weights).sum()
    assert ours == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize("scale", [1e-7, 1e9])
def test_scales_beyond_float16_stay_float32(scale: float) -> None:
    stored = store(values(400, 50, scale=scale), QuantScheme(grain=PerChannel(0)))
    assert not stored.half
    assert np.isfinite(stored.quantized.dequantize()).all()


def test_a_few_scales_are_not_worth_a_cast() -> None:
    assert not store(values(50, 7), QuantScheme(grain=PerChannel(-1))).half
