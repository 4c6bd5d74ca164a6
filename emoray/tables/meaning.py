"""What a table and its columns mean, as data: from the row classes, with units from the names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from emoray.tables.parts import KEYS
from emoray.tables.schema import schema_of

BETTER = {"maximize": "higher", "minimize": "lower", "": ""}
UNITS = {  # the last word of a name that says it
    "bytes": "bytes",
    "mb": "MB (1,000,000 bytes)",
    "ms": "milliseconds",
    "milliseconds": "milliseconds",
    "seconds": "seconds",
    "db": "decibel",
    "share": "share, 0 to 1",
}
WIDTH = 24  # of an example
SCORES = {"f1", "precision", "recall", "ece", "brier", "probability", "threshold", "p"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column, for people to read. better: higher, lower or nothing."""

    column: str
    type: str
    nullable: bool
    better: str
    unit: str
    description: str


def unit_of(name: str, kind: pa.DataType) -> str:
    """The unit that a column's name says; nothing for text, flags and plain counts."""
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return ""
    words = name.split("_")
    if said := next((word for word in (words[-1], words[0]) if word in UNITS), None):
        return UNITS[said]
    if pa.types.is_floating(kind) and SCORES & set(words):
        signed = {"change", "low", "high"} & set(words)
        return "share, -1 to 1" if signed and "change" in name else "share, 0 to 1"
    return ""


def columns_of(row_class: type) -> tuple[Column, ...]:
    """Every column of a table, in its order."""
    found = []
    for field in schema_of(row_class):
        told = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
        kind = re.sub(r"list<\w+: (\w+)>", r"list of \1", str(field.type))
        found.append(
            Column(
                column=field.name,
                type=kind,
                nullable=field.nullable,
                better=BETTER[told.get("direction", "")],
                unit=unit_of(field.name, field.type),
                description=told["description"],
            )
        )
    return tuple(found)


def about(row_class: type) -> str:
    """What one row of the table is."""
    return str((schema_of(row_class).metadata or {})[b"description"].decode())


def key_of(table: str) -> str:
    """The columns that name a row, comma-separated; empty where none do."""
    return ", ".join(KEYS.get(table, ()))


def shown(value: Any) -> str:
    """A value, short enough for a cell."""
    if isinstance(value, list):
        head = ", ".join(shown(v) for v in value[:2])
        return f"[{head}, … {len(value)}]" if len(value) > 2 else f"[{head}]"
    text = f"{value:.6g}" if isinstance(value, float) else "null" if value is None else str(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def example(columns: Mapping[str, pa.ChunkedArray], name: str) -> str:
    """The first value of a column that says something, short; nothing where there is none."""
    column = columns[name].drop_null()
    for value in column[:1000].to_pylist():
        if value not in ("", []):
            return shown(value)
    return ""
