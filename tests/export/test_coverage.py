import pytest

from emoray.export.coverage import coverage
from emoray.export.encoder.calibrate import encoder_static_ranges
from emoray.export.encoder.layers import build_encoder as build_encoder
from emoray.export.graph import build_graph
from emoray.quant.granularity import PerChannel
from emoray.quant.scheme import Dynamic, ModelScheme, QuantScheme, Static
from tests.export.encoder.made import INNER, LABELS, WIDTH, encoder, texts
from tests.export.made import network

EIGHT = QuantScheme(grain=PerChannel(-1))
ROWS = QuantScheme(grain=PerChannel(0))
LAYER = 4 * WIDTH * WIDTH + 2 * WIDTH * INNER


def test_a_float_model_covers_nothing_and_says_so() -> None:
    found = coverage(build_encoder(encoder()))
    assert found.quantized_bytes_share == found.integer_products_share == 0
    assert "14 tensors: float32: kept float by the scheme" in str(found)


def test_every_product_but_attention_is_integer_under_a_full_scheme() -> None:
    net = encoder()
    scheme = ModelScheme(dense=EIGHT, embedding=ROWS, activations=Static())
    built = build_encoder(net, scheme, encoder_static_ranges(net, texts(), scheme))
    found = coverage(built, tokens=10)
    dense = 10 * 2 * LAYER + WIDTH * LABELS
    attention = 2 * 2 * 10 * 10 * WIDTH
    assert found.integer_products_share == pytest.approx(dense / (dense + attention))
    assert found.quantized_bytes_share > 0.8
    assert "attention scores: float by design" in str(found)
    assert "older x86 may saturate 8-bit weights" in str(found)


def test_what_a_scheme_keeps_float_is_named_with_its_reason() -> None:
    net = encoder()
    scheme = ModelScheme(dense=EIGHT, activations=Dynamic(), keep_float=("head",))
    found = coverage(build_encoder(net, scheme))
    assert "embedding, head: float32: kept float by the scheme" in str(found)
    assert "8-bit codes times 8-bit codes, summed in 32 bits: integer" in str(found)


def test_weights_without_a_kernel_are_named_with_their_width() -> None:
    found = coverage(build_encoder(encoder(), ModelScheme(dense=QuantScheme(bits=3))))
    assert found.integer_products_share == 0
    assert "3-bit codes that become float when a session starts: no kernel for int3" in str(found)


def test_word_networks_are_covered_too() -> None:
    scheme = ModelScheme(dense=EIGHT, embedding=ROWS, activations=Dynamic())
    found = coverage(build_graph(network(), scheme))
    assert found.integer_products_share == 1
    assert "embedding: 8-bit codes: rows become float when looked up" in str(found)
