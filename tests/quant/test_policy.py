import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoray.quant.affine import affine_for, quantize
from emoray.quant.granularity import PerChannel, PerGroup
from emoray.quant.inspect import bytes_of, bytes_under
from emoray.quant.policy import ALLOWED, Adaptive, choose
from emoray.quant.prediction import emphasis
from emoray.quant.ranges import MinMax
from emoray.quant.scheme import Dynamic, QuantScheme, Static
from tests.quant.oracles import output_error

Tensors = dict[str, np.ndarray]


@pytest.fixture
def tensors() -> Tensors:
    random = np.random.default_rng(0)
    heavy_IO = random.standard_t(3, size=(24, 48))
    heavy_IO[:, 7] *= 30  # an outlier channel
    made = {
        "embedding": random.normal(size=(60, 24)),
        "layer0.query": random.normal(size=(24, 24)),
        "layer0.inner": heavy_IO,
        "head": random.uniform(-1, 1, size=(48, 5)),
    }
    return {name: values.astype(np.float32) for name, values in made.items()}


@pytest.fixture
def moments(tensors: Tensors) -> Tensors:
    random = np.random.default_rng(1)
    return {n: random.exponential(size=len(v)) for n, v in tensors.items() if n != "embedding"}


def shapes(tensors: Tensors) -> dict[str, tuple[int, ...]]:
    return {name: values.shape for name, values in tensors.items()}


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
@pytest.mark.parametrize("activations", [Dynamic(), Static()], ids=str)
def test_at_equal_bytes_min_max_errs_more(
    tensors: Tensors, moments: Tensors, bits: int, activations: Dynamic | Static
) -> None:
    adaptive = Adaptive(bits=bits, activations=activations)
    counts_V = np.arange(60)
    chosen = choose(tensors, adaptive, moments=moments, token_counts=counts_V, importance={})
    plain_bytes, plain_error = 0, 0.0
    for name, values in tensors.items():
        table = name == "embedding"
        scheme = QuantScheme(bits=bits, grain=PerChannel(0 if table else -1), ranges=MinMax())
        weights = emphasis(counts_V + 1.0 if table else moments[name])
        plain_bytes += bytes_under(values.shape, scheme)
        plain_error += output_error(values, affine_for(values, scheme), weights)
    assert chosen.size_bytes <= plain_bytes
    assert sum(chosen.errors.values()) < plain_error


@settings(max_examples=15, deadline=None)
@given(st.floats(2, 8), st.floats(2, 8))
def test_more_bytes_never_err_more(first: float, second: float) -> None:
    random = np.random.default_rng(3)
    tensors = {
        n: random.normal(size=s).astype(np.float32) for n, s in (("a", (9, 7)), ("b", (5, 21)))
    }
    low, high = sorted((first, second))
    adaptives = [Adaptive(bits=bits, allowed=(2, 4, 8)) for bits in (low, high)]
    less, more = (choose(tensors, adaptive) for adaptive in adaptives)
    assert sum(more.errors.values()) <= sum(less.errors.values()) + 1e-12
    for adaptive, choice in zip(adaptives, (less, more), strict=True):
        assert choice.size_bytes <= adaptive.budget(shapes(tensors))


def test_the_maps_are_those_that_were_promised(tensors: Tensors, moments: Tensors) -> None:
    choice = choose(tensors, Adaptive(bits=3.5), moments=moments)
    stored = 0
    for name, values in tensors.items():
        used, scheme = choice.maps[name], choice.scheme.of(name)
        assert scheme is not None
        assert (used.bits, used.symmetric, used.grain) == (
            scheme.bits,
            scheme.symmetric,
            scheme.grain,
        )
        weights = None if name == "embedding" else emphasis(moments[name])
        assert output_error(values, used, weights) == pytest.approx(choice.errors[name], rel=1e-4)
        stored += bytes_under(values.shape, scheme)
    assert choice.size_bytes == stored


def test_an_outlier_channel_is_clipped_or_gets_more_bits() -> None:
    values = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
    spiky = values.copy()
    spiky[0] *= 20  # one input's weights dwarf the rest of every column
    choice = choose({"plain": values, "spiky": spiky}, Adaptive(bits=4))
    clipped = np.abs(choice.maps["spiky"].beta).max() < 0.95 * np.abs(spiky).max()
    plain, outlying = (choice.scheme.of(name) for name in ("plain", "spiky"))
    assert plain is not None and outlying is not None
    assert clipped or outlying.bits > plain.bits


def test_the_reason_is_a_line_for_people(tensors: Tensors) -> None:
    reason = choose(tensors, Adaptive(bits=4)).reasons["layer0.inner"]
    assert reason.startswith("kurtosis ")
    for part in ("% beyond 6 sigma", "ranges differ", "clips at", "of max", "bits", "(error"):
        assert part in reason
    assert "\n" not in reason


def test_a_weight_of_zeros_takes_the_fewest_bytes(tensors: Tensors) -> None:
    tensors["head"] = np.zeros((48, 5), np.float32)
    choice = choose(tensors, Adaptive(bits=4, allowed=ALLOWED))
    assert choice.errors["head"] == 0
    assert choice.maps["head"].bits == 2
    assert choice.reasons["head"] == "all zeros: 2 bits (error 0 %)"


