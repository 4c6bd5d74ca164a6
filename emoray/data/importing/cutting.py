"""Cells of labels as lists: lists as they are, lists written as text, names with a separator."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emoray.data.importing.lists_in_text import is_listed, items_of
from emoray.data.importing.one_hot import is_empty
from emoray.data.importing.table import counted, is_nothing, quoted

SURE = ("|", ";")  # no name has them
UNSURE = (",", "/", "+", "&", " ", "\n")  # names have them too
MARKS = ("/", "+", "&")  # of UNSURE those that are seldom part of one name
_ENTITY = re.compile(r"&\w+;")  # of HTML, in a name such as R&amp;D
NAMED = {" ": "a space", "\n": "a line break"}
NONE = "none"  # among lists: an empty one
MISSING = {"nan", "<na>", "#n/a"}  # as tools write an empty cell, and no label's name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutCells:
    """The items of each cell, None where nobody labelled the text.

    Attributes:
        items: by text.
        form: how the cells were cut.
        single: whether every cell is one label, so that an empty cell is none.
        notes: warnings.
    """

    items: list[list[Any] | None]
    form: str
    single: bool
    notes: tuple[str, ...] = ()


def _splits(sign: str, whole: set[str]) -> bool:
    """Whether a sign separates labels in cells.

    It does if there are fewer parts than kinds of cells, or if each part is also a cell of its own.

    Returns:
        True for a separator, False for a part of names.
    """
    parts = {part.strip() for cell in whole for part in cell.split(sign) if part.strip()}
    if sign == " " and all(re.fullmatch(r"\d+(\.0*)?", part) for part in parts):
        return True  # ids, or a vector of 0 and 1
    if sign in SURE and not any(_ENTITY.search(cell) for cell in whole):
        return True
    if sign in (*SURE, ","):
        spaced = any(", " in cell for cell in whole)
        return len(parts) <= len(whole) or (sign == "," and not spaced)
    alone = {cell.strip() for cell in whole if sign not in cell.strip()}
    return parts <= alone


def _of_others(sign: str, cell: str, whole: set[str]) -> bool:
    """Whether a name seems to be made of several, one of which is also a cell of its own."""
    return sign in cell and any(part.strip() in whole for part in cell.split(sign))


def _separator(cells: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The sign between labels in the cells, or None with a warning about one taken as a letter."""
    whole = {cell.strip() for cell in cells}
    seen = [sign for sign in (*SURE, *UNSURE) if any(sign in cell for cell in whole)]
    for sign in seen:
        if _splits(sign, whole):
            return sign, ()
    if "," in seen:
        return None, ("warning: ',' is part of names of labels: --label-separator , separates",)
    for sign in seen:
        joined = next((cell for cell in sorted(whole) if _of_others(sign, cell, whole)), None)
        if joined is not None and sign in MARKS:
            return None, (
                f"warning: {_shown(sign)} is taken for a part of the name {quoted(joined)}: "
                f"--label-separator {sign} separates",
            )
    return None, ()


def _shown(sign: str) -> str:
    return NAMED.get(sign, repr(sign))


def _lists(cells: Sequence[Any], is_list: Sequence[bool]) -> CutCells:
    pairs = zip(cells, is_list, strict=True)
    items = [list(c) if listed else None if is_empty(c) else [c] for c, listed in pairs]
    return CutCells(items=items, form="lists", single=False)


def _lists_in_text(cells: Sequence[Any], filled: int) -> CutCells | None:
    listed = [isinstance(cell, str) and is_listed(cell) for cell in cells]
    others = [
        cell for cell, yes in zip(cells, listed, strict=True) if not yes and not is_empty(cell)
    ]
    if not any(listed) or len(others) > filled / 10:
        return None
    items = [
        items_of(str(cell)) if yes else [] if cell == NONE else None if is_empty(cell) else [cell]
        for cell, yes in zip(cells, listed, strict=True)
    ]
    some = f"; {counted(len(others), 'cell', 'are')} no list, taken as one label" if others else ""
    return CutCells(items=items, form=f"lists in text{some}", single=False)


def cut(cells: Sequence[Any], separator: str | None, where: str) -> CutCells:
    """Cut cells into lists at the given separator, else at the one that the cells show."""
    is_list = [isinstance(cell, list | tuple) for cell in cells]
    if any(is_list):
        if separator is not None:
            raise ValueError(
                f"a label separator cuts cells of text, got {separator!r} for lists in {where}: "
                "leave --label-separator out"
            )
        return _lists(cells, is_list)
    texts = [c for c in cells if isinstance(c, str) and c.strip()]
    if separator is None and texts and (found := _lists_in_text(cells, len(texts))) is not None:
        return found
    sign, notes = (separator, ()) if separator is not None else _separator(texts)
    if sign is None:
        items = [None if _missing(cell) else [cell] for cell in cells]
        return CutCells(items=items, form="one label a text", single=True, notes=notes)
    form = f"separated by {_shown(sign)}{'' if separator else ' (seen in the cells)'}"
    split = [
        c.split(sign)
        if isinstance(c, str) and (not c.strip() or not _missing(c))
        else None
        if _missing(c)
        else [c]
        for c in cells
    ]
    return CutCells(items=split, form=form, single=False, notes=notes)


def _missing(cell: Any) -> bool:
    return is_nothing(cell) or (isinstance(cell, str) and cell.strip().lower() in MISSING)
