"""A module prepared for training, from the outside: what changes, what comes back, what is refused.

Shapes: N texts, I inputs.
"""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from emoray.quant.affine import affine_for
from emoray.quant.granularity import PerChannel, PerGroup
from emoray.quant.qat.prepare import Place, Prepared, prepare
from emoray.quant.scheme import (
    EMBEDDING,
    Dynamic,
    ModelScheme,
    QuantScheme,
    Static,
    WeightOnly,
)

COLUMN = QuantScheme(bits=4, grain=PerChannel(-1))
ROW = QuantScheme(bits=4, grain=PerChannel(0))
RANGES = dict.fromkeys(["query", "key", "head"], (-2.0, 3.0))


class Tiny(nn.Module):
    """Words, two products that read the same, and a head after a ReLU."""

    def __init__(self) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(0)
        self.embedding = nn.Embedding(20, 16)
        self.query, self.key, self.head = (nn.Linear(16, 16) for _ in range(3))
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=random)

    def forward(self, ids_NL: Tensor) -> Tensor:
        x_NI = self.embedding(ids_NL).mean(1)
        return self.head(torch.relu(self.query(x_NI) + self.key(x_NI)))

    def places(self) -> list[Place]:
        return [
            Place(name=EMBEDDING, module=self.embedding),
            Place(name="query", module=self.query, reads="words"),
            Place(name="key", module=self.key, reads="words"),
            Place(name="head", module=self.head, nonnegative=True),
        ]


IDS = torch.tensor([[1, 2, 3], [4, 5, 5]])
SCHEMES = (
    ModelScheme(dense=COLUMN, embedding=ROW),
    ModelScheme(dense=COLUMN, embedding=ROW, activations=Dynamic()),
    ModelScheme(dense=COLUMN, activations=Static()),
    ModelScheme(embedding=ROW),
)


def prepared(scheme: ModelScheme, module: Tiny | None = None, **settings: object) -> Prepared:
    module = module or Tiny()
    return prepare(module, module.places(), scheme, ranges=RANGES, **settings)  # type: ignore[arg-type]


def a_step(ready: Prepared, rate: float = 0.01) -> None:
    optimizer = torch.optim.Adam(ready.parameters(rate, scale_rate=rate))
    ready.module(IDS).square().sum().backward()
    optimizer.step()


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
@pytest.mark.parametrize("learned", [True, False], ids=["learned", "observed"])
def test_a_stripped_module_is_as_before_but_for_what_it_learned(
    scheme: ModelScheme, learned: bool
) -> None:
    module, untouched = Tiny(), Tiny()
    before = module(IDS).detach()
    names = set(module.state_dict())
    ready = prepared(scheme, module, learned=learned)
    assert not torch.equal(module(IDS), before)
    ready.strip()
    assert torch.equal(module(IDS), before)
    assert set(module.state_dict()) == names
    assert [type(part) for part in module.modules()] == [type(p) for p in untouched.modules()]


@pytest.mark.parametrize("scheme", SCHEMES, ids=str)
def test_a_step_reaches_weights_and_ranges(scheme: ModelScheme) -> None:
    ready = prepared(scheme)
    maps, ranges, weight = ready.maps(), ready.ranges(), ready.module.get_parameter("head.bias")
    start = weight.detach().clone()
    a_step(ready)
    assert not torch.equal(weight, start)
    for name, chosen in ready.maps().items():
        assert not np.array_equal(chosen.beta, maps[name].beta), name
    for name, found in ready.ranges().items():
        assert found != ranges[name]


def test_every_parameter_is_trained_once_and_ranges_do_not_decay() -> None:
    ready = prepared(ModelScheme(dense=COLUMN, embedding=ROW, activations=Static()))
    groups = ready.parameters(1e-4, scale_rate=2e-3, weight_decay=0.1)
    together = [parameter for group in groups for parameter in group["params"]]
    assert len(together) == len(set(map(id, together)))
    assert set(map(id, together)) == set(map(id, ready.module.parameters()))
    told = [(group["lr"], group["weight_decay"]) for group in groups]
    assert told == [(1e-4, 0.1), (1e-4, 0.0), (2e-3, 0.0)]
    assert {id(p) for p in groups[2]["params"]} == set(map(id, ready.scales))
    # Embedding and three kernels; two inputs with two ends each, query and key share theirs.
    assert len(ready.scales) == 4 + 2 * 2
    assert all(parameter.ndim < 2 for parameter in groups[1]["params"])


