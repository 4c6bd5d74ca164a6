from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoray.quant import allocation
from emoray.quant.allocation import allocate

option = st.tuples(st.integers(1, 60), st.integers(0, 1000))
parts = st.lists(st.lists(option, min_size=1, max_size=4), min_size=1, max_size=4)


def totals(options: list[list[tuple[int, int]]], chosen: list[int]) -> tuple[int, int]:
    taken = [part[i] for part, i in zip(options, chosen, strict=True)]
    return sum(b for b, _ in taken), sum(e for _, e in taken)


def run(options: list[list[tuple[int, int]]], budget: int) -> tuple[int, int]:
    """Bytes and error of what `allocate` chooses."""
    bytes_of = [[b for b, _ in part] for part in options]
    errors_of = [[float(e) for _, e in part] for part in options]
    return totals(options, allocate(bytes_of, errors_of, budget))


@settings(max_examples=30, deadline=None)
@given(parts, st.integers(0, 200))
def test_no_other_assignment_within_the_budget_errs_less(
    options: list[list[tuple[int, int]]], above: int
) -> None:
    budget = sum(min(b for b, _ in part) for part in options) + above
    spent, error = run(options, budget)
    every = [totals(options, list(c)) for c in product(*(range(len(part)) for part in options))]
    assert spent <= budget
    assert error == min(e for b, e in every if b <= budget)


@settings(max_examples=30, deadline=None)
@given(parts, st.integers(0, 200), st.integers(0, 200))
def test_a_greater_budget_never_errs_more(
    options: list[list[tuple[int, int]]], above: int, more: int
) -> None:
    budget = sum(min(b for b, _ in part) for part in options) + above
    assert run(options, budget + more)[1] <= run(options, budget)[1]


def test_states_beyond_the_limit_are_thinned_within_the_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(0)
    sizes = random.integers(1000, 9000, 12)
    bytes_of = [[int(size) * bits for bits in (2, 3, 4, 8)] for size in sizes]
    errors_of = [[0.2, 0.05, 0.01, 0.0001 * float(size)] for size in sizes]
    budget = sum(row[1] for row in bytes_of)

    def error_and_bytes() -> tuple[float, int]:
        chosen = allocate(bytes_of, errors_of, budget)
        return (
            sum(row[i] for row, i in zip(errors_of, chosen, strict=True)),
            sum(row[i] for row, i in zip(bytes_of, chosen, strict=True)),
        )

    exact, _ = error_and_bytes()
    monkeypatch.setattr(allocation, "LIMIT", 500)
    thinned, spent = error_and_bytes()
    assert spent <= budget
    assert exact <= thinned <= 1.1 * exact


def test_a_budget_below_the_cheapest_options_is_refused() -> None:
    with pytest.raises(ValueError, match="cheapest option of every part, 30 bytes, got 29: allow"):
        allocate([[10, 20], [20]], [[1.0, 0.5], [0.0]], 29)
