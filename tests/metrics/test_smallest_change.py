"""The smallest change that could be seen: by definition, and by how often it is."""

import numpy as np
import pytest

from emoray.metrics.change import MARGIN, Change
from emoray.metrics.smallest_change import NOT_DECIDABLE, decidable_verdict, smallest_change


def change(value: float, half: float, before: float = 0.3) -> Change:
    return Change(
        before=before,
        after=before + value,
        low=value - half,
        high=value + half,
        equivalence_low=value - 0.84 * half,
        equivalence_high=value + 0.84 * half,
    )


def test_a_change_of_that_size_is_found_in_four_of_five_repeats() -> None:
    error = 0.05
    least = smallest_change(change(0.0, 1.96 * error), 500)
    assert least == pytest.approx(2.8016 * error, rel=1e-3)
    repeats = np.random.default_rng(0).normal(least, error, 20_000)
    assert ((repeats - 1.96 * error) > 0).mean() == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (change(0.10, 0.05), "better"),
        (change(0.02, 0.10), "undecided"),
        (change(0.30, 0.15), NOT_DECIDABLE),  # 21 points: whatever was seen, less could not be
        (change(0.0, 0.001), "undecided"),  # 31 texts cannot show half a point
        (change(0.0, 0.0, before=0.0), NOT_DECIDABLE),  # nothing was found by either
    ],
)
def test_what_could_only_be_seen_beyond_20_points_is_not_decidable(
    found: Change, verdict: str
) -> None:
    assert decidable_verdict(found, 31, MARGIN) == verdict


def test_labels_that_neither_side_finds_have_no_smallest_change() -> None:
    assert smallest_change(change(0.0, 0.0, before=0.0), 31) is None


def test_where_both_sides_decide_alike_one_text_more_could_be_seen_at_best() -> None:
    assert smallest_change(change(0.0, 0.0), 20) == 1 / 20
    assert decidable_verdict(change(0.0, 0.0), 4, MARGIN) == NOT_DECIDABLE
    assert decidable_verdict(change(0.0, 0.001), 5000, MARGIN) == "equivalent"