def test_inputs_that_never_move_do_no_harm(tensors: Tensors, moments: Tensors) -> None:
    moments["head"] = np.zeros(48)
    moments["layer0.inner"][::2] = 0
    choice = choose(tensors, Adaptive(bits=4), moments=moments)
    assert all(np.isfinite(error) for error in choice.errors.values())
    assert all(np.isfinite(used.scale).all() for used in choice.maps.values())


def test_the_same_weights_give_the_same_choice(tensors: Tensors, moments: Tensors) -> None:
    first, second = (choose(tensors, Adaptive(bits=4.5), moments=moments) for _ in range(2))
    assert first.scheme == second.scheme and first.reasons == second.reasons
    for name, used in first.maps.items():
        np.testing.assert_array_equal(used.scale, second.maps[name].scale)


def test_weights_of_integer_products_stay_symmetric(tensors: Tensors) -> None:
    choice = choose(tensors, Adaptive(bits=2, activations=Dynamic(), affine_up_to=8))
    assert all(used.symmetric for name, used in choice.maps.items() if name != "embedding")
    assert choice.scheme.activations == Dynamic()
    alone = choose(tensors, Adaptive(bits=2.5, affine_up_to=8))
    assert not all(used.symmetric for used in alone.maps.values())


def test_the_budget_is_that_of_a_uniform_scheme(tensors: Tensors) -> None:
    sizes = shapes(tensors)
    budgets = [Adaptive(bits=bits).budget(sizes) for bits in (4, 4.5, 5)]
    uniform = 0
    for name, values in tensors.items():
        grain = PerChannel(0 if name == "embedding" else -1)
        uniform += bytes_of(quantize(values, QuantScheme(bits=4, grain=grain)))
    assert budgets[0] == uniform
    assert budgets[1] == (budgets[0] + budgets[2]) // 2


def test_groups_go_into_the_scheme(tensors: Tensors) -> None:
    adaptive = Adaptive(bits=4, dense=PerGroup(8, 0), embedding=PerGroup(8, -1))
    scheme = choose(tensors, adaptive).scheme
    found = {name: scheme.of(name) for name in tensors}
    assert {str(s.grain) for s in found.values() if s is not None} == {"group8", "rowgroup8"}


def test_what_matters_more_gets_no_fewer_bits(tensors: Tensors) -> None:
    three = Adaptive(bits=3, allowed=ALLOWED)
    plain = choose(tensors, three, importance={})
    spared = choose(tensors, three, importance={"embedding": 100.0})
    assert spared.maps["embedding"].bits > plain.maps["embedding"].bits
    assert spared.errors["embedding"] < plain.errors["embedding"]
    assert spared.size_bytes <= Adaptive(bits=3).budget(shapes(tensors))


def test_a_policy_prints_as_the_tables_show_it() -> None:
    assert str(Adaptive(bits=4)) == "adaptive4-channel+emb:row@weights"
    other = Adaptive(bits=2.5, activations=Dynamic(), allowed=(4, 2, 8), affine_up_to=0)
    assert str(other) == "adaptive2.5-channel+emb:row-of2.4.8-aff0@dynamic"
    assert Adaptive(bits=4) == Adaptive(bits=4.0, allowed=(8, 6, 5, 4, 3))


@pytest.mark.parametrize(("bits", "narrowest"), [(2, 2), (2.9, 2), (3, 3), (8, 3)])
def test_two_bits_are_for_budgets_below_three(bits: float, narrowest: int) -> None:
    assert min(Adaptive(bits=bits).allowed) == narrowest


def test_policies_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(ValueError, match=r"within the allowed widths, 3..8, got 9: allow other"):
        Adaptive(bits=9)
    with pytest.raises(ValueError, match="bits is a number of bits a weight, got '4': such as"):
        Adaptive(bits="4")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"allowed is a tuple of bit widths, got \[4\]: write"):
        Adaptive(bits=4, allowed=[4])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"bits must be a whole number in 2..8, got 16"):
        Adaptive(bits=4, allowed=(4, 16))
    with pytest.raises(ValueError, match="affine_up_to is a bit width or 0, got True"):
        Adaptive(bits=4, affine_up_to=True)
    with pytest.raises(ValueError, match="per output channel, got group32 with dynamic"):
        Adaptive(bits=4, dense=PerGroup(32), activations=Dynamic())


def test_what_does_not_fit_the_weights_is_refused(tensors: Tensors, moments: Tensors) -> None:
    with pytest.raises(ValueError, match=r"chooses for weights, got none: pass network.weights"):
        choose({}, Adaptive(bits=4))
    with pytest.raises(ValueError, match=r"embedding has 60 rows to weigh, got \(3,\): give one"):
        choose(tensors, Adaptive(bits=4), token_counts=np.ones(3))
    with pytest.raises(ValueError, match=r"importance names weights, got \['tail'\]: choose among"):
        choose(tensors, Adaptive(bits=4), importance={"tail": 2.0})
    with pytest.raises(ValueError, match="importance is finite and not negative, got -1 for head"):
        choose(tensors, Adaptive(bits=4), importance={"head": -1})
    del moments["head"]
    with pytest.raises(ValueError, match="moments name every dense weight, got none for 'head'"):
        choose(tensors, Adaptive(bits=4), moments=moments)
