import numpy as np
import pytest

from emoray.quant.granularity import Grain, PerChannel, PerGroup, PerTensor

SHAPE = (7, 5, 3)
GRAINS = [
    PerTensor(),
    *(PerChannel(axis) for axis in (0, 1, -1)),
    *(PerGroup(size, axis) for size in (2, 3, 64) for axis in (0, 1, -1)),
]


@pytest.mark.parametrize("grain", GRAINS, ids=str)
def test_each_value_meets_the_parameter_of_its_own_slice(grain: Grain) -> None:
    values = np.random.default_rng(0).normal(size=SHAPE)
    blocks = grain.blocks(values)
    assert sum(block.size for block in blocks) == values.size
    greatest = grain.join([block.max(axis=1) for block in blocks], SHAPE)
    spread = np.broadcast_to(grain.spread(greatest, SHAPE), SHAPE)
    assert (values <= spread).all()
    assert (values == spread).sum() == greatest.size  # every slice's greatest value meets itself


@pytest.mark.parametrize(
    "grain, compact",
    [
        (PerTensor(), ()),
        (PerChannel(0), (7,)),
        (PerChannel(), (3,)),
        (PerGroup(2), (4, 5, 3)),
        (PerGroup(2, -1), (7, 5, 2)),
    ],
    ids=str,
)
def test_parameters_have_the_documented_compact_shape(
    grain: Grain, compact: tuple[int, ...]
) -> None:
    blocks = grain.blocks(np.ones(SHAPE))
    assert grain.join([block[:, 0] for block in blocks], SHAPE).shape == compact


def test_the_last_group_may_be_shorter() -> None:
    column = np.arange(7.0)[:, None]
    whole, tail = PerGroup(3).blocks(column)
    np.testing.assert_array_equal(whole, [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(tail, [[6]])


def test_grains_print_short_and_apart() -> None:
    names = [str(grain) for grain in GRAINS]
    assert len(set(names)) == len(names)
    assert [str(PerTensor()), str(PerChannel()), str(PerGroup())] == [
        "tensor",
        "channel",
        "group32",
    ]
    assert [str(PerChannel(0)), str(PerGroup(16, -1))] == ["row", "rowgroup16"]


@pytest.mark.parametrize("size", [1, 0, -4, 2.5, True])
def test_a_group_holds_at_least_two_values(size: int) -> None:
    with pytest.raises(ValueError, match="size must be a whole number from 2, got"):
        PerGroup(size)


@pytest.mark.parametrize("grain", [PerChannel(2), PerGroup(4, -3)], ids=str)
def test_an_axis_the_tensor_lacks_is_refused(grain: Grain) -> None:
    with pytest.raises(
        ValueError, match=r"axis must exist in the tensor: .* choose an axis in -2..1"
    ):
        grain.blocks(np.ones((3, 4)))
