import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emoray.tables.front import on_front, pareto_mask, picks
from emoray.tables.point_rows import PointRow
from tests.tables.made import blanks

FEW_VALUES = st.sampled_from([0.0, -0.0, 0.5, 1.0, 2.0, -3.0, float("inf"), float("-inf")])


def dominated(costs_NM: np.ndarray, row: np.ndarray) -> bool:
    """The definition: some row is nowhere worse and somewhere better."""
    return any((other <= row).all() and (other < row).any() for other in costs_NM)


@given(
    st.integers(1, 4).flatmap(
        lambda m: arrays(float, st.tuples(st.integers(0, 25), st.just(m)), elements=FEW_VALUES)
    )
)
def test_the_front_is_what_the_definition_says(costs_NM: np.ndarray) -> None:
    told = [not dominated(costs_NM, row) for row in costs_NM]
    assert pareto_mask(costs_NM).tolist() == told


def test_equal_rows_stand_together() -> None:
    costs = np.array([[1, 2], [1, 2], [2, 1], [2, 2]])
    assert pareto_mask(costs).tolist() == [True, True, True, False]


@pytest.mark.parametrize("columns", [2, 3])
def test_the_front_of_a_hundred_thousand_rows_holds_no_dominated_row(columns: int) -> None:
    costs = np.random.default_rng(0).random((100_000, columns))
    mask = pareto_mask(costs)
    front = costs[mask]
    assert not any(dominated(front, row) for row in front)
    some = costs[~mask][::997]
    assert all(dominated(front, row) for row in some)


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match=r"costs must be numbers, got NaN in 1 rows: drop failed"):
        pareto_mask(np.array([[0.0, 1.0], [np.nan, 0.0]]))


def test_costs_without_columns_are_refused() -> None:
    with pytest.raises(ValueError, match=r"costs are rows x columns, got shape \(3,\)"):
        pareto_mask(np.zeros(3))


def points(*rows: tuple[str, float, float, float | None]) -> pd.DataFrame:
    """Rows of (point, size in KB, dev score, latency or None)."""
    columns = ["point", "size_bytes", "dev_macro_f1", "latency_p50_ms"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["size_bytes"] *= 1000
    frame["latency_p50_ms"] = frame["latency_p50_ms"].astype(float)
    return frame.assign(**{k: v for k, v in blanks(PointRow).items() if k not in columns})


def test_picks_are_best_smallest_and_fastest_within_a_point() -> None:
    found = picks(
        points(
            ("a", 900, 0.600, 3.0),
            ("b", 300, 0.592, 2.0),
            ("c", 400, 0.595, 1.0),
            ("d", 100, 0.580, 0.1),
        )
    )
    assert {name: pick.row["point"] for name, pick in found.items()} == {
        "best": "a",
        "smallest within 1 point": "b",
        "fastest": "c",
    }


def test_what_is_faster_off_the_front_is_not_picked() -> None:
    rows = points(("a", 900, 0.600, 3.0), ("b", 300, 0.595, 2.0), ("c", 400, 0.594, 1.0))
    rows["model"] = rows["point"]
    fastest = picks(rows)["fastest"]
    assert fastest.row["point"] == "b"
    assert "of 2 timed models of the front" in fastest.reason


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(*[st.integers(1, 6)] * 3), min_size=1, max_size=12), st.data())
def test_every_pick_stands_on_the_front(
    rows: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    frame = points(*((f"{n}", kb, dev / 200, ms) for n, (kb, dev, ms) in enumerate(rows)))
    kinds = st.sampled_from(["fitted", "fixed"])
    frame["temperature_rule"] = [data.draw(kinds) for _ in rows]
    found = picks(frame)
    assert {"best", "smallest within 1 point", "fastest"} == set(found)
    front = set(frame.loc[on_front(frame), "point"])
    assert {pick.row["point"] for pick in found.values()} <= front
    best, smallest = found["best"].row, found["smallest within 1 point"].row
    assert best["dev_macro_f1"] == frame["dev_macro_f1"].max()
    near = frame[frame["dev_macro_f1"] >= best["dev_macro_f1"] - 0.01]
    assert smallest["size_bytes"] == near["size_bytes"].min()


def test_a_baseline_stands_beside_the_front_whatever_it_earns() -> None:
    rows = points(("a", 900, 0.60, 3.0), ("b", 100, 0.99, 0.1))
    rows["family"] = ["glove", "baseline"]
    assert on_front(rows).tolist() == [True, False]
    assert {pick.row["point"] for pick in picks(rows).values()} == {"a"}


def test_picks_are_chosen_on_dev_whatever_test_says() -> None:
    rows = points(("a", 900, 0.60, None), ("b", 900, 0.61, None))
    rows["test_macro_f1"] = [0.9, 0.1]
    assert picks(rows)["best"].row["point"] == "b"


def test_without_latency_nothing_is_called_fastest() -> None:
    assert set(picks(points(("a", 1, 0.5, None)))) == {"best", "smallest within 1 point"}


def test_of_rows_that_weigh_and_earn_the_same_the_calibrated_one_is_picked() -> None:
    rows = points(("a", 300.0, 0.6, None), ("b", 300.0, 0.6, None), ("c", 300.0, 0.595, None))
    rows["temperature_rule"] = ["fixed", "fitted", "fitted"]
    assert on_front(rows).tolist() == [True, True, False], "equal rows stand together"
    assert {p.row["point"] for p in picks(rows).values()} == {"b"}


def test_rows_without_a_score_are_never_picked() -> None:
    rows = points(("a", 300, float("nan"), None), ("b", 900, 0.5, None))
    assert {p.row["point"] for p in picks(rows).values()} == {"b"}
    assert picks(rows[:1]) == {}


def test_a_pick_says_in_words_what_it_costs_and_earns() -> None:
    rows = points(("a", 300, 0.6, 0.25)).assign(
        test_macro_f1=0.59, test_macro_f1_low=0.58, test_macro_f1_high=0.6
    )
    assert picks(rows)["best"].sentence == (
        "The highest cross-fitted dev macro-F1: test macro-F1 0.590 [0.580, 0.600] in 300 KB, "
        "250 µs a text."
    )


def test_rows_of_two_taxonomies_are_not_compared() -> None:
    rows = points(("a", 1, 0.5, None), ("b", 1, 0.5, None)).assign(taxonomy=["ekman", "sentiment"])
    with pytest.raises(ValueError, match=r"rows of one corpus and taxonomy, got .*filter"):
        picks(rows)
