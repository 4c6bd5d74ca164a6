"""What a table and its columns mean, as data: from the row classes, with units from the names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from emoray.tables.fields import LOGITS, PROBABILITY, SHARE
from emoray.tables.parts import KEYS
from emoray.tables.schema import schema_of

BETTER = {"maximize": "higher", "minimize": "lower", "": ""}
UNITS = {  # by a word of a name, the last or the first
    "bytes": "bytes",
    "mb": "MB (1,000,000 bytes)",
    "ms": "milliseconds",
    "milliseconds": "milliseconds",
    "seconds": "seconds",
    "second": "a second",
    "db": "decibel",
    "share": SHARE,
    "nll": "nats",
    "cut": LOGITS,
    "p": PROBABILITY,
    "probability": PROBABILITY,
    "threshold": PROBABILITY,
    "brier": "squared probability, 0 to 1",
}
WIDTH = 24  # of an example
SHARES = {"f1", "precision", "recall", "ece"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDoc:
    """One column, for people to read. better: higher, lower or nothing."""

    column: str
    type: str
    nullable: bool
    better: str
    unit: str
    description: str


def unit_of(field: pa.Field) -> str:
    """The unit of a column, of its row class or by its name; none for text, flags and counts."""
    if unit := (field.metadata or {}).get(b"unit"):
        return str(unit.decode())
    if not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type)):
        return ""
    words = field.name.split("_")
    if by_name := next((word for word in (words[-1], words[0]) if word in UNITS), None):
        return UNITS[by_name]
    return SHARE if pa.types.is_floating(field.type) and SHARES & set(words) else ""


def column_docs(row_class: type) -> tuple[ColumnDoc, ...]:
    """Every column of a table, in its order."""
    found = []
    for field in schema_of(row_class):
        metadata = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
        kind = re.sub(r"list<\w+: (\w+)>", r"list of \1", str(field.type))
        found.append(
            ColumnDoc(
                column=field.name,
                type=kind,
                nullable=field.nullable,
                better=BETTER[metadata.get("direction", "")],
                unit=unit_of(field),
                description=metadata["description"],
            )
        )
    return tuple(found)


def about(row_class: type) -> str:
    """What one row of the table is."""
    return str((schema_of(row_class).metadata or {})[b"description"].decode())


def row_key(table: str) -> str:
    """The columns that name a row, comma-separated; empty where none do."""
    return ", ".join(KEYS.get(table, ()))


def cell_text(value: Any) -> str:
    """A value, short enough for a cell."""
    if isinstance(value, list):
        head = ", ".join(cell_text(v) for v in value[:2])
        return f"[{head}, … {len(value)}]" if len(value) > 2 else f"[{head}]"
    text = f"{value:.6g}" if isinstance(value, float) else "null" if value is None else str(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def example(columns: Mapping[str, pa.ChunkedArray], name: str) -> str:
    """The first value of a column that is not empty, shortened; empty where there is none."""
    column = columns[name].drop_null()
    for value in column[:1000].to_pylist():
        if value not in ("", []):
            return cell_text(value)
    return ""
