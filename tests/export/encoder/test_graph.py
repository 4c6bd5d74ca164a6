from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from emoray.artifact.scoring import logits, scoring_session
from emoray.export.encoder.calibrate import encoder_static_ranges
from emoray.export.encoder.graph import wire_encoder
from emoray.export.encoder.layers import build_encoder
from emoray.export.encoder.network import Encoder
from emoray.export.graph import Built
from emoray.export.kernels import Ranges
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.weights import CheckpointSettings
from emoray.quant.affine import affine_for
from emoray.quant.granularity import PerChannel, PerGroup
from emoray.quant.ranges import Percentile
from emoray.quant.scheme import FLOAT, Dynamic, ModelScheme, QuantScheme, Static, WeightOnly
from tests.export.encoder.made import (
    HEADS,
    Rounding,
    by_torch,
    encoder,
    forward,
    rebuilt,
    settings,
    tensors,
    texts,
    thinner,
)
from tests.export.made import operators
from tests.metrics.made import margins
from tests.models.encoder.modern_made import as_deberta, as_modern

COLUMNS, ROWS = PerChannel(-1), PerChannel(0)
EIGHT, FOUR = QuantScheme(grain=COLUMNS), QuantScheme(bits=4, grain=COLUMNS)
TABLE = QuantScheme(grain=ROWS)
AFFINE = replace(EIGHT, symmetric=False)
STATIC, DYNAMIC = Static(), Dynamic()
SCHEMES = (
    FLOAT,
    ModelScheme(embedding=TABLE),
    ModelScheme(dense=EIGHT, embedding=TABLE),
    ModelScheme(dense=FOUR, embedding=QuantScheme(bits=4, grain=PerGroup(16, axis=-1))),
    ModelScheme(dense=QuantScheme(bits=3, symmetric=False, grain=PerGroup(16)), embedding=TABLE),
    *(
        ModelScheme(dense=dense, embedding=TABLE, activations=how)
        for dense in (EIGHT, FOUR, AFFINE, replace(AFFINE, bits=5), QuantScheme(bits=2))
        for how in (STATIC, DYNAMIC)
    ),
    ModelScheme(dense=EIGHT, activations=Static(ranges=Percentile(99.9), symmetric=True)),
    ModelScheme(dense=EIGHT, activations=STATIC, keep_float=("head", "layer0.key", "layer1.outer")),
    ModelScheme(
        dense=EIGHT, activations=DYNAMIC, own=(("layer0.inner", FOUR), ("layer1.query", None))
    ),
)
ENCODER, TEXTS = encoder(activation="relu"), texts()
BY_FIRST = encoder(activation="relu", pooling="cls")  # of whose last layer one token is read
THIN, THIN_BY_FIRST = (  # whose layers differ in width
    Encoder.from_tensors(
        thinner(tensors(), heads=(3, 1), inner=(48, 16)),
        settings(activation="relu", pooling=pooling),
    )
    for pooling in ("mean", "cls")
)
MODERN, MODERN_BY_FIRST = (
    Encoder.from_tensors(
        as_modern(tensors(), HEADS), settings(activation="relu", pooling=pooling, pre_norm=True)
    )
    for pooling in ("mean", "cls")
)
NETS = {"mean": ENCODER, "cls": BY_FIRST, "thin mean": THIN, "thin cls": THIN_BY_FIRST}


@cache
def built(scheme: ModelScheme, net: Encoder = ENCODER) -> Built:
    return build_encoder(net, scheme, encoder_static_ranges(net, TEXTS, scheme))


@pytest.mark.parametrize(
    ("rank", "pooler", "changed"),
    [
        (None, False, {}),
        (None, False, {"activation": "gelu_tanh", "pooling": "cls"}),
        (None, True, {"activation": "relu", "pooling": "cls", "pooler": "tanh"}),
        (8, True, {"pooler": "relu"}),
    ],
    ids=str,
)
def test_a_float_model_computes_what_torch_does(
    rank: int | None, pooler: bool, changed: dict[str, object]
) -> None:
    arrays, given = tensors(rank=rank, pooler=pooler), settings(**changed)
    model = build_encoder(Encoder.from_tensors(arrays, given))
    assert np.abs(logits(model.file, TEXTS) - by_torch(arrays, given, TEXTS)).max() < 1e-4


