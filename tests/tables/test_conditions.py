"""Conditions on rows: what they leave, and what they refuse to be."""

import pandas as pd
import pytest

from emoray.tables.best import best
from emoray.tables.conditions import rows_where

POINTS = pd.DataFrame(
    {
        "point": ["a", "b", "c", "d"],
        "corpus": "x",
        "size_bytes": [100_000, 200_000, 300_000, 400_000],
        "dev_ece": [0.01, 0.02, None, 0.001],
        "dev_macro_f1": [0.5, 0.501, 0.55, 0.6],
        "latency_p50_ms": [None, 1.0, 2.0, None],
        "dev_nll": [None, None, None, None],
        "bits": [4, 8, 32, 32],
        "scheme": ["int4", "int8", "float32", "float32"],
        "on_front": [True, False, True, False],
        "temperature_rule": "fitted",
        "family": "glove",
    }
)
LEFT = {
    "size_bytes < 300_000": "ab",
    "size_bytes < 500_000 and dev_ece < 0.01": "d",
    "200_000 <= size_bytes <= 300_000": "bc",
    "not size_bytes > 100_000": "a",
    "~(size_bytes > 100_000) | (bits == 8)": "ab",
    "(scheme == 'float32') & (size_bytes > 300_000)": "d",
    "bits in [4, 8] or on_front": "abc",
    "bits not in (4, 8)": "cd",
    "latency_p50_ms > 0.5": "bc",
    "not latency_p50_ms > 1.5": "b",
    "size_bytes > -1": "abcd",
    "on_front": "ac",
}
REFUSED = {
    "test_macro_f1 > 0.5": "rows are chosen on dev, test only reports, got a condition on test_m",
    "nearest_front_change > 0": "rows are chosen on dev, test only reports",
    "distinguishable": "rows are chosen on dev, test only reports",
    "size < 3": r"names columns of points, got 'size': run\.describe\('points'\) lists them",
    "dev_nll < 1": "got dev_nll, which this run has of no row: leave it out, or run the same",
    "size_bytes": "a condition is made of comparisons of columns, got 'size_bytes': write it like",
    "size_bytes <": "a condition is made of comparisons of columns, got 'size_bytes <'",
    "1 < 2": "a comparison has a column on one side, got '1 < 2'",
    "size_bytes < 'small'": "numbers compare with numbers, words with words",
    "scheme < 3": "numbers compare with numbers, words with words",
    "bits in 4": "`in` asks whether a column is in a list",
    "bits is 4": "a condition compares with <, <=, >, >=, ==, != or in",
    "size_bytes < max(bits)": "a condition compares columns with numbers or quoted words",
    "__import__('os').system('true') == 0": "a condition compares columns with numbers or quoted",
    "@size_bytes < 3": "a condition is made of comparisons of columns",
    "size_bytes.values < 3": "a condition compares columns with numbers or quoted words",
    "(lambda: size_bytes)() < 3": "a condition compares columns with numbers or quoted words",
    "": "a condition is text of 1 to 1000 signs, got ''",
    "size_bytes < 10": "a choice needs rows that are left, got none of 4 where 'size_bytes < 10'",
    "(" * 400 + "bits" + ")" * 400 + " < 3": "a condition is made of comparisons of columns",
}


@pytest.mark.parametrize("condition", LEFT)
def test_a_condition_leaves_the_rows_that_meet_it(condition: str) -> None:
    assert "".join(rows_where(POINTS, condition)["point"]) == LEFT[condition]


@pytest.mark.parametrize("condition", REFUSED, ids=lambda c: c[:30])
def test_what_is_no_condition_on_dev_is_refused_in_one_short_line(condition: str) -> None:
    with pytest.raises(ValueError, match=REFUSED[condition]) as refused:
        rows_where(POINTS, condition)
    assert len(str(refused.value)) < 300 and "\n" not in str(refused.value)


def test_the_best_score_is_that_of_the_rows_that_meet_the_condition() -> None:
    assert best(POINTS, within=1.0)["point"] == "d"
    assert best(POINTS, within=1.0, where="size_bytes < 300_000")["point"] == "a"
    assert best(POINTS, within=0.05, where="size_bytes < 300_000")["point"] == "b"
