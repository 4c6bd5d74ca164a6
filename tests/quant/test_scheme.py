import pytest

from emoray.quant.granularity import PerChannel, PerGroup
from emoray.quant.ranges import MinMax, Percentile
from emoray.quant.scheme import (
    FLOAT,
    Activations,
    Dynamic,
    ModelScheme,
    Qat,
    QuantScheme,
    Static,
    WeightOnly,
    control_of,
)

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


def test_a_scheme_of_its_own_wins_over_the_parts() -> None:
    scheme = ModelScheme(
        dense=CHANNEL8,
        embedding=GROUP4,
        own=(("head", None), ("embedding", CHANNEL8), ("dense0", GROUP4)),
    )
    assert scheme.of("head") is None
    assert scheme.of("embedding") == CHANNEL8
    assert scheme.of("dense0") == GROUP4
    assert scheme.of("dense1") == CHANNEL8


def test_own_schemes_in_any_order_are_one_key() -> None:
    pairs = (("head", None), ("dense0", CHANNEL8))
    first, second = (ModelScheme(own=own) for own in (pairs, pairs[::-1]))
    assert first == second and str(first) == str(second)
    assert first.named == ("dense0", "head")


def test_a_few_own_schemes_print_in_full_and_many_in_short() -> None:
    few = ModelScheme(dense=CHANNEL8, own=(("head", None), ("embedding", GROUP4)))
    assert str(few) == (
        "int8-sym-channel-minmax@weights~embedding=int4-sym-group32-minmax~head=float32"
    )
    many = tuple((f"layer{i}.query", QuantScheme(bits=2 + i)) for i in range(5))
    short = str(ModelScheme(own=many))
    assert short.startswith("float32~own5-2-6bit-") and len(short) < 40
    other = (*many[:-1], ("layer9.query", QuantScheme(bits=6)))
    assert str(ModelScheme(own=other)) != short


def test_a_trained_scheme_says_so_last() -> None:
    scheme = ModelScheme(dense=CHANNEL8, keep_float=("head",), qat=Qat())
    assert str(scheme) == "int8-sym-channel-minmax@weights~head~qat1"
    assert str(Qat(epochs=2)) == "qat2"
    assert str(Qat(epochs=3, rate=0.1)) == "qat3-x0.1"
    assert str(Qat(learned=False)) == "qat1-observed"
    assert hash(Qat(rate=1)) == hash(Qat(rate=1.0))
    assert repr(Qat(rate=1)) == repr(Qat(rate=1.0))


def test_a_scheme_knows_whether_it_quantizes_anything() -> None:
    assert not FLOAT.quantized
    assert not ModelScheme(own=(("head", None),)).quantized
    assert ModelScheme(own=(("head", CHANNEL8),)).quantized
    assert ModelScheme(embedding=GROUP4).quantized


def test_only_what_is_quantized_is_trained_for_it() -> None:
    with pytest.raises(ValueError, match="qat must be a Qat or None, got True: write Qat"):
        ModelScheme(dense=CHANNEL8, qat=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="epochs must be a whole number from 1, got 0: for no"):
        Qat(epochs=0)
    with pytest.raises(ValueError, match="rate must be finite and above 0, got inf"):
        Qat(rate=float("inf"))
    with pytest.raises(ValueError, match="epochs must be a whole number from 1, got '3'"):
        Qat(epochs="3")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="rate must be a number, got '1': give a share"):
        Qat(rate="1")  # type: ignore[arg-type]


def test_own_schemes_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(ValueError, match=r"own is a tuple of \(weight's name, QuantScheme or None"):
        ModelScheme(own=("head", None))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"own names a weight once, got \['head'\] more than once"):
        ModelScheme(own=(("head", None), ("head", CHANNEL8)))
    with pytest.raises(ValueError, match=r"in own or in keep_float, got \['head'\] in both"):
        ModelScheme(dense=CHANNEL8, keep_float=("head",), own=(("head", None),))


def test_own_products_of_integers_need_one_scale_per_output_too() -> None:
    own = (("dense0", GROUP4),)
    with pytest.raises(ValueError, match="per output channel, got group32 with dynamic: use"):
        ModelScheme(dense=CHANNEL8, own=own, activations=Dynamic())
    with pytest.raises(ValueError, match="only beside dense weights, got dense=None with"):
        ModelScheme(own=(("embedding", CHANNEL8),), activations=Dynamic())
    assert ModelScheme(own=own, activations=WeightOnly()).of("dense0") == GROUP4
    alone = ModelScheme(own=(("dense0", CHANNEL8),), activations=Dynamic())
    assert str(alone) == "float32@dynamic~dense0=int8-sym-channel-minmax"


@pytest.mark.parametrize(
    ("qat", "text"),
    [(Qat(), "float32~more1"), (Qat(epochs=3, rate=0.1, learned=False), "float32~more3-x0.1")],
    ids=str,
)
def test_a_scheme_that_trains_has_a_float_control_of_the_same_training(qat: Qat, text: str) -> None:
    control = control_of(ModelScheme(dense=CHANNEL8, qat=qat))
    assert not control.quantized and str(control) == text
    assert control.qat is not None
    assert (control.qat.epochs, control.qat.rate) == (qat.epochs, qat.rate)
    assert control == control_of(ModelScheme(embedding=CHANNEL8, qat=qat)), "one for all widths"
    with pytest.raises(ValueError, match="control is of a scheme that trains, got float32: comp"):
        control_of(FLOAT)
