"""What an ensemble's row has of its members' rows."""

from typing import Any

import pytest

from emoray.stages.ensemble_columns import AGGREGATED, HOW, aggregate
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.schema import schema_of
from tests.tables.made import blanks


def members(**columns: tuple[Any, Any]) -> list[dict[str, Any]]:
    """Two models that differ in these columns."""
    return [blanks(MeasuredPointRow) | {n: c[i] for n, c in columns.items()} for i in (0, 1)]


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("scheme", ("int8", "int4"), "int8 & int4"),
        ("scheme", ("int8", "int8"), "int8"),
        ("execution", ("float", "integer kernels"), "mixed"),
        ("execution", ("float", "float"), "float"),
        ("seed", (3, 1), 3),
        ("parameters", (100, 50), 150),
        ("layers", (1, 4), 4),
        ("truncated_share", (0.25, 0.5), 0.5),
        ("symmetric", (True, False), False),
        ("quantized_bytes_share", (1.0, 0.0), 0.25),
    ],
    ids=str,
)
def test_an_ensemble_has_a_column_as_its_row_class_says(
    column: str, values: tuple[Any, Any], found: Any
) -> None:
    assert aggregate(members(**{column: values}), sizes=[100, 300])[column] == found


def test_nothing_is_aggregated_of_what_an_ensemble_earns_itself() -> None:
    found = aggregate(members(), sizes=[1, 1])
    assert set(found) == set(AGGREGATED) < set(schema_of(MeasuredPointRow).names)
    assert set(HOW) == set(AGGREGATED.values()), "every way is used"
    own = {"point", "family", "recipe", "model", "temperature", "test_macro_f1", "size_bytes"}
    assert not own & set(found)
