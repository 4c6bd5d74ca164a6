import numpy as np
import pytest

from emoray.export.calibrate import token_counts
from emoray.export.encoder.calibrate import MOST_TEXTS, encoder_input_moments, encoder_static_ranges
from emoray.export.encoder.network import Encoder
from emoray.quant.granularity import PerChannel
from emoray.quant.ranges import Percentile
from emoray.quant.scheme import FLOAT, ModelScheme, QuantScheme, Static
from tests.export.encoder.made import TOKENS, encoder, forward, rebuilt, texts

NET, TEXTS = encoder(activation="relu"), texts()
BY_FIRST = encoder(activation="relu", pooling="cls")
POOLINGS = pytest.mark.parametrize("net", [NET, BY_FIRST], ids=["mean", "cls"])
EIGHT = QuantScheme(grain=PerChannel(-1))


def read_by_products(net: Encoder) -> dict[str, np.ndarray]:
    """The rows that each product reads, computed by NumPy."""
    seen: dict[str, list[np.ndarray]] = {}

    def watch(name: str, rows: np.ndarray) -> np.ndarray:
        seen.setdefault(name, []).append(rows)
        return rows

    forward(net, TEXTS, rebuilt(net, FLOAT), watch)
    return {name: np.concatenate(rows) for name, rows in seen.items()}


@POOLINGS
def test_ranges_are_the_least_and_greatest_value_at_tokens_that_are_read(net: Encoder) -> None:
    scheme = ModelScheme(dense=EIGHT, activations=Static())
    found = encoder_static_ranges(net, TEXTS, scheme)
    expected = read_by_products(net)
    assert found is not None and set(found) == set(expected)
    for name, rows in expected.items():
        assert found[name] == pytest.approx((min(rows.min(), 0), max(rows.max(), 0)), abs=1e-4)
    assert found["layer0.query"] == found["layer0.key"] == found["layer0.value"]


def test_ranges_are_chosen_as_the_scheme_asks() -> None:
    plain = encoder_static_ranges(NET, TEXTS, ModelScheme(dense=EIGHT, activations=Static()))
    clipped = encoder_static_ranges(
        NET, TEXTS, ModelScheme(dense=EIGHT, activations=Static(ranges=Percentile(99)))
    )
    assert plain is not None and clipped is not None
    assert clipped["head"][1] < plain["head"][1]


def test_other_activations_need_no_ranges() -> None:
    assert encoder_static_ranges(NET, TEXTS, FLOAT) is None


@POOLINGS
def test_moments_are_mean_squares_of_each_input(net: Encoder) -> None:
    found = encoder_input_moments(net, TEXTS)
    for name, rows_RI in read_by_products(net).items():
        assert np.allclose(found[name], np.square(rows_RI).mean(axis=0), rtol=1e-3)


def test_tokens_are_counted_without_padding() -> None:
    counts_V = token_counts(len(NET.embedding_VR), TEXTS)
    assert counts_V.shape == (TOKENS,) and counts_V[0] == 0
    assert counts_V.sum() == sum(TEXTS.lengths)


def test_of_many_texts_some_are_watched() -> None:
    many = texts(MOST_TEXTS + 60)
    assert encoder_input_moments(NET, many)["head"].shape == (32,)
