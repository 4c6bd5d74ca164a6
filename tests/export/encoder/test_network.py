import numpy as np
import pytest

from emoray.export.encoder.network import Encoder
from tests.export.encoder.made import (
    LABELS,
    POSITIONS,
    TOKENS,
    WIDTH,
    encoder,
    settings,
    tensors,
    thinner,
)


def test_weights_come_in_the_order_the_data_meets_them() -> None:
    net = encoder(layers=1, rank=8, with_pooler=True, pooler="tanh")
    layer = [f"layer0.{name}" for name in ("query", "key", "value", "attention", "inner", "outer")]
    assert list(net.weights()) == ["embedding", "projection", *layer, "pooler", "head"]
    assert list(net.biases()) == [*layer, "pooler", "head"]
    assert net.positions == POSITIONS and net.width == WIDTH


def test_parameters_count_every_trained_number_but_not_the_padding_row() -> None:
    arrays = tensors()
    everything = sum(array.size for array in arrays.values())
    assert Encoder.from_tensors(arrays, settings()).parameters == everything - WIDTH


def test_a_missing_array_is_refused_by_name() -> None:
    arrays = tensors()
    del arrays["layer1.attention_norm.scale"]
    with pytest.raises(ValueError, match=r"got none called 'layer1\.attention_norm\.scale'"):
        Encoder.from_tensors(arrays, settings())


def test_arrays_that_do_not_fit_together_are_refused() -> None:
    arrays = tensors() | {"layer0.outer.kernel": np.zeros((WIDTH, WIDTH), np.float32)}
    with pytest.raises(ValueError, match=r"got layer0\.outer \(32, 32\) instead of \(64, 32\)"):
        Encoder.from_tensors(arrays, settings())


def test_layers_may_have_other_heads_and_columns_than_others() -> None:
    net = Encoder.from_tensors(thinner(tensors(), heads=(3, 1), inner=(48, 16)), settings())
    assert [net.heads(layer) for layer in net.layers] == [3, 1]
    assert net.parameters < encoder().parameters


def test_a_part_of_a_head_is_refused() -> None:
    arrays = thinner(tensors(), heads=(4, 4), inner=(48, 16))
    for part in ("query", "key", "value"):
        for kind in ("kernel", "bias"):
            arrays[f"layer1.{part}.{kind}"] = arrays[f"layer1.{part}.{kind}"][..., :12]
    arrays["layer1.attention.kernel"] = arrays["layer1.attention.kernel"][:12]
    with pytest.raises(ValueError, match=r"got layer1\.query \(32, 12\) instead of \(32, 8\)"):
        Encoder.from_tensors(arrays, settings())


def test_heads_that_count_distance_are_all_there() -> None:
    from emoray.models.encoder.relative import BUCKETS

    arrays = thinner(tensors(), heads=(3, 4), inner=(64, 64))
    arrays["relative"] = np.zeros((BUCKETS, 4), np.float32)
    with pytest.raises(ValueError, match=r"got layer0\.query \(32, 24\) instead of \(32, 32\)"):
        Encoder.from_tensors(arrays, settings())


def test_a_bias_of_another_length_is_refused() -> None:
    arrays = tensors() | {"head.bias": np.zeros(LABELS + 1, np.float32)}
    with pytest.raises(ValueError, match=r"got head\.bias \(8,\) instead of \(7,\)"):
        Encoder.from_tensors(arrays, settings())


def test_nan_in_an_array_is_refused() -> None:
    arrays = tensors() | {"embedding": np.full((TOKENS, WIDTH), np.nan, np.float32)}
    with pytest.raises(ValueError, match="weights are finite float32, got float32 in embedding"):
        Encoder.from_tensors(arrays, settings())


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="its heads divide, got 2 layers and 5 heads over 32"):
        Encoder.from_tensors(tensors(), settings(heads=5))


def test_a_pooler_needs_an_activation() -> None:
    with pytest.raises(ValueError, match="a pooler has weights and an activation"):
        Encoder.from_tensors(tensors(pooler=True), settings())


def test_an_unknown_activation_is_refused() -> None:
    with pytest.raises(ValueError, match="activation is one of gelu, gelu_tanh, relu, got 'swish'"):
        Encoder.from_tensors(tensors(), settings(activation="swish"))


def test_an_encoder_without_heads_is_refused() -> None:
    with pytest.raises(
        ValueError,
        match=r"an encoder has at least one head, .* at least, got 0",
    ):
        Encoder.from_tensors(tensors(), settings(heads=0))
