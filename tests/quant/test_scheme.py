import pytest

from emoray.quant.grain import PerChannel, PerGroup
from emoray.quant.ranges import MinMax, Percentile
from emoray.quant.scheme import FLOAT, Activations, Dynamic, ModelScheme, QuantScheme, Static

CHANNEL8 = QuantScheme(grain=PerChannel())
GROUP4 = QuantScheme(bits=4, grain=PerGroup(32))


def test_schemes_print_as_the_tables_show_them() -> None:
    affine = QuantScheme(symmetric=False, ranges=Percentile(99.9))
    assert str(GROUP4) == "int4-sym-group32-minmax"
    assert str(affine) == "uint8-aff-tensor-p99.9"
    assert str(FLOAT) == "float32"
    assert str(ModelScheme(embedding=GROUP4)) == "float32+emb:int4-sym-group32-minmax"
    whole = ModelScheme(dense=CHANNEL8, embedding=GROUP4, activations=Dynamic())
    assert str(whole) == "int8-sym-channel-minmax+emb:int4-sym-group32-minmax@dynamic"
    static = ModelScheme(dense=affine, activations=Static(), keep_float=("head",))
    assert str(static) == "uint8-aff-tensor-p99.9@static-aff-minmax~head"


def test_equal_schemes_are_one_key() -> None:
    first = ModelScheme(dense=CHANNEL8, keep_float=("head", "dense0", "head"))
    second = ModelScheme(dense=QuantScheme(grain=PerChannel()), keep_float=("dense0", "head"))
    assert len({first, second}) == 1
    assert str(QuantScheme(ranges=Percentile(99))) == str(QuantScheme(ranges=Percentile(99.0)))


def test_a_model_scheme_says_what_becomes_of_each_weight() -> None:
    scheme = ModelScheme(dense=CHANNEL8, embedding=GROUP4, keep_float=("head",))
    assert scheme.of("embedding") == GROUP4
    assert scheme.of("dense0") == CHANNEL8
    assert scheme.of("head") is None
    assert FLOAT.of("dense0") is None


def test_grains_and_ranges_are_types_not_names() -> None:
    with pytest.raises(
        ValueError, match=r"ranges must be one of MinMax, Percentile, .* got 'minmax'"
    ):
        QuantScheme(ranges="minmax")  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match="grain must be one of PerTensor, PerChannel, PerGroup, got"
    ):
        QuantScheme(grain=PerChannel)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="activations must be one of WeightOnly, Dynamic, Static"):
        ModelScheme(activations=MinMax())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"ranges must be one of .* got None"):
        Static(ranges=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("activations", [Dynamic(), Static()], ids=str)
def test_activations_are_quantized_only_beside_weights(activations: Activations) -> None:
    with pytest.raises(ValueError, match="only beside dense weights, got dense=None with"):
        ModelScheme(embedding=GROUP4, activations=activations)


@pytest.mark.parametrize("grain", [PerGroup(32), PerChannel(0)], ids=str)
def test_an_integer_product_needs_one_scale_per_output(grain: PerGroup | PerChannel) -> None:
    with pytest.raises(ValueError, match=f"per output channel, got {grain} with dynamic: use"):
        ModelScheme(dense=QuantScheme(grain=grain), activations=Dynamic())


def test_what_cannot_be_kept_float_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"names dense weights, got \('embedding',\): write embedd"
    ):
        ModelScheme(dense=CHANNEL8, keep_float=("embedding",))
    with pytest.raises(ValueError, match=r"spares dense weights, got \('head',\) with dense=None"):
        ModelScheme(keep_float=("head",))
    with pytest.raises(ValueError, match="keep_float is a tuple of names, got 'head'"):
        ModelScheme(dense=CHANNEL8, keep_float="head")  # type: ignore[arg-type]
