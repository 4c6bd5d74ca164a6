"""Convert cells to names of labels: lists, separated names, ids, vectors, columns of 0 and 1."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from emoray.data.importing.characters import cleaned_name
from emoray.data.importing.columns import ColumnEach, Columns
from emoray.data.importing.cutting import CutCells, cut
from emoray.data.importing.label_names import LabelNames, in_order
from emoray.data.importing.lists_in_text import is_object
from emoray.data.importing.one_hot import marked, number_of
from emoray.data.importing.settings import CorpusSource
from emoray.data.importing.split_names import ONE
from emoray.data.importing.table import Table, counted, is_nothing, listed, quoted

Item = str | int
Labels = tuple[str, ...] | None  # None: nobody labelled the text
_SHARE = "--positive-from 0.5 takes shares from 0.5 on as labels"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextLabels:
    """The labels of each text.

    Attributes:
        of_text: names; None for a text that nobody labelled.
        names: all of them, in the order of their ids.
        notes: on how they were read.
    """

    of_text: list[Labels]
    names: tuple[str, ...]
    notes: tuple[str, ...]


def _item(value: Any, where: str) -> Item | None:
    """Convert one label of a cell to a name or an id."""
    if is_nothing(value):
        return None
    if isinstance(value, str) and not is_object(value):
        name = re.sub(r"\s+", " ", value).strip()
        return int(name) if re.fullmatch(r"-?\d{1,9}", name) else name
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and value == int(value):
        return int(value)
    way = _SHARE if isinstance(value, float) and 0 <= value <= 1 else "write names or ids"
    raise ValueError(
        f"{where}: a label is a name or a whole id, got {quoted(value)} ({type(value).__name__}): "
        f"choose the column of decisions, not of shares, with --label-column; {way}"
    )


def _in_words(items: list[list[Item] | None]) -> list[Labels]:
    return [None if row is None else tuple(dict.fromkeys(map(str, row))) for row in items]


def _negative(ids: set[int], where: str) -> None:
    """Refuse ids below 0 unless they are scores around 0, such as -1, 0 and 1."""
    if min(ids) < 0 and not (len(ids) > 1 and max(ids) <= -min(ids)):
        raise ValueError(
            f"{where}: label ids start at 0, got {min(ids)}: leave the cell empty where nobody "
            "labelled a text, or write names in place of ids"
        )


def _named(
    items: list[list[Item] | None], known: LabelNames | None, where: str, has_names: bool
) -> tuple[list[Labels], tuple[str, ...], str]:
    """Map every item to a name; ids by the known names, else as `label_3`."""
    flat = [i for row in items for i in row or ()]
    ids = {i for i in flat if isinstance(i, int)}
    words = {i for i in flat if isinstance(i, str)}
    names = set(known.ordered) if known else set()
    if has_names and not words <= names:
        raise ValueError(
            f"{where}: --label-names name ids and places, got the label "
            f"{quoted(sorted(words - names)[0])}: leave --label-names out"
        )
    if ids and words and not (known and words <= names):  # names that happen to be numbers
        made = _in_words(items)
        return made, tuple(sorted({n for row in made for n in row or ()})), "names"
    if not ids:
        order = known.ordered if known and words <= names else tuple(sorted(words))
        return _in_words(items), order, "names"
    if known:
        if unknown_ids := sorted(ids - known.by_id.keys()):
            count = (
                ", or write '1<tab>name' there where ids count from 1"
                if min(ids) == 1 and max(ids) == len(known.by_id)
                else ""
            )
            raise ValueError(
                f"{where}: label ids lie in {known.ids}, got {unknown_ids[0]}, which has no name "
                f"in {known.where}: correct the file or the names of its labels{count}"
            )
        by_id: dict[Item, str] = {**{i: known.by_id[i] for i in ids}, **{w: w for w in words}}
        return (
            [None if r is None else tuple(dict.fromkeys(by_id[i] for i in r)) for r in items],
            known.ordered,
            f"ids, named in {known.where}",
        )
    _negative(ids, where)
    order = tuple(f"label_{i}" for i in sorted(ids))
    made = [None if r is None else tuple(f"label_{i}" for i in dict.fromkeys(r)) for r in items]
    return made, order, "ids without names"


def _is_vector(cut_rows: Sequence[list[Any] | None], positive_from: float | None) -> bool:
    """Whether every cell is a vector of 0 and 1, a place for each label.

    As ids, labels would occur twice in a text, or the same two in every one.

    Returns:
        True where all cells are of one length, or hold a number twice.
    """
    rows = [row for row in cut_rows if row]
    if not rows or max(map(len, rows)) < 2:
        return False
    numbers = [[number_of(value) for value in row] for row in rows]
    if any(n is None or not 0 <= n <= 1 for row in numbers for n in row):
        return False
    if positive_from is None and any(n not in (0, 1) for row in numbers for n in row):
        return False
    return len({len(row) for row in rows}) == 1 or any(len({*r}) < len(r) for r in numbers)


def _vectors(
    cut_rows: Sequence[list[Any] | None],
    known: LabelNames | None,
    positive_from: float | None,
    where: str,
) -> TextLabels:
    rows = [row if row else None for row in cut_rows]
    width = len(next(row for row in rows if row))
    wrong = next((i for i, row in enumerate(rows, 1) if row and len(row) != width), None)
    if wrong is not None:
        raise ValueError(
            f"{where}: vectors of 0 and 1 have a place for each label, got {width} places and "
            f"{len(rows[wrong - 1] or ())} in text {wrong}: make them equally long"
        )
    if known is not None and len(known.by_id) != width:
        raise ValueError(
            f"{where}: vectors have a place for each label, got {width} places and "
            f"{len(known.by_id)} names in {known.where}: correct it, or give --label-names"
        )
    names = known.ordered if known else tuple(f"label_{k}" for k in range(width))
    least = 1.0 if positive_from is None else positive_from
    of_text: list[Labels] = [
        None
        if row is None
        else tuple(n for n, v in zip(names, row, strict=True) if (number_of(v) or 0) >= least)
        for row in rows
    ]
    by = f"named in {known.where}" if known else "without names: --label-names a,b,… names them"
    return TextLabels(
        of_text=of_text, names=names, notes=(f"labels are vectors of {width} places, {by}",)
    )


def _shares(cells: Sequence[Any], name: str, least: float, where: str) -> TextLabels:
    """Convert one column of shares to the label of its name, or `no` and its name."""
    of_text: list[Labels] = []
    for row, cell in enumerate(cells, start=1):
        number = number_of(cell)
        if number is None and not is_nothing(cell):
            raise ValueError(
                f"{where}: a share is a number, got {quoted(cell)} in text {row}: leave "
                "--positive-from out, or name other columns with --label-column"
            )
        of_text.append(None if number is None else (name if number >= least else f"no {name}",))
    remark = f"labels: {name!r} from {least:g} on, 'no {name}' below"
    return TextLabels(of_text=of_text, names=(name, f"no {name}"), notes=(remark,))


def _each(table: Table, each: ColumnEach, positive_from: float | None) -> TextLabels:
    columns = marked(table, each.names, positive_from)
    zeros = any(value == 0 for column in columns for value in column)
    of_text: list[Labels] = []
    partly = 0
    for row in zip(*columns, strict=True):
        empty = sum(value is None for value in row)
        if zeros and empty:
            partly += empty < len(row)
            of_text.append(None)
        else:
            of_text.append(tuple(n for n, v in zip(each.names, row, strict=True) if v))
    remarks = []
    if partly:
        remarks.append(
            f"{partly:,} of the rows left out {'has' if partly == 1 else 'have'} labels in some "
            "cells only: empty is not 0"
        )
    if not zeros and any(value is None for column in columns for value in column):
        remarks.append("empty cells are read as 0: no column of labels holds one")
    if positive_from is not None:
        remarks.append(f"labels are there from {positive_from:g} on")
    return TextLabels(of_text=of_text, names=each.names, notes=tuple(remarks))


def _as_numbers(found: CutCells, where: str) -> CutCells:
    """Convert texts such as '1.0' to whole numbers, where all are numbers."""
    texts = {v for row in found.items for v in row or () if isinstance(v, str) and v.strip()}
    if not texts or not all("." in t or t.strip().lstrip("-").isdecimal() for t in texts):
        return found
    numbers = {text: number_of(text) for text in texts}
    if any(number is None for number in numbers.values()):
        return found
    values = [number for number in numbers.values() if number is not None]
    shares = any(v % 1 for v in values) and all(0 <= v <= 1 for v in values)
    if shares or not any(v % 1 for v in values):
        return replace(
            found,
            items=[
                None
                if row is None
                else [numbers.get(v, v) if isinstance(v, str) else v for v in row]
                for row in found.items
            ],
        )
    return found


def _hidden(
    items: list[list[Item] | None], splits: Sequence[str], known: LabelNames | None
) -> tuple[list[list[Item] | None], int]:
    """Read -1, alone in its cell, as no label given, where it can be no label.

    That is where labels have names, or where a whole split has it.

    Returns:
        The items, and how many were -1.
    """
    by_split: dict[str, set[bool]] = {}
    for row, split in zip(items, splits, strict=True):
        by_split.setdefault(split, set()).add(row == [-1])
    whole = {split for split, kinds in by_split.items() if kinds == {True} and split != ONE}
    if {True} in by_split.values() and len(whole) == len(by_split):
        whole = set()
    named = known is not None and -1 not in known.by_id
    hidden = [
        row == [-1] and (named or split in whole) for row, split in zip(items, splits, strict=True)
    ]
    if all(hidden):
        return items, 0
    kept = [None if gone else row for row, gone in zip(items, hidden, strict=True)]
    return kept, sum(hidden)


def _clean(marks: TextLabels) -> TextLabels:
    """Remove control characters from the names."""
    clean = {name: cleaned_name(name) for name in marks.names}
    changed = [name for name in marks.names if clean[name] != name]
    if empty := [name for name in changed if not clean[name]]:
        raise ValueError(
            f"a label's name has letters, got {quoted(empty[0])}, which are control characters: "
            "correct the names"
        )
    if not changed:
        return marks
    shown = ", ".join(f"{quoted(name)} is {quoted(clean[name])}" for name in changed[:3])
    return TextLabels(
        of_text=[
            None if r is None else tuple(dict.fromkeys(clean[n] for n in r)) for r in marks.of_text
        ],
        names=tuple(dict.fromkeys(clean[name] for name in marks.names)),
        notes=(
            *marks.notes,
            f"control characters and spaces taken out of names of labels: {shown}",
        ),
    )


def _known(
    name: str,
    table: Table,
    options: CorpusSource,
    read_names: Callable[[], LabelNames | None],
    needed: bool,
) -> LabelNames | None:
    """The names of ids: from the options, else the file itself, else a file next to it."""
    if options.label_names:
        return in_order(options.label_names, "--label-names")
    if name in table.names:
        return in_order(table.names[name], "the file itself")
    if needed:
        return read_names()
    try:
        return read_names()
    except ValueError:  # a file that nothing here needs
        return None


def text_labels(
    table: Table,
    columns: Columns,
    options: CorpusSource,
    read_names: Callable[[], LabelNames | None] = lambda: None,
    splits: Sequence[str] = (),
) -> TextLabels:
    """Read the labels of each row.

    Args:
        table: all rows.
        columns: where its labels are.
        options: how they are read.
        read_names: reads names of ids from a file next to the corpus.
        splits: of each row, where they are given.

    Returns:
        The labels, with notes on how they were read.

    Raises:
        ValueError: if the cells hold no labels, or the options do not fit them.
    """
    if isinstance(columns.labels, ColumnEach):
        if options.label_names:
            raise ValueError(
                "--label-names name ids and places of vectors, got columns of 0 and 1, which are "
                f"called after their labels, in {table.where}: leave --label-names out"
            )
        return _clean(_each(table, columns.labels, options.positive_from))
    name = columns.labels.name
    where = f"column {quoted(name)} of {table.where}"
    cells = table.column(name)
    found = _as_numbers(cut(cells, options.label_separator, where), where)
    is_vector = _is_vector(found.items, options.positive_from)
    if options.positive_from is not None and not is_vector:
        return _clean(_shares(cells, name, options.positive_from, where))
    flat = (v for row in found.items for v in row or ())
    needed = is_vector or not any(isinstance(v, str) and not v.strip().isdecimal() for v in flat)
    known = _known(name, table, options, read_names, needed)
    if is_vector:
        made = _vectors(found.items, known, options.positive_from, where)
        return _clean(replace(made, notes=(*made.notes, *found.notes)))
    items = [
        None if row is None else [item for v in row if (item := _item(v, where)) is not None]
        for row in found.items
    ]
    if found.single:
        items = [row or None for row in items]
    items, hidden = _hidden(items, splits or [ONE] * len(items), known)
    of_text, names, kind = _named(items, known, where, bool(options.label_names))
    if not names or not any(of_text):
        raise ValueError(
            f"texts have labels to learn from, got none in {where} with {listed(table.columns)}: "
            "name another --label-column"
        )
    remarks = [f"labels are {kind}; {found.form}", *found.notes]
    if hidden:
        remarks.append(f"{counted(hidden, 'label')} -1 read as no label given")
    if none := sum(row == () for row in of_text):
        remarks.append(f"{counted(none, 'text', 'have')} an empty list or cell: none of the labels")
    return _clean(TextLabels(of_text=of_text, names=names, notes=tuple(remarks)))
