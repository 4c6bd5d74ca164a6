"""Columns of a corpus' files, the common form of all formats."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Cells by column.

    Attributes:
        where: its source, for errors.
        columns: text, numbers, lists, or None for an empty cell.
        names: of the ids in a column, where the format has them.
        notes: on how the file was read, where that could be read in two ways.
    """

    where: str
    columns: dict[str, list[Any]]
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def column(self, name: str) -> list[Any]:
        """The cells of a column; refuse a name that the table does not have."""
        if name not in self.columns:
            raise ValueError(
                f"a column must be there to be read, got {quoted(name)} for {self.where} with "
                f"{listed(self.columns)}: name one of these"
            )
        return self.columns[name]

    def rows(self, kept: Sequence[int]) -> "Table":
        """The rows at these positions."""
        columns = {name: [cells[i] for i in kept] for name, cells in self.columns.items()}
        return replace(self, columns=columns)


def quoted(value: Any, most: int = 60) -> str:
    """A value for an error or a note: on one line, and cut to length."""
    shown = repr(value[: 4 * most] if isinstance(value, str) else value)
    return shown if len(shown) <= most else f"{shown[:most]}…"


def listed(names: Sequence[str] | dict[str, Any], most: int = 12) -> str:
    """Names for an error, at most `most` of them."""
    shown = [quoted(name) for name in list(names)[:most]]
    more = len(names) - len(shown)
    return (", ".join(shown) or "no columns") + (f" and {more} more" if more > 0 else "")


def counted(number: int, noun: str, verb: str = "") -> str:
    """A number of things, and their verb: `1 text has`, `2,000 texts have`."""
    if number == 1:
        verb = {"have": "has", "are": "is"}.get(verb, f"{verb}s" if verb else "")
    else:
        noun = f"{noun}s"
    return f"{number:,} {noun} {verb}".rstrip()


def is_nothing(cell: Any) -> bool:
    """Whether a cell is empty: None, NaN, or only white space."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def same_names(tables: Sequence[Table]) -> dict[str, tuple[str, ...]]:
    """The names of ids in all tables; refuse tables that differ in them."""
    first = tables[0]
    for other in tables[1:]:
        if other.names != first.names:
            raise ValueError(
                "an id stands for one label in all files of a corpus, got other names in "
                f"{first.where} and {other.where}: write names in place of ids"
            )
    return first.names


def joined_tables(tables: Sequence[Table]) -> Table:
    """Join files of one split; refuse files that differ in their columns."""
    first = tables[0]
    for other in tables[1:]:
        if set(other.columns) != set(first.columns):
            raise ValueError(
                f"files of one split have the same columns, got {listed(first.columns)} in "
                f"{first.where} and {listed(other.columns)} in {other.where}: make them alike"
            )
    columns = {name: [c for t in tables for c in t.columns[name]] for name in first.columns}
    notes = tuple(dict.fromkeys(note for table in tables for note in table.notes))
    return replace(first, columns=columns, names=same_names(tables), notes=notes)
