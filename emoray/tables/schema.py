"""A row class as an Arrow schema: order, types, descriptions and directions, never a null type."""

from dataclasses import Field, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pyarrow as pa

ARROW_TYPES: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    list[int]: pa.list_(pa.int64()),
    list[np.uint8]: pa.list_(pa.uint8()),
    list[np.float32]: pa.list_(pa.float32()),
}
STORED = ("description", "direction", "unit")  # of a column's metadata, in its file


def _arrow(name: str, hint: Any) -> tuple[pa.DataType, bool]:
    """The column's type, and whether a null may stand in it."""
    nullable = get_origin(hint) is UnionType and NoneType in get_args(hint)
    inner = next(a for a in get_args(hint) if a is not NoneType) if nullable else hint
    if inner not in ARROW_TYPES:
        known = ", ".join(getattr(t, "__name__", str(t)) for t in ARROW_TYPES)
        raise ValueError(
            f"a column is one of {known} or one of these `| None`, got {hint} for {name}: "
            "choose one of them"
        )
    return ARROW_TYPES[inner], nullable


def _in_order(row_class: type) -> list[Field[Any]]:
    """Fields of the class; where it joins two, those of one are placed `after` the other's."""
    ordered: list[Field[Any]] = []
    place = 0
    for column in fields(row_class):
        names = [other.name for other in ordered]
        if (after := column.metadata.get("after")) in names:
            place = names.index(after) + 1
        ordered.insert(place, column)
        place += 1
    return ordered


@cache
def schema_of(row_class: type) -> pa.Schema:
    """Build the table's schema.

    Args:
        row_class: a dataclass whose fields are made by `note`, `gain` or `cost`.

    Returns:
        The schema; a field's metadata holds its `description` and, if any, `direction` and `unit`.
    """
    hints = get_type_hints(row_class)
    columns = []
    for column in _in_order(row_class):
        kind, nullable = _arrow(column.name, hints[column.name])
        kept = {name: column.metadata[name] for name in STORED if name in column.metadata}
        columns.append(pa.field(column.name, kind, nullable, metadata=kept))
    about = (row_class.__doc__ or "").strip().splitlines()[0]
    return pa.schema(columns, metadata={"rows": row_class.__name__, "description": about})


def passed_over(row_class: type) -> frozenset[str]:
    """Columns that files of the class may have and that are not read."""
    return frozenset(vars(row_class).get("passed_over", ()))
