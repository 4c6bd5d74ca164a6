import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from emoray.export.matmul import Activation, PerRow, multiply
from emoray.export.weights import store
from emoray.export.writer import Writer
from emoray.quant.affine import affine_between
from emoray.quant.granularity import PerChannel, PerGroup, PerTensor
from emoray.quant.scheme import QuantScheme

INPUTS, OUTPUTS = 203, 28
GRAINS = (PerTensor(), PerChannel(-1), PerChannel(0), PerGroup(32, 0), PerGroup(24, 0))
SCHEMES = [
    QuantScheme(bits=bits, symmetric=symmetric, grain=grain)
    for bits in (2, 3, 4, 6, 8)
    for symmetric in (True, False)
    for grain in GRAINS
]
INTEGER_SCHEMES = [s for s in SCHEMES if s.grain in (PerTensor(), PerChannel(-1))]
RNG = np.random.default_rng(7)
KERNEL = RNG.normal(scale=0.2, size=(INPUTS, OUTPUTS)).astype(np.float32)
BIAS = RNG.normal(size=OUTPUTS).astype(np.float32)
ROWS = RNG.normal(size=(5, INPUTS)).astype(np.float32) * np.array([[1], [30], [0], [1e-3], [2]])
ROWS = ROWS.astype(np.float32)


def product(
    scheme: QuantScheme | None,
    activation: Activation = None,
    rows: np.ndarray = ROWS,
    kernel: np.ndarray = KERNEL,
    bias: np.ndarray | None = BIAS,
) -> tuple[np.ndarray, str]:
    """The product as onnxruntime computes it, and what it says of its execution."""
    writer = Writer()
    stored = None if scheme is None else store(kernel, scheme)
    value, how = multiply(writer, "rows", kernel, stored, activation=activation, bias_O=bias)
    model = writer.model({value: rows.ndim})
    shape = [None] * (rows.ndim - 1) + [rows.shape[-1]]
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("rows", TensorProto.FLOAT, shape))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, {"rows": rows})[0], how


def weights(scheme: QuantScheme) -> np.ndarray:
    return store(KERNEL, scheme).quantized.dequantize().astype(np.float64)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_weights_alone_are_multiplied_as_they_dequantize(scheme: QuantScheme) -> None:
    found, how = product(scheme)
    expected = ROWS @ weights(scheme) + BIAS
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-4)
    permits = scheme.bits == 4 and scheme.grain not in (PerChannel(0), PerGroup(24, 0))
    assert how == ("4-bit kernels" if permits else "dequantized")


def rounded_by_row(rows: np.ndarray, nonnegative: bool) -> np.ndarray:
    top = np.abs(rows).max(-1, keepdims=True)
    scale = np.where(top == 0, 1, top) / (255 if nonnegative else 127)
    return np.rint(rows / scale) * scale


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("scheme", INTEGER_SCHEMES, ids=str)
def test_integer_products_round_each_row_by_its_own_range(
    scheme: QuantScheme, nonnegative: bool
) -> None:
    rows = np.abs(ROWS) if nonnegative else ROWS
    found, how = product(scheme, PerRow(nonnegative), rows)
    expected = rounded_by_row(rows.astype(np.float64), nonnegative) @ weights(scheme) + BIAS
    # a value on a half may round either way, which moves a product by one step of that row
    steps = np.abs(rows).max(-1, keepdims=True) / (255 if nonnegative else 127)
    assert (np.abs(found - expected) <= 1e-5 + steps * np.abs(weights(scheme)).max()).all()
    assert np.median(np.abs(found - expected)) < 1e-5
    assert how == "integer"


def test_a_row_of_zeros_gives_the_bias() -> None:
    found, _ = product(QuantScheme(grain=PerChannel(-1)), PerRow(nonnegative=False))
    assert np.array_equal(found[2], BIAS)


def test_integer_products_of_a_row_do_not_depend_on_its_neighbours() -> None:
    scheme = QuantScheme(grain=PerChannel(-1))
    together, _ = product(scheme, PerRow(nonnegative=False))
    alone = [product(scheme, PerRow(nonnegative=False), row[None])[0][0] for row in ROWS]
    assert np.array_equal(together, alone)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("scheme", INTEGER_SCHEMES, ids=str)
def test_static_ranges_clip_and_round_activations(scheme: QuantScheme, symmetric: bool) -> None:
    chosen = affine_between(-2.0, 3.0, symmetric=symmetric)
    found, how = product(scheme, chosen)
    low = -128 if symmetric else 0
    codes = np.rint(ROWS.astype(np.float64) / chosen.scale) + chosen.zero_point
    steps = np.clip(codes, low, low + 255) - chosen.zero_point
    expected = steps * chosen.scale @ weights(scheme) + BIAS
    assert np.abs(found - expected).max() <= chosen.scale * np.abs(weights(scheme)).max() + 1e-5
    assert np.median(np.abs(found - expected)) < 1e-5
    assert how == "integer"


def test_the_greatest_codes_do_not_saturate() -> None:
    """The worst case of 16-bit sums: every activation and every weight at its end."""
    kernel, rows = np.ones((64, 4), np.float32), np.ones((1, 64), np.float32)
    bias = np.zeros(4, np.float32)
    found, _ = product(QuantScheme(), PerRow(nonnegative=True), rows, kernel, bias)
    assert np.allclose(found, 64, rtol=1e-6)


def test_a_product_over_words_may_have_three_axes() -> None:
    rows = ROWS[None, :4]
    for scheme, activation in (
        (QuantScheme(grain=PerChannel(-1)), PerRow(nonnegative=False)),
        (QuantScheme(bits=4, grain=PerGroup(32, 0)), None),
        (QuantScheme(bits=3), None),
        (None, None),
    ):
        found, _ = product(scheme, activation, rows, bias=None)
        flat, _ = product(scheme, activation, rows[0], bias=None)
        assert found.shape == (1, 4, OUTPUTS) and np.allclose(found[0], flat, atol=1e-5)