def by_module(arrays: dict[str, np.ndarray]) -> np.ndarray:
    module = EncoderClassifier(arrays, CheckpointSettings(**settings(softmax=True))).eval()
    with torch.inference_mode():
        rows = (torch.from_numpy(TEXTS.row(i).astype(np.int64))[None] for i in range(len(TEXTS)))
        return np.concatenate([module(row).numpy() for row in rows])


def test_a_head_for_one_label_a_text_gives_margins() -> None:
    arrays = tensors()
    wanted_NK = by_module(arrays)
    np.testing.assert_allclose(wanted_NK, margins(by_torch(arrays, settings(), TEXTS)), atol=1e-5)
    found_NK = logits(build_encoder(encoder(softmax=True)).file, TEXTS)
    assert np.abs(found_NK - wanted_NK).max() < 1e-4
    assert ((found_NK >= 0).sum(axis=1) == 1).all()


def test_of_labels_that_are_equally_probable_the_first_is_given() -> None:
    arrays = tensors()
    arrays["head.kernel"][:] = 0
    arrays["head.bias"][:] = [1, 0, 1, 0, 0, 1, 0]
    graph = build_encoder(Encoder.from_tensors(arrays, settings(softmax=True)))
    for found_NK in (by_module(arrays), logits(graph.file, TEXTS)):
        assert (found_NK >= 0).tolist() == [[True, *(6 * [False])]] * len(TEXTS)
        assert (np.minimum(found_NK, 0) > -1e-20)[:, [0, 2, 5]].all(), "as probable as the first"


def by_row(name: str, rows: np.ndarray) -> np.ndarray:
    """Activations as Dynamic rounds them: 127 steps to either side of each row."""
    rows = rows.astype(np.float32)
    top = np.abs(rows).max(-1, keepdims=True)
    step = top * np.float32(1 / 127)
    return (np.rint((rows + top) / np.where(step == 0, 1, step)) - 127) * step


def by_ranges(ranges: Ranges) -> Rounding:
    def rounded(name: str, rows: np.ndarray) -> np.ndarray:
        alpha, beta = ranges[name]
        step = (beta - alpha) / 255
        zero = np.clip(np.rint(-alpha / step), 0, 255)
        return (np.clip(np.rint(rows / step) + zero, 0, 255) - zero) * step

    return rounded


def rounding_of(scheme: ModelScheme, net: Encoder) -> Rounding:
    """What each product reads under a scheme."""
    ranges = encoder_static_ranges(net, TEXTS, scheme) or {}

    def rounded(name: str, rows: np.ndarray) -> np.ndarray:
        if scheme.of(name) is None or isinstance(scheme.activations, WeightOnly):
            return rows
        if isinstance(scheme.activations, Dynamic):
            return by_row(name, rows)
        if scheme.activations.symmetric:
            step = ranges[name][1] / 127
            return np.clip(np.rint(rows / step), -128, 127) * step
        return by_ranges(ranges)(name, rows)

    return rounded


@pytest.mark.parametrize("net", NETS.values(), ids=list(NETS))
@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_quantized_model_computes_what_numpy_does_with_dequantized_weights(
    scheme: ModelScheme, net: Encoder
) -> None:
    found_NK = logits(built(scheme, net).file, TEXTS)
    expected_NK = forward(net, TEXTS, rebuilt(net, scheme), rounding_of(scheme, net))
    if isinstance(scheme.activations, WeightOnly):
        assert np.abs(found_NK - expected_NK).max() < 1e-4
        return
    # an activation on a half may round either way, which later layers pass on
    assert np.abs(found_NK - expected_NK).max() < 0.05
    assert np.median(np.abs(found_NK - expected_NK)) < 1e-4


FAR, FAR_BY_FIRST = (
    Encoder.from_tensors(as_deberta(tensors()), settings(activation="relu", pooling=pooling))
    for pooling in ("mean", "cls")
)
FARS = {"distances mean": FAR, "distances cls": FAR_BY_FIRST}
MODERNS = {"modern mean": MODERN, "modern cls": MODERN_BY_FIRST}
EVERY = NETS | MODERNS | FARS


@pytest.mark.parametrize("net", EVERY.values(), ids=list(EVERY))
@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_text_scores_the_same_alone_and_in_a_padded_batch(
    scheme: ModelScheme, net: Encoder
) -> None:
    session = scoring_session(built(scheme, net).file)
    together_NK = session.run(None, {"ids": TEXTS.padded(np.arange(len(TEXTS)))})[0]
    alone_NK = np.concatenate(
        [session.run(None, {"ids": TEXTS.row(i)[None]})[0] for i in range(len(TEXTS))]
    )
    everything = all(scheme.of(name) is not None for name in ENCODER.biases())
    if isinstance(scheme.activations, Static) and everything:
        assert np.array_equal(together_NK, alone_NK)
    assert np.abs(together_NK - alone_NK).max() <= 1e-5


