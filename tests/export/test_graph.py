from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest

from emoray.artifact.scoring import logits, scoring_session
from emoray.export.calibrate import static_ranges
from emoray.export.graph import Built, build_graph
from emoray.export.kernels import Ranges
from emoray.quant.catalogue import quick_schemes
from emoray.quant.granularity import PerChannel
from emoray.quant.scheme import FLOAT, Dynamic, ModelScheme, QuantScheme, Static, WeightOnly
from tests.export.made import KINDS, Rounding, forward, network, operators, rebuilt, texts

SCHEMES = tuple(quick_schemes().values())
NET, TEXTS = network(), texts()


@cache
def built(scheme: ModelScheme) -> Built:
    return build_graph(NET, scheme, static_ranges(NET, TEXTS, scheme))


@pytest.mark.parametrize("pools", [*((kind,) for kind in KINDS), KINDS], ids="+".join)
@pytest.mark.parametrize("hidden", [(), (32,), (16, 8)], ids=str)
def test_a_float_model_computes_what_numpy_does(
    pools: tuple[str, ...], hidden: tuple[int, ...]
) -> None:
    net = network(pools, hidden)
    assert np.allclose(logits(build_graph(net).file, TEXTS), forward(net, TEXTS), atol=1e-5)


def by_row(name: str, rows: np.ndarray) -> np.ndarray:
    """Activations as Dynamic rounds them; after a ReLU in 255 steps, else in 127 to either side.

    In float32 and in the graph's own order, so that values on a half go the same way.
    """
    rows = rows.astype(np.float32)
    top = np.abs(rows).max(-1, keepdims=True)
    step = top * np.float32(1 / (255 if name == "head" else 127))
    moved = rows if name == "head" else rows + top
    codes = np.rint(moved / np.where(step == 0, 1, step))
    return (codes if name == "head" else codes - 127) * step


def by_ranges(ranges: Ranges) -> Rounding:
    def rounded(name: str, rows: np.ndarray) -> np.ndarray:
        alpha, beta = ranges[name]
        step = (beta - alpha) / 255
        zero = np.clip(np.rint(-alpha / step), 0, 255)
        return (np.clip(np.rint(rows / step) + zero, 0, 255) - zero) * step

    return rounded


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_quantized_model_computes_what_numpy_does_with_dequantized_weights(
    scheme: ModelScheme,
) -> None:
    found_NK = logits(built(scheme).file, TEXTS)
    same = rebuilt(NET, scheme)
    match scheme.activations:
        case WeightOnly():
            assert np.abs(found_NK - forward(same, TEXTS)).max() < 1e-4
            return
        case Dynamic():
            expected_NK = forward(same, TEXTS, by_row)
        case Static():
            expected_NK = forward(same, TEXTS, by_ranges(static_ranges(NET, TEXTS, scheme)))
    # an activation on a half may round either way: one step of 1/127 of its row's top
    assert np.abs(found_NK - expected_NK).max() < 0.02
    assert np.median(np.abs(found_NK - expected_NK)) < 1e-5


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_text_scores_the_same_alone_and_in_a_padded_batch(scheme: ModelScheme) -> None:
    file = built(scheme).file
    session = scoring_session(file)
    together_NK = session.run(None, {"ids": TEXTS.padded(np.arange(len(TEXTS)))})[0]
    alone_NK = np.concatenate(
        [session.run(None, {"ids": TEXTS.row(i)[None]})[0] for i in range(len(TEXTS))]
    )
    assert np.array_equal(together_NK > 0, alone_NK > 0)
    exact = isinstance(scheme.activations, WeightOnly)
    assert np.abs(together_NK - alone_NK).max() < (1e-5 if exact else 1e-2)
    assert np.median(np.abs(together_NK - alone_NK)) < 1e-6


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_execution_says_what_onnxruntime_runs(scheme: ModelScheme, tmp_path: Path) -> None:
    model = built(scheme)
    ran = operators(model.file, tmp_path)
    executions = {layer.name: layer.execution for layer in model.layers}
    products = [how for name, how in executions.items() if name != "embedding"]
    assert ran.count("MatMulInteger") == products.count("integer")
    assert ran.count("MatMulNBits") == products.count("4-bit kernels")
    floats = sum(ran.count(op) for op in ("MatMul", "Gemm", "FusedGemm", "FusedMatMul"))
    assert floats == products.count("float") + products.count("dequantized")
    assert ("GatherBlockQuantized" in ran) == (executions["embedding"] == "4-bit kernels")
    # what only unpacks weights is gone once a session has started
    assert not {"BitShift", "BitwiseOr", "BitwiseAnd", "Expand"} & set(ran)
    assert ran.count("DequantizeLinear") <= 1


