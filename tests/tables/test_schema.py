from dataclasses import dataclass

import pyarrow as pa
import pytest

from emoray.tables.parts import KEYS
from emoray.tables.point_rows import PointRow
from emoray.tables.rows import TABLES, LayerRow, note
from emoray.tables.schema import schema_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRow:
    """A row no table can hold."""

    day: complex = note("of no Arrow type")


@pytest.mark.parametrize("row_class", TABLES.values(), ids=TABLES)
def test_every_column_has_a_type_and_a_description(row_class: type) -> None:
    for field in schema_of(row_class):
        assert field.type != pa.null()
        assert field.metadata[b"description"]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_keyed_by_columns_of_its_own(table: str) -> None:
    assert set(KEYS[table]) <= set(schema_of(TABLES[table]).names)
    assert set(KEYS) == set(TABLES)


def test_types_and_nulls_follow_the_row_class() -> None:
    schema = schema_of(PointRow)
    assert schema.field("seed").type == pa.int64()
    assert schema.field("on_front").type == pa.bool_()
    assert schema.field("latency_p50_ms").nullable
    assert not schema.field("dev_macro_f1").nullable
    assert schema_of(LayerRow).field("histogram").type == pa.list_(pa.int64())


def test_objectives_say_which_way_is_better() -> None:
    schema = schema_of(PointRow)
    assert schema.field("dev_macro_f1").metadata[b"direction"] == b"maximize"
    assert schema.field("size_bytes").metadata[b"direction"] == b"minimize"
    assert b"direction" not in schema.field("point").metadata


def test_a_type_without_an_arrow_type_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a column is one of str, .* got .*complex.* for day"):
        schema_of(DatedRow)