@pytest.mark.parametrize("branch", ["then_branch", "else_branch"])
@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_execution_says_what_onnxruntime_runs(
    scheme: ModelScheme, branch: str, tmp_path: Path
) -> None:
    model = built(scheme)
    ran = operators(model.file, tmp_path, branch)
    products = [layer.execution for layer in model.layers if layer.name != "embedding"]
    assert ran.count("MatMulIntegerToFloat") == products.count("integer")
    assert ran.count("MatMulNBits") == products.count("4-bit kernels")
    floats = sum(ran.count(op) for op in ("MatMul", "Gemm", "FusedGemm", "FusedMatMul"))
    assert floats == products.count("float") + products.count("dequantized")
    assert ran.count("Attention") == len(ENCODER.layers)
    # what only unpacks weights is gone once a session has started
    assert not {"BitShift", "BitwiseOr", "BitwiseAnd", "Transpose"} & set(ran)


def test_fused_nodes_that_onnxruntime_runs_slower_are_kept_apart(tmp_path: Path) -> None:
    net = encoder()
    for how in (WeightOnly(), DYNAMIC, STATIC):
        scheme = ModelScheme(dense=EIGHT, activations=how)
        ran = operators(
            build_encoder(net, scheme, encoder_static_ranges(net, TEXTS, scheme)).file, tmp_path
        )
        assert "Gelu" in ran and "LayerNormalization" in ran
        assert not {"SkipLayerNormalization", "BiasGelu"} & set(ran)


def test_of_the_last_layer_only_the_token_that_is_pooled_is_computed() -> None:
    """Other tokens' products would be numbers that nobody reads."""
    model = onnx.shape_inference.infer_shapes(
        wire_encoder(BY_FIRST, FLOAT, {}, packing=False).writer.model({"logits": 2})
    )
    axes = {value.name: len(value.type.tensor_type.shape.dim) for value in model.graph.value_info}
    products = [node for node in model.graph.node if node.op_type == "MatMul"]
    found = [axes.get(node.output[0], 2) for node in products]
    tokens, texts = 3, 2  # (N, L, D) and (N, D)
    assert found == [tokens] * 6 + [texts, tokens, tokens, texts, texts, texts, texts]


def test_query_key_and_value_read_one_quantized_input(tmp_path: Path) -> None:
    ran = operators(built(ModelScheme(dense=EIGHT, activations=STATIC)).file, tmp_path)
    assert ran.count("QuantizeLinear") == 2 * 4 + 1
    assert ran.count("MatMulIntegerToFloat") == 2 * 6 + 1


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_model_is_onnx_that_is_little_more_than_its_tensors(scheme: ModelScheme) -> None:
    model = built(scheme)
    onnx.checker.check_model(model.model)
    rest = sum(array.nbytes for array in tensors().values() if array.ndim == 1)
    rest += ENCODER.positions_PE.nbytes
    stored = sum(layer.stored_bytes for layer in model.layers)
    assert stored < len(model.file) < stored + rest + 12_000
    assert model.embedding_bytes == model.layers[0].stored_bytes


def test_the_same_encoder_gives_the_same_bytes() -> None:
    scheme = SCHEMES[5]
    again = encoder(activation="relu")
    assert (
        build_encoder(again, scheme, encoder_static_ranges(again, TEXTS, scheme)).file
        == built(scheme).file
    )


def test_learned_maps_are_used_as_they_are() -> None:
    scheme = ModelScheme(dense=FOUR, activations=STATIC)
    kernel = ENCODER.weights()["layer0.inner"]
    learned = affine_for(kernel * 0.7, FOUR)
    ranges = encoder_static_ranges(ENCODER, TEXTS, scheme)
    model = build_encoder(ENCODER, scheme, ranges, {"layer0.inner": learned})
    facts = {layer.name: layer.facts for layer in model.layers}
    plain = {layer.name: layer.facts for layer in built(scheme).layers}
    assert facts["layer0.inner"].beta == pytest.approx(0.7 * plain["layer0.inner"].beta)
    assert facts["layer0.outer"].beta == plain["layer0.outer"].beta