@pytest.mark.parametrize(
    ("scheme", "execution"),
    [
        (FLOAT, "float"),
        (ModelScheme(embedding=QuantScheme()), "mixed: dequantized embedding, float products"),
        (ModelScheme(dense=QuantScheme(), activations=Dynamic()), "integer"),
        (ModelScheme(dense=QuantScheme(bits=4)), "4-bit kernels"),
        (ModelScheme(dense=QuantScheme(bits=3)), "dequantized"),
        (
            ModelScheme(dense=QuantScheme(), activations=Dynamic(), keep_float=("head",)),
            "mixed: float, integer",
        ),
    ],
    ids=str,
)
def test_a_model_is_summed_up_by_its_products(scheme: ModelScheme, execution: str) -> None:
    assert build_graph(NET, scheme).execution == execution


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_model_is_valid_onnx_without_needless_words(scheme: ModelScheme) -> None:
    model = built(scheme).model
    assert not model.producer_name and not model.doc_string
    assert not any(node.name or node.doc_string for node in model.graph.node)
    if all(node.domain == "" for node in model.graph.node):
        onnx.checker.check_model(model, full_check=True)


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_file_is_little_more_than_its_tensors(scheme: ModelScheme) -> None:
    model = built(scheme)
    biases = sum(bias.nbytes for bias in NET.biases().values())
    tensors = sum(layer.stored_bytes for layer in model.layers)
    assert tensors + biases < len(model.file) < tensors + biases + 5000
    assert model.embedding_bytes == model.layers[0].stored_bytes


def test_ekman_fits_in_300_kilobytes() -> None:
    """8,000 words of 50 dimensions in 4 bits; 60 KB are left for the vocabulary."""
    net = network(pools=("mean", "max", "attention", "conv"), hidden=(64,), words=8000)
    embedding = QuantScheme(bits=4, grain=PerChannel(0))
    dense = QuantScheme(bits=8, grain=PerChannel(-1))
    scheme = ModelScheme(dense=dense, embedding=embedding, activations=Dynamic())
    assert len(build_graph(net, scheme).file) < 240_000


def test_the_same_network_gives_the_same_bytes() -> None:
    scheme = SCHEMES[8]
    assert build_graph(network(), scheme).file == built(scheme).file


def test_layers_hold_every_tensor_and_those_left_float_say_so() -> None:
    scheme = ModelScheme(dense=QuantScheme(bits=8), keep_float=("head",))
    layers = {layer.name: layer for layer in build_graph(NET, scheme).layers}
    assert list(layers) == list(NET.weights())
    assert layers["head"].scheme is None and layers["head"].facts.bits == 32
    assert layers["dense0"].scheme == scheme.dense and layers["dense0"].facts.bits == 8
    assert layers["dense0"].stored_bytes < layers["dense0"].facts.bytes_before / 3.9


def test_static_activations_without_ranges_are_refused() -> None:
    scheme = ModelScheme(dense=QuantScheme(), activations=Static())
    with pytest.raises(ValueError, match=r"need a range for every product, got none for \['dense0"):
        build_graph(NET, scheme)


def test_a_weight_to_keep_float_must_exist() -> None:
    scheme = ModelScheme(dense=QuantScheme(), keep_float=("dense7",))
    with pytest.raises(
        ValueError, match=r"keep_float names weights of the network, got \['dense7'"
    ):
        build_graph(NET, scheme)
