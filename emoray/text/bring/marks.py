"""From cells to the names of labels: lists, separated names, ids, or columns of 0 and 1."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emoray.text.bring.columns import ColumnEach, Columns, is_mark
from emoray.text.bring.table import Table, is_nothing, listed

SEPARATORS = ("|", ";", ",")
Item = str | int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marks:
    """The labels of each text; names: all of them, in the order of their ids; said: how read."""

    of_text: list[tuple[str, ...]]
    names: tuple[str, ...]
    said: tuple[str, ...]


def _item(value: Any, where: str) -> Item | None:
    """One label of a cell: a name or an id."""
    if is_nothing(value):
        return None
    if isinstance(value, str):
        name = re.sub(r"\s+", " ", value).strip()
        return int(name) if re.fullmatch(r"-?\d{1,9}", name) else name
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and value == int(value):
        return int(value)
    raise ValueError(
        f"{where}: a label is a name or a whole id, got {value!r} ({type(value).__name__}): choose "
        "the column of decisions, not of probabilities, with --label-column"
    )


def _bracketed(cell: str) -> list[str]:
    """The items of a list that was written as text, by Python, NumPy or JSON."""
    inside = cell.strip()[1:-1]
    parts = inside.split(",") if "," in inside else re.findall(r"'[^']*'|\"[^\"]*\"|\S+", inside)
    return [part.strip().strip("'\"") for part in parts]


def _separator(cells: Sequence[str]) -> str | None:
    """The sign that splits cells into fewer kinds than there are whole ones, if any does."""
    whole = set(cells)
    for sign in SEPARATORS:
        if any(sign in cell for cell in whole):
            parts = {part.strip() for cell in whole for part in cell.split(sign)}
            if len(parts) <= len(whole):
                return sign
    return None


def _cut(cells: list[Any], asked: str | None, where: str) -> tuple[list[list[Any]], str]:
    """Cells as lists, and how they were cut."""
    listed_cells = [isinstance(cell, list | tuple) for cell in cells]
    if any(listed_cells):
        if asked is not None:
            raise ValueError(
                f"a label separator cuts cells of text, got {asked!r} for lists in {where}: leave "
                "--label-separator out"
            )
        pairs = zip(cells, listed_cells, strict=True)
        return [list(c) if is_list else [c] for c, is_list in pairs], "lists"
    texts = [c for c in cells if isinstance(c, str) and c.strip()]
    if asked is None and texts and all(re.fullmatch(r"\s*\[.*\]\s*", c, re.S) for c in texts):
        return [_bracketed(c) if isinstance(c, str) else [c] for c in cells], "lists in text"
    sign = _separator(texts) if asked is None else asked
    if sign is None:
        return [[cell] for cell in cells], "one label a text"
    told = f"separated by {sign!r}{'' if asked else ' (seen in the cells)'}"
    return [c.split(sign) if isinstance(c, str) else [c] for c in cells], told


def _named(
    items: list[list[Item]], known: tuple[str, ...], where: str, named_in: str
) -> tuple[list[tuple[str, ...]], tuple[str, ...], str]:
    """Every item by name; ids by the names known, else as `label_3`."""
    ids = {i for row in items for i in row if isinstance(i, int)}
    words = {i for row in items for i in row if isinstance(i, str)}
    if ids and words:
        if not known or not words <= set(known):  # names that happen to be numbers
            made = [tuple(dict.fromkeys(map(str, row))) for row in items]
            return made, tuple(sorted({n for row in made for n in row})), "names"
    if not ids:
        order = known if words <= set(known) else tuple(sorted(words))
        names = [tuple(str(i) for i in dict.fromkeys(row)) for row in items]
        return names, order, "names"
    if known:
        if strange_ids := sorted(i for i in ids if not 0 <= i < len(known)):
            raise ValueError(
                f"{where}: label ids lie in 0..{len(known) - 1}, got {strange_ids[0]}: texts whose "
                "labels are hidden cannot be used; correct the file or the names of its labels"
            )
        named = {i: known[i] for i in ids} | {w: w for w in words}
        return (
            [tuple(named[i] for i in dict.fromkeys(row)) for row in items],
            known,
            f"ids, named {named_in}",
        )
    if min(ids) < 0:
        raise ValueError(
            f"{where}: label ids start at 0, got {min(ids)}: texts whose labels are hidden cannot "
            "be used"
        )
    order = tuple(f"label_{i}" for i in sorted(ids))
    made = [tuple(f"label_{i}" for i in dict.fromkeys(row)) for row in items]
    return made, order, "ids without names"


def _each(table: Table, each: ColumnEach) -> Marks:
    columns = []
    for name in each.names:
        cells = table.column(name)
        wrong = next((row for row, cell in enumerate(cells) if not is_mark(cell)), None)
        if wrong is not None:
            raise ValueError(
                f"a column of one label holds 0 and 1, got {cells[wrong]!r} in {name!r}, text "
                f"{wrong + 1} of {table.where}: name other columns with --label-column"
            )
        columns.append([cell in ("1", " 1", "1 ") or cell == 1 for cell in cells])
    of_text = [
        tuple(name for name, has in zip(each.names, row, strict=True) if has)
        for row in zip(*columns, strict=True)
    ]
    return Marks(of_text=of_text, names=each.names, said=())


def marks_of(
    table: Table,
    columns: Columns,
    separator: str | None,
    known: tuple[str, ...] = (),
    known_from: str = "",
) -> Marks:
    """The labels of each row. known: what ids stand for, where a file beside the corpus says so."""
    if isinstance(columns.labels, ColumnEach):
        return _each(table, columns.labels)
    name = columns.labels.name
    where = f"column {name!r} of {table.where}"
    cut, told = _cut(table.column(name), separator, where)
    items = [[item for v in row if (item := _item(v, where)) is not None] for row in cut]
    named_in = "in the file itself" if name in table.names else f"in {known_from}"
    of_text, names, kind = _named(items, table.names.get(name, known), where, named_in)
    if not names:
        raise ValueError(
            f"texts have labels to learn from, got none in {where} with {listed(table.columns)}: "
            "name another --label-column"
        )
    return Marks(of_text=of_text, names=names, said=(f"labels are {kind}; {told}",))