def test_a_map_of_other_bits_is_refused() -> None:
    learned = affine_for(ENCODER.weights()["head"], EIGHT)
    with pytest.raises(ValueError, match="has its scheme's bits and symmetry, got 8 bits"):
        build_encoder(ENCODER, ModelScheme(dense=FOUR), None, {"head": learned})


def test_static_activations_without_ranges_are_refused() -> None:
    scheme = ModelScheme(dense=EIGHT, activations=STATIC)
    with pytest.raises(ValueError, match=r"need a range for every product, got none for \['head"):
        build_encoder(ENCODER, scheme)


def test_a_text_longer_than_the_positions_fails_in_the_runtime() -> None:
    session = scoring_session(built(FLOAT).file)
    with pytest.raises(Exception, match=r"axes|broadcast|dimension"):
        session.run(None, {"ids": np.ones((1, ENCODER.positions + 2), np.int32)})


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("scheme", SCHEMES[:4], ids=str)
def test_a_layer_that_is_applied_again_is_stored_once(scheme: ModelScheme, pooling: str) -> None:
    nets = [encoder(1, pooling=pooling, repeats=repeats) for repeats in (2, 6)]
    models = [onnx.load_from_string(built(scheme, net).file) for net in nets]
    stored = [sum(len(i.raw_data) for i in model.graph.initializer) for model in models]
    assert stored[1] <= stored[0] + 6 * 200  # scales and zero points of activations are no weights
    said = [logits(built(scheme, net).file, TEXTS) for net in nets]
    assert np.abs(said[0] - said[1]).max() > 1e-2


@pytest.mark.parametrize("net", MODERNS.values(), ids=list(MODERNS))
@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_layers_that_normalise_first_are_quantized_like_all_others(
    scheme: ModelScheme, net: Encoder, tmp_path: Path
) -> None:
    """Weights as the scheme leaves them, in a float graph, say what the quantized one says."""
    found_NK = logits(built(scheme, net).file, TEXTS)
    left = {name: values.astype(np.float32) for name, values in rebuilt(net, scheme).items()}
    given = as_modern(tensors(), HEADS)
    kernels = {f"{n}.kernel" if f"{n}.kernel" in given else n: values for n, values in left.items()}
    dequantized = Encoder.from_tensors(
        given | kernels | {"positions": given["positions"]},
        settings(activation="relu", pooling=net.settings.pooling, pre_norm=True),
    )
    apart_NK = np.abs(found_NK - logits(built(FLOAT, dequantized).file, TEXTS))
    if isinstance(scheme.activations, WeightOnly):
        assert apart_NK.max() < 1e-4
    assert apart_NK.mean() < 0.05 * found_NK.std()
    ran = operators(built(scheme, net).file, tmp_path)
    products = [layer.execution for layer in built(scheme, net).layers if layer.name != "embedding"]
    assert ran.count("MatMulIntegerToFloat") == products.count("integer")
    assert ran.count("RotaryEmbedding") == 4 - (net is MODERN_BY_FIRST)
    assert not {"SkipLayerNormalization", "BiasGelu", "Cos", "Sin"} & set(ran)


@pytest.mark.parametrize("net", FARS.values(), ids=list(FARS))
@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_vectors_of_distances_meet_the_kernels_that_the_file_holds(
    scheme: ModelScheme, net: Encoder
) -> None:
    """Weights as the scheme leaves them, in a float graph, say what the quantized one says."""
    model = built(scheme, net)
    found_NK = logits(model.file, TEXTS)
    given = as_deberta(tensors())
    left = rebuilt(net, scheme)
    kernels = {f"{n}.kernel" if f"{n}.kernel" in given else n: values for n, values in left.items()}
    given |= {n: values.astype(np.float32) for n, values in kernels.items()}
    asked = settings(activation="relu", pooling=net.settings.pooling)
    dequantized = Encoder.from_tensors(given, asked)
    apart_NK = np.abs(found_NK - logits(built(FLOAT, dequantized).file, TEXTS))
    if isinstance(scheme.activations, WeightOnly):
        assert apart_NK.max() < 1e-2  # the vectors are float16
    # two bits leave scores steep: a rounded input moves them further than elsewhere
    assert apart_NK.mean() < 0.1 * found_NK.std()
    plain = sum(
        len(i.raw_data) for i in onnx.load_from_string(built(scheme).file).graph.initializer
    )
    more = sum(len(i.raw_data) for i in onnx.load_from_string(model.file).graph.initializer) - plain
    assert more < 6_000, "no kernel is stored twice"
