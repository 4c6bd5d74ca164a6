"""Gradients through rounding, against the formulas they come from."""

import numpy as np
import pytest
import torch

from emoray.quant.affine import AffineMap
from emoray.quant.granularity import PerChannel, PerGroup, PerTensor
from emoray.quant.qat.clip import Clip
from emoray.quant.qat.rounding import rounded, rounded_by_row
from emoray.quant.qat.weights import FakeTensor
from emoray.quant.scheme import QuantScheme

X = torch.tensor([-9.0, -1.6, -0.7, 0.2, 1.3, 1.74, 9.0])


def test_a_value_inside_the_range_passes_its_gradient_and_one_outside_does_not() -> None:
    x = X.clone().requires_grad_()
    rounded(x, torch.tensor(0.5), None, (-3, 3)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 1, 1, 1, 0, 0]


def test_a_lopsided_range_passes_what_lies_between_its_own_ends() -> None:
    x = X.clone().requires_grad_()
    rounded(x, torch.tensor(0.5), torch.tensor(2.0), (0, 15)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 1, 1, 1, 1, 0]


def test_the_scales_gradient_is_that_of_the_paper() -> None:
    """Esser et al. 2020, eq. 3: -v + round(v) inside, -Q_N and Q_P outside, v = x / scale."""
    scale = torch.tensor(0.5, requires_grad=True)
    upstream = torch.arange(1.0, 8.0)
    factor = 1 / np.sqrt(7 * 3)
    (rounded(X, scale, None, (-3, 3), factor=factor) * upstream).sum().backward()
    v = X.numpy() / 0.5
    by_hand = np.where(np.abs(v) < 3, np.rint(v) - v, np.sign(v) * 3)
    assert scale.grad is not None
    assert scale.grad.item() == pytest.approx(factor * (by_hand * upstream.numpy()).sum(), rel=1e-6)


def test_outside_the_range_gradients_are_the_true_slopes() -> None:
    """There a value is (limit - point) * scale, smooth in both: finite differences tell."""
    outside = torch.tensor([-9.0, 30.0, 40.0])
    scale = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    point = torch.tensor(4.0, dtype=torch.float64, requires_grad=True)

    def total(scale: torch.Tensor, point: torch.Tensor) -> torch.Tensor:
        return rounded(outside.double(), scale, point, (0, 15)).sum()

    total(scale, point).backward()
    with torch.no_grad():
        step = 1e-6
        by_scale = (total(scale + step, point) - total(scale - step, point)) / (2 * step)
        by_point = (total(scale, point + step) - total(scale, point - step)) / (2 * step)
    assert scale.grad is not None and point.grad is not None
    assert scale.grad.item() == pytest.approx(by_scale.item(), rel=1e-6)
    assert point.grad.item() == pytest.approx(by_point.item(), rel=1e-6)


@pytest.mark.parametrize(
    "grain", [PerTensor(), PerChannel(-1), PerChannel(0), PerGroup(4, 0), PerGroup(5, -1)], ids=str
)
@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "affine"])
def test_every_slice_gets_the_gradient_of_its_own_values(
    grain: PerTensor | PerChannel | PerGroup, symmetric: bool
) -> None:
    random = np.random.default_rng(0)
    values = torch.tensor(random.standard_t(3, (12, 7)), dtype=torch.float32)
    upstream = torch.tensor(random.normal(size=(12, 7)), dtype=torch.float32)
    scheme = QuantScheme(bits=3, symmetric=symmetric, grain=grain)
    fake = FakeTensor(values, scheme, learned=True)
    for parameter in fake.parameters():
        parameter.data -= 0.7  # so that much is clipped
    (fake.fake(values) * upstream).sum().backward()
    expected = _growth_gradient(fake.map(), fake.factor, values.numpy(), upstream.numpy())
    assert fake.clip.high_growth is not None and fake.clip.high_growth.grad is not None
    np.testing.assert_allclose(fake.clip.high_growth.grad, expected, rtol=2e-3, atol=1e-4)


def _growth_gradient(
    chosen: AffineMap, factor: float, values: np.ndarray, upstream: np.ndarray
) -> np.ndarray:
    """d loss / d log(beta) of every slice: by scale and by zero-point, both of which beta moves."""
    lowest, highest = (-3, 3) if chosen.symmetric else (0, 7)
    scale, point = chosen.spread(chosen.scale), chosen.spread(chosen.zero_point).astype(float)
    v = values / scale
    inside = (v + point > lowest) & (v + point < highest)
    code = np.clip(np.rint(v) + point, lowest, highest) - point
    by_scale = upstream * np.where(inside, code - v, code)
    by_point = upstream * np.where(inside, 0, -scale)

    def summed(of_values: np.ndarray) -> np.ndarray:
        sums = [block.sum(1) for block in chosen.grain.blocks(of_values)]
        return chosen.grain.join(sums, values.shape)

    slope = chosen.beta / highest  # d scale / d log(beta)
    found = summed(by_scale) * slope
    if not chosen.symmetric:
        found = found + summed(by_point) * chosen.alpha / chosen.scale**2 * slope
    return factor * found


def test_an_end_at_zero_stays_there() -> None:
    clip = Clip(0.0, 2.0, bits=8, symmetric=False, learned=True, halves=False)
    scale, point = clip.steps()
    assert point is not None
    (scale + point).backward()
    for parameter in clip.parameters():
        parameter.data += 0.5
    alpha, beta = clip.ends()
    assert alpha.item() == 0.0
    assert beta.item() == pytest.approx(2 * np.exp(0.5))


def test_a_slice_of_zeros_begins_with_its_neighbours_range() -> None:
    values = torch.tensor([[0.0, 0.0], [1.0, -2.0], [0.5, 4.0]])
    fake = FakeTensor(values, QuantScheme(grain=PerChannel(0)), learned=True)
    assert fake.map().beta.tolist() == [2.0, 2.0, 4.0]
    nothing = FakeTensor(torch.zeros(2, 2), QuantScheme(), learned=True)
    assert nothing.map().beta == 1.0


def test_rows_take_their_own_scale_and_pass_every_gradient() -> None:
    x = torch.tensor([[0.0, 0.0, 0.0], [-2.0, 0.011, 1.01], [1e-3, 0.0, -4e-4]], requires_grad=True)
    found = rounded_by_row(x, nonnegative=False)
    found.sum().backward()
    assert x.grad is not None
    assert (x.grad == 1).all()
    expected = [[0, 0, 0], [-2, 2 / 127, 64 * 2 / 127], [1e-3, 0, -51e-3 / 127]]
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-6)


def test_rows_that_are_never_negative_spend_all_codes_above_zero() -> None:
    x = torch.tensor([[0.0, 0.0], [0.013, 5.1]])
    found = rounded_by_row(x, nonnegative=True)
    np.testing.assert_allclose(found, [[0, 0], [0.02, 5.1]], rtol=1e-6)
