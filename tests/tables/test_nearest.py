"""Which row of the front a row is held against, and whether the two can be told apart."""

import time

import numpy as np
import pandas as pd
import pytest

from emoray.tables.front import on_front
from emoray.tables.nearest import NONE, nearest_front, with_nearest

B = 300


def frame(rows: list[tuple[str, str, int, float]], **columns: object) -> pd.DataFrame:
    """Rows of (point, model, bytes, dev macro-F1) with their front."""
    found = pd.DataFrame(rows, columns=["point", "model", "size_bytes", "dev_macro_f1"])
    found = found.assign(
        corpus="c", taxonomy="t", family="glove", test_macro_f1=found["dev_macro_f1"]
    )
    found = found.assign(**columns)
    return found.assign(on_front=on_front(found))


def named(points: pd.DataFrame) -> dict[str, str]:
    """Point -> the point it is held against, empty for none."""
    places = nearest_front(points)
    names = points["point"].tolist()
    return {p: "" if i == NONE else names[i] for p, i in zip(names, places, strict=True)}


def test_a_row_off_the_front_is_held_against_the_largest_that_needs_no_more() -> None:
    points = frame(
        [("a", "m", 100, 0.5), ("b", "n", 200, 0.6), ("c", "o", 150, 0.4), ("d", "p", 300, 0.55)]
    )
    assert points["on_front"].tolist() == [True, True, False, False]
    assert named(points)["c"] == "a" and named(points)["d"] == "b"


def test_a_row_of_the_front_is_held_against_its_neighbour_of_another_model() -> None:
    points = frame(
        [("a", "m", 100, 0.5), ("a2", "m", 101, 0.51), ("b", "n", 190, 0.6), ("c", "o", 400, 0.7)]
    )
    found = named(points)
    assert found["a"] == "b" and found["a2"] == "b", "not its own model's other decision"
    assert found["b"] == "a2", "nearer by ratio than c"
    assert found["c"] == "b"


def test_a_front_of_one_model_has_no_neighbour() -> None:
    points = frame([("a", "m", 100, 0.5), ("b", "n", 200, 0.4)])
    assert named(points) == {"a": "", "b": "a"}


def test_corpora_and_taxonomies_keep_apart() -> None:
    points = frame(
        [("a", "m", 100, 0.5), ("b", "n", 200, 0.4), ("c", "o", 50, 0.9)],
        taxonomy=["t", "t", "other"],
    )
    assert named(points) == {"a": "", "b": "a", "c": ""}


def test_the_smallest_of_all_rows_is_the_front_of_its_equals() -> None:
    points = frame([("a", "m", 100, 0.5), ("b", "n", 100, 0.4), ("c", "o", 100, 0.5)])
    assert named(points) == {"a": "c", "b": "a", "c": "a"}


def drawn(
    points: pd.DataFrame, seed: int = 0, noise: float = 0.01
) -> dict[str, dict[str, np.ndarray]]:
    """How far scores in resamples deviate from those on test, luck shared by all rows."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(scale=0.05, size=B)
    found: dict[str, dict[str, np.ndarray]] = {}
    for row in points.itertuples():
        own = rng.normal(scale=noise, size=B)
        found.setdefault(row.model, {})[row.point] = shared + own
    return found


def test_a_difference_is_told_from_luck_by_its_paired_interval() -> None:
    points = frame([("a", "m", 100, 0.5), ("b", "n", 200, 0.499), ("c", "o", 300, 0.4)])
    said = drawn(points)
    found = pd.DataFrame(with_nearest(points, lambda model: said[model]))
    assert found["nearest_front"].tolist() == ["", "a", "a"]
    assert found["distinguishable"].tolist() == [None, False, True]
    assert found["nearest_front_change"][2] == pytest.approx(-0.1)
    low, high = found["nearest_front_low"][2], found["nearest_front_high"][2]
    assert low < -0.1 < high < 0 and high - low < 0.1, "what both share is no part of it"
    assert found.loc[0, ["nearest_front_change", "nearest_front_low"]].isna().all()


def test_where_a_models_resamples_are_gone_the_row_says_nothing() -> None:
    points = frame([("a", "m", 100, 0.5), ("b", "n", 200, 0.4), ("c", "o", 300, 0.3)])
    said = drawn(points)
    found = pd.DataFrame(with_nearest(points, lambda model: said[model] if model != "n" else {}))
    assert found["nearest_front"].tolist() == ["", "a", "a"]
    assert found["distinguishable"].tolist() == [None, None, True]
    gone = pd.DataFrame(with_nearest(points, lambda model: said[model] if model != "m" else {}))
    assert gone["nearest_front_change"].isna().all() and gone["distinguishable"].isna().all()


def test_rows_that_decide_alike_are_not_distinguishable() -> None:
    points = frame([("a", "m", 100, 0.5), ("b", "n", 200, 0.5)])
    same = np.linspace(-0.1, 0.1, B)
    found = with_nearest(points, lambda model: {"a": same, "b": same})
    assert found["distinguishable"][1] is False and found["nearest_front_low"][1] == 0


def test_sixty_thousand_rows_take_seconds() -> None:
    rng = np.random.default_rng(0)
    models, each = 330, 180
    points = pd.DataFrame(
        {
            "point": [f"p{m}-{r}" for m in range(models) for r in range(each)],
            "model": np.repeat([f"m{m}" for m in range(models)], each),
            "size_bytes": np.repeat(rng.integers(10**5, 10**6, models), each),
            "dev_macro_f1": rng.random(models * each),
            "corpus": "c",
            "taxonomy": "t",
            "family": "glove",
        }
    )
    points = points.assign(test_macro_f1=points["dev_macro_f1"], on_front=on_front(points))
    noise_RB = rng.normal(size=(each, B)).astype(np.float32)
    started = time.process_time()
    found = with_nearest(points, lambda m: {f"p{m[1:]}-{r}": noise_RB[r] for r in range(each)})
    assert time.process_time() - started < 10
    assert (found["nearest_front"] != "").all()
