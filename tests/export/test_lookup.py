from functools import cache

import numpy as np
import onnxruntime
import pytest

from emoray.export.lookup import look_up
from emoray.export.weights import store
from emoray.export.writer import Writer
from emoray.quant.granularity import PerChannel, PerGroup, PerTensor
from emoray.quant.scheme import QuantScheme

SCHEMES = [
    QuantScheme(bits=bits, symmetric=symmetric, grain=grain)
    for bits in range(2, 9)
    for symmetric in (True, False)
    for grain in (PerTensor(), PerChannel(0), PerChannel(-1), PerGroup(16, -1), PerGroup(7, -1))
]
IDS = np.array([[1, 299, 7, 0], [5, 0, 0, 0]], np.int32)


def table(width: int = 51) -> np.ndarray:
    values = np.random.default_rng(5).normal(scale=0.4, size=(300, width)).astype(np.float32)
    values[0] = 0
    return values


def looked_up(values: np.ndarray, scheme: QuantScheme | None) -> tuple[np.ndarray, str]:
    writer = Writer()
    stored = None if scheme is None else store(values, scheme)
    vectors, how = look_up(writer, "ids", values, stored)
    session = onnxruntime.InferenceSession(writer.model({vectors: 3}).SerializeToString())
    return session.run(None, {"ids": IDS})[0], how


@cache
def of_table(scheme: QuantScheme) -> tuple[np.ndarray, str]:
    return looked_up(table(), scheme)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_looked_up_vector_is_the_dequantized_row(scheme: QuantScheme) -> None:
    vectors_NLD, _ = of_table(scheme)
    expected = store(table(), scheme).quantized.dequantize()[IDS]
    assert np.allclose(vectors_NLD, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_padding_is_exactly_zero(scheme: QuantScheme) -> None:
    vectors_NLD, _ = of_table(scheme)
    assert not vectors_NLD[IDS == 0].any()


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_four_bit_kernels_run_where_the_grain_permits(scheme: QuantScheme) -> None:
    _, how = of_table(scheme)
    fits = scheme.bits == 4 and scheme.grain != PerGroup(7, -1)
    assert how == ("4-bit kernels" if fits else "dequantized")


def test_a_float_table_is_read_as_it_is() -> None:
    values = table()
    vectors_NLD, how = looked_up(values, None)
    assert np.array_equal(vectors_NLD, values[IDS]) and how == "float"


def test_groups_across_words_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"groups run along a word's vector, .* PerGroup\(16, axis=-1"
    ):
        looked_up(table(), QuantScheme(grain=PerGroup(16, 0)))
