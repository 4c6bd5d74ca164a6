"""A column for each label: cells of 0 and 1 in any of their spellings, and others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emoray.data.importing.table import Table, is_nothing, quoted

NOTHING = {"nan", "na", "n/a", "null", "none", "<na>", "#n/a"}  # as tools write an empty cell
NUMBERS, TRUTHS, ANSWERS, CROSSES = "0 and 1", "True and False", "yes and no", "x and nothing"
_SPELT: dict[str, tuple[float, str]] = {
    "true": (1.0, TRUTHS),
    "false": (0.0, TRUTHS),
    "yes": (1.0, ANSWERS),
    "no": (0.0, ANSWERS),
    "x": (1.0, CROSSES),
}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e-?\d+)?")
_QUESTION = re.compile(r"(is|has|was|had|can|did|does|are|contains|should)_.+|.+_(flag|bool)")
_STATES = set(
    "verified retweet reply quote deleted edited truncated archived locked stickied pinned "
    "sponsored official active public private nsfw gilded duplicate unclear".split()
)
MOST_WORDS = 20  # of a column of marks: more are texts
_ID = re.compile(r"(.*_)?(id|idx|index|row|number|no|nr|num|unnamed.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedColumn:
    """A column's cells: the spelling of its marks, or the first cell that is no mark.

    Attributes:
        name: of the column.
        spelled: a spelling such as `0 and 1`; None where a cell is no mark.
        invalid: that cell, for notes.
        soft: whether all are numbers in [0, 1], and not all of them whole.
        near: whether nine of ten are marks.
        constant: the value of all cells, where they are one.
    """

    name: str
    spelled: str | None
    invalid: str
    soft: bool
    near: bool
    constant: float | None


def is_empty(cell: Any) -> bool:
    """Whether a cell of one label is empty, which is not 0."""
    return is_nothing(cell) or (isinstance(cell, str) and cell.strip().lower() in NOTHING)


def number_of(cell: Any) -> float | None:
    """A cell as a number; None for other cells."""
    if isinstance(cell, bool | int | float):
        return float(cell)
    if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()):
        return float(cell)
    return None


def mark_of(cell: Any) -> tuple[float, str] | None:
    """1 or 0 for a label that applies or not, with its spelling; None for other cells."""
    if isinstance(cell, bool):
        return float(cell), TRUTHS
    if isinstance(cell, str) and (spelled := _SPELT.get(cell.strip().lower())):
        return spelled
    number = number_of(cell)
    return (number, NUMBERS) if number in (0.0, 1.0) else None


def column_of(name: str, cells: Sequence[Any]) -> MarkedColumn | None:
    """Describe a column by its cells; None where all are empty."""
    none = MarkedColumn(name=name, spelled=None, invalid="", soft=False, near=False, constant=None)
    words = 0
    kinds: dict[Any, int] = {}  # few, in a column of marks: each is looked at once
    first: dict[Any, int] = {}
    for row, cell in enumerate(cells, start=1):
        if isinstance(cell, list | dict | tuple):
            return none
        key = (type(cell), cell)
        if key not in kinds:
            words += number_of(cell) is None
            if words > MOST_WORDS:
                return none
            first[key] = row
        kinds[key] = kinds.get(key, 0) + 1
    filled = {key: count for key, count in kinds.items() if not is_empty(key[1])}
    if not filled:
        return None
    marks = {key: mark for key in filled if (mark := mark_of(key[1]))}
    others = [key for key in filled if key not in marks]
    spellings = {spelled for _, spelled in marks.values()}
    if others:
        numbers = [number_of(key[1]) for key in filled]
        near = sum(filled[key] for key in marks) >= 0.9 * sum(filled.values())
        return MarkedColumn(
            name=name,
            spelled=None,
            invalid=f"{quoted(others[0][1], 30)} in row {first[others[0]]}",
            soft=all(n is not None and 0 <= n <= 1 for n in numbers),
            near=near and len(others) <= 5,
            constant=None,
        )
    values = {value for value, _ in marks.values()}
    return MarkedColumn(
        name=name,
        spelled=spellings.pop() if len(spellings) == 1 else NUMBERS,
        invalid="",
        soft=False,
        near=True,
        constant=values.pop() if len(values) == 1 and len(filled) == len(kinds) else None,
    )


def is_question(name: str) -> bool:
    """Whether a name asks for yes or no, as `is_retweet` does: a property rather than a label."""
    lower = name.strip().lower().replace(" ", "_").replace("-", "_")
    return bool(_QUESTION.fullmatch(lower)) or bool(set(lower.split("_")) & _STATES)


def is_id(name: str) -> bool:
    """Whether a name is that of an id or a row number."""
    return _ID.fullmatch(name.strip().lower().replace(" ", "_")) is not None


def marked(
    table: Table, names: Sequence[str], positive_from: float | None
) -> list[list[float | None]]:
    """Read 1, 0, or None for an empty cell, by column and text; ValueError for other cells."""
    columns = []
    for name in names:
        known: dict[Any, float | None] = {}
        column: list[float | None] = []
        for row, cell in enumerate(table.column(name), start=1):
            key = (type(cell), cell) if not isinstance(cell, list | dict | tuple) else None
            if key is None or key not in known:
                value = _mark(cell, name, row, table.where, positive_from)
                if key is not None:
                    known[key] = value
            else:
                value = known[key]
            column.append(value)
        columns.append(column)
    return columns


def _mark(cell: Any, name: str, row: int, where: str, positive_from: float | None) -> float | None:
    if is_empty(cell):
        return None
    if mark := mark_of(cell):
        return mark[0]
    number = number_of(cell)
    if number is not None and 0 <= number <= 1:
        if positive_from is not None:
            return float(number >= positive_from)
        raise ValueError(
            f"a column of one label holds 0 and 1, got {quoted(cell)} in {quoted(name)}, text "
            f"{row} of {where}: --positive-from 0.5 takes shares from 0.5 on as 1"
        )
    raise ValueError(
        f"a column of one label holds 0 and 1, got {quoted(cell)} in {quoted(name)}, text "
        f"{row} of {where}: correct it, or name other columns with --label-column"
    )
