import base64

import numpy as np
import pandas as pd
import pytest

from emoray.report.packing import NOTHING, packed, packed_column, thousandths


def unpacked(column: dict[str, object], rows: int) -> list[object]:
    """What the page's script reads."""
    if "all" in column:
        return [column["all"]] * rows
    if "words" in column:
        words, codes = column["words"], column["codes"]
        assert isinstance(words, list) and isinstance(codes, list)
        return [None if code < 0 else words[code] for code in codes]
    values = column["values"]
    assert isinstance(values, list)
    return values


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b", "a"],
        ["a", "a", "a"],
        ["a", None, "b"],
        [1.5, None, 2.0],
        [3, 3, 3],
        [None, None, None],
    ],
    ids=str,
)
def test_a_column_is_read_as_it_was(values: list[object]) -> None:
    assert unpacked(packed_column(pd.Series(values)), len(values)) == values


def test_unknown_truth_stays_unknown() -> None:
    told = packed_column(pd.Series([True, None, False], dtype="boolean"))
    assert unpacked(told, 3) == [1, None, 0]
    assert packed_column(pd.Series([None, None], dtype=object)) == {"all": None}


def test_what_does_not_vary_is_said_once() -> None:
    told = packed(pd.DataFrame({"family": ["glove"] * 1000, "seed": range(1000)}))
    assert told["family"] == {"all": "glove"}
    assert told["seed"]["values"] == list(range(1000))


def test_bytes_keep_all_their_digits_and_scores_six() -> None:
    assert packed_column(pd.Series([123_456_789, 1]))["values"] == [123_456_789, 1]
    assert packed_column(pd.Series([0.123456789, 1]))["values"] == [0.123457, 1]


def test_thousandths_are_the_digits_that_are_shown() -> None:
    shares = np.array([[0.4326, -0.0127, np.nan], [1.0, 0.0, 0.9996]])
    read = np.frombuffer(base64.b64decode(thousandths(shares)), "<i2")
    assert read.tolist() == [433, -13, NOTHING, 1000, 0, 1000]
