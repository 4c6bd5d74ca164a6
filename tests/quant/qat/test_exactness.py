"""Fake quantization is real quantization: the floats that training saw are those that ship."""

import numpy as np
import pytest
import torch
from torch import nn

from emoray.export.weights import store
from emoray.quant.affine import affine_between, affine_for
from emoray.quant.granularity import PerChannel, PerGroup, PerTensor
from emoray.quant.qat.inputs import FakeInput
from emoray.quant.qat.prepare import Place, Prepared, prepare
from emoray.quant.qat.weights import FakeTensor
from emoray.quant.scheme import EMBEDDING, ModelScheme, QuantScheme
from tests.quant.pairwise import TENSOR_SCHEMES

TABLES = [s for s in TENSOR_SCHEMES if not (isinstance(s.grain, PerGroup) and s.grain.axis == 0)]
ROWS, COLUMNS = 70, 41  # groups of 32 and of 16 do not come out even
SOME = [scheme for scheme in TENSOR_SCHEMES if scheme.bits in (4, 8)][::4]


def weights(seed: int = 0, smallest: float = 1e-6) -> torch.Tensor:
    """Heavy tails, rows of zeros, a row of one sign, sizes far apart."""
    random = np.random.default_rng(seed)
    values = random.standard_t(3, (ROWS, COLUMNS)).clip(-9, 9) * 0.1
    values[[0, 7]] = 0
    values[3] = np.abs(values[3])
    values[5] *= smallest
    return torch.tensor(values, dtype=torch.float32)


def disturbed(prepared: Prepared, seed: int = 1) -> Prepared:
    """Weights and ranges as some steps of training leave them."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for group in prepared.parameters(1.0):
            for parameter in group["params"]:
                noise = torch.randn(parameter.shape, generator=random)
                parameter.add_(noise * (0.02 if parameter.abs().max() > 0 else 0.3))
    return prepared


def shipped(prepared: Prepared, name: str, weight: torch.Tensor, scheme: QuantScheme) -> np.ndarray:
    """What a file with this map holds, through export's own rounding of scales."""
    learned = prepared.maps()[name]
    stored = store(weight.detach().numpy(), scheme, learned)
    np.testing.assert_array_equal(stored.map.scale, learned.scale)
    return stored.quantized.dequantize()


@pytest.mark.parametrize(
    ("scheme", "learned"),
    [*((scheme, True) for scheme in TENSOR_SCHEMES), *((scheme, False) for scheme in SOME)],
    ids=str,
)
def test_a_kernel_in_training_is_the_kernel_in_the_file(scheme: QuantScheme, learned: bool) -> None:
    layer = nn.Linear(ROWS, COLUMNS)
    layer.weight.data = weights().T.contiguous()
    whole = ModelScheme(dense=scheme)
    prepared = disturbed(prepare(layer, [Place(name="head", module=layer)], whole, learned=learned))
    faked = layer.weight.detach().T.numpy()
    latent_IO = layer.parametrizations.weight.original.T
    chosen = prepared.maps()["head"]
    np.testing.assert_array_equal(faked, chosen.dequantize(chosen.quantize(latent_IO.detach())))
    np.testing.assert_array_equal(faked, shipped(prepared, "head", latent_IO, scheme))


@pytest.mark.parametrize("scheme", TABLES, ids=str)
def test_a_looked_up_row_in_training_is_the_row_in_the_file(scheme: QuantScheme) -> None:
    table = nn.Embedding.from_pretrained(weights(), freeze=False)
    whole = ModelScheme(embedding=scheme)
    prepared = disturbed(prepare(table, [Place(name=EMBEDDING, module=table)], whole))
    ids = torch.tensor([[0, 3, 5, 69, 3], [7, 1, 1, 2, 68]])
    expected = shipped(prepared, EMBEDDING, table.weight, scheme)
    np.testing.assert_array_equal(table(ids).detach().numpy(), expected[ids])


@pytest.mark.parametrize("scheme", TENSOR_SCHEMES[::4], ids=str)
def test_training_begins_with_the_codes_of_no_training(scheme: QuantScheme) -> None:
    values = weights(smallest=0.1)
    fake = FakeTensor(values, scheme, learned=True)
    usual = store(values.numpy(), scheme).quantized
    filled = usual.map.alpha < usual.map.beta
    np.testing.assert_allclose(fake.map().scale[filled], usual.map.scale[filled], rtol=1e-6)
    np.testing.assert_array_equal(fake.map().zero_point[filled], usual.map.zero_point[filled])
    moved = ~np.isclose(fake.fake(values).detach(), usual.dequantize(), rtol=1e-5)
    assert moved.mean() < 1e-3


@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "affine"])
@pytest.mark.parametrize("range", [(-1.3, 4.7), (0.0, 0.37), (-2.0, 0.0), (-3e-5, 8e-6)])
def test_a_learned_input_range_gives_the_map_that_training_saw(
    symmetric: bool, range: tuple[float, float]
) -> None:
    fake = FakeInput(range=range, symmetric=symmetric, learned=True)
    for parameter in fake.parameters():
        parameter.data += 0.123
    found = fake.range()
    assert found is not None
    chosen = affine_between(*found, symmetric=symmetric)
    x = torch.linspace(-6, 6, 999) * max(map(abs, found)) / 3
    codes = np.rint(x.numpy() / chosen.scale) + chosen.zero_point.astype(np.float32)
    low, high = (-128, 127) if symmetric else (0, 255)  # as QuantizeLinear clips them
    expected = (np.clip(codes, low, high) - chosen.zero_point) * chosen.scale
    np.testing.assert_array_equal(fake(x).detach().numpy(), expected)
    assert 0.0 in expected


def test_scales_are_kept_exactly_in_halves_wherever_that_is_harmless() -> None:
    fake = FakeTensor(weights(), QuantScheme(bits=4, grain=PerChannel(0)), learned=True)
    scale = fake.map().scale
    halved = scale.astype(np.float16).astype(np.float32)
    assert (scale == halved)[np.arange(ROWS) != 5].all()
    assert scale[5] != halved[5]  # so small that float16 would lose it
    few = FakeTensor(weights(), QuantScheme(bits=4, grain=PerTensor()), learned=True)
    exact = affine_for(weights().numpy(), QuantScheme(bits=4)).scale
    assert few.map().scale == exact
