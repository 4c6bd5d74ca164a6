import numpy as np
import pytest

from emoray.export.calibrate import activations, static_ranges
from emoray.quant.ranges import MinMax, Percentile, Ranges
from emoray.quant.scheme import FLOAT, ModelScheme, QuantScheme, Static
from tests.export.made import forward, network, texts

NET, TEXTS = network(), texts(count=150)


def watched() -> dict[str, np.ndarray]:
    """Rows that each product reads, from NumPy."""
    seen: dict[str, list[np.ndarray]] = {}

    def note(name: str, rows: np.ndarray) -> np.ndarray:
        seen.setdefault(name, []).append(rows)
        return rows

    forward(NET, TEXTS, note)
    return {name: np.concatenate(rows) for name, rows in seen.items()}


def test_activations_are_what_products_read_padding_left_out() -> None:
    batches = list(activations(NET, TEXTS))
    assert len(batches) > 1
    for name, expected_RI in watched().items():
        found_RI = np.concatenate([batch[name] for batch in batches])
        assert found_RI.shape == expected_RI.shape
        assert np.allclose(np.sort(found_RI, 0), np.sort(expected_RI, 0), atol=1e-5)


@pytest.mark.parametrize("ranges", [MinMax(), Percentile(99)], ids=str)
def test_ranges_are_chosen_over_all_that_was_read(ranges: Ranges) -> None:
    scheme = ModelScheme(dense=QuantScheme(), activations=Static(ranges=ranges))
    found = static_ranges(NET, TEXTS, scheme)
    assert set(found) == set(NET.weights()) - {"embedding"}
    for name, rows_RI in watched().items():
        alpha_S, beta_S = ranges.of(rows_RI.reshape(1, -1).astype(np.float32), False, 8)
        assert found[name] == pytest.approx((alpha_S[0], beta_S[0]), abs=1e-5)


def test_other_schemes_need_no_ranges() -> None:
    assert static_ranges(NET, TEXTS, FLOAT) is None