def test_what_two_products_read_is_rounded_once() -> None:
    ready = prepared(ModelScheme(dense=COLUMN, activations=Static()))
    assert ready.inputs["query"] is ready.inputs["key"]
    assert ready.inputs["head"] is not ready.inputs["key"]
    seen: list[Tensor] = []
    for layer in (ready.module.query, ready.module.key):
        layer.register_forward_hook(lambda module, given, out: seen.append(given[0]))
    ready.module(IDS)
    assert seen[0] is seen[1]
    ready.module(IDS)
    assert seen[2] is seen[3] and seen[2] is not seen[0]
    a_step(ready)
    assert ready.ranges()["query"] == ready.ranges()["key"] != ready.ranges()["head"]


def test_a_product_that_stays_float_reads_floats() -> None:
    scheme = ModelScheme(dense=COLUMN, activations=Dynamic(), own=(("query", None),))
    module = Tiny()
    ready = prepared(scheme, module)
    assert set(ready.maps()) == {"key", "head"}
    read: dict[str, Tensor] = {}
    for name in ("query", "key"):
        module.get_submodule(name).register_forward_hook(
            lambda _, given, out, name=name: read.setdefault(name, given[0])
        )
    module(IDS)
    assert torch.equal(read["query"], module.embedding(IDS).mean(1))
    assert not torch.equal(read["key"], read["query"])


def test_weights_alone_leave_what_products_read_alone() -> None:
    ready = prepared(ModelScheme(dense=COLUMN, activations=WeightOnly()))
    assert not ready.inputs and not ready.ranges()


def test_observed_ranges_follow_their_weight_in_due_time() -> None:
    module = Tiny()
    ready = prepared(ModelScheme(dense=COLUMN, embedding=ROW), module, learned=False, every=3)
    first = ready.maps()
    original = module.head.parametrizations.weight.original
    with torch.no_grad():
        original *= 2
        module.embedding.weight *= 2
    for _ in range(2):
        module(IDS)
    np.testing.assert_array_equal(ready.maps()["head"].beta, first["head"].beta)
    module.eval()
    module(IDS)
    np.testing.assert_array_equal(ready.maps()["head"].beta, first["head"].beta)
    module.train()
    module(IDS)
    for name in ("head", EMBEDDING):
        np.testing.assert_array_equal(ready.maps()[name].beta, 2 * first[name].beta)
    expected = affine_for(original.detach().T.numpy(), COLUMN)
    np.testing.assert_allclose(ready.maps()["head"].scale, expected.scale, rtol=1e-3)
    assert not ready.scales


def test_a_saved_state_holds_the_ranges() -> None:
    scheme = ModelScheme(dense=COLUMN, embedding=ROW, activations=Static())
    first, second = prepared(scheme), prepared(scheme)
    a_step(first, rate=0.1)
    assert not torch.equal(first.module(IDS), second.module(IDS))
    second.module.load_state_dict(first.module.state_dict())
    assert torch.equal(first.module(IDS), second.module(IDS))
    assert first.ranges() == second.ranges()


def test_half_precision_goes_in_and_comes_out() -> None:
    ready = prepared(ModelScheme(dense=COLUMN, embedding=ROW, activations=Dynamic()))
    exact = ready.module(IDS)
    with torch.autocast("cpu", torch.bfloat16):
        found = ready.module(IDS)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), exact, rtol=0.1, atol=0.5)


def test_a_module_is_prepared_once_and_again_after_stripping() -> None:
    ready = prepared(SCHEMES[0])
    with pytest.raises(ValueError, match="is prepared once, got one that holds 'fake_quantized'"):
        prepare(ready.module, ready.places, SCHEMES[0])
    ready.strip()
    assert prepare(ready.module, ready.places, SCHEMES[0]).maps().keys() == ready.maps().keys()


def test_a_weight_in_two_places_is_refused() -> None:
    module = Tiny()
    places = [*module.places(), Place(name="head", module=module.key)]
    with pytest.raises(ValueError, match=r"one place, got \['head'\] more than once"):
        prepare(module, places, SCHEMES[0])


def test_a_module_of_another_kind_is_refused() -> None:
    norm = nn.LayerNorm(4)
    with pytest.raises(ValueError, match=r"nn\.Linear or an nn\.Embedding, got LayerNorm"):
        prepare(norm, [Place(name="norm", module=norm)], SCHEMES[0])


def test_a_scheme_that_names_what_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"have a place, got \['heed'\]: choose among embedding"):
        prepared(ModelScheme(dense=COLUMN, keep_float=("heed",)))


def test_static_activations_without_ranges_are_refused() -> None:
    module = Tiny()
    scheme = ModelScheme(dense=COLUMN, activations=Static())
    with pytest.raises(ValueError, match=r"for every product, got none for \['head', 'key'"):
        prepare(module, module.places(), scheme)


def test_groups_across_words_are_refused() -> None:
    across = QuantScheme(grain=PerGroup(4, 0))
    with pytest.raises(ValueError, match=r"run along a word's vector, got group4 across words"):
        prepared(ModelScheme(embedding=across))
