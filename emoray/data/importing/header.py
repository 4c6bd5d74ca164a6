"""Decide whether the first line of a table is its header or a row."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from emoray.data.importing.characters import cleaned
from emoray.data.importing.table import listed

TEXTS = (
    "text sentence comment comment_text content review review_text tweet message utterance body "
    "post document question query"
).split()
LABELS = (
    "label_names label_name label_text labels_text emotions emotion labels label tags tag "
    "categories category classes class topics topic intents intent sentiment targets target"
).split()
Cells = Sequence[Sequence[str]]  # by column, below the first line
_PLACE = re.compile(r"column \d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def _is_data(cell: str, column: Sequence[str]) -> bool:
    """Whether a first cell is of its column's own kind: a repeated value, or the number before."""
    if not cell.strip():
        return False
    if column.count(cell) > 1:
        return True
    start = column[:3]
    counts_on = [str(int(cell) + i) for i in range(1, 4)] if cell.isdecimal() else []
    return len(start) == 3 and list(start) == counts_on


def is_known(first: Sequence[str], columns: Cells, named: Collection[str]) -> bool:
    """Whether a first line has a name from the options, or a usual one that is no cell below."""
    names = [cleaned(cell).strip() for cell in first]
    usual = {*TEXTS, *LABELS}
    return bool(set(names) & set(named)) or any(
        name.lower().replace(" ", "_") in usual and not _is_data(cell, column)
        for name, cell, column in zip(names, first, columns, strict=True)
    )


def is_header(first: Sequence[str], columns: Cells, named: Collection[str]) -> bool:
    """Whether a first line is a header.

    Args:
        first: its cells.
        columns: the cells below.
        named: columns from the options; `column 2` is a name in a table without a header.

    Returns:
        False for a row.
    """
    names = [cleaned(cell).strip() for cell in first]
    if not set(names) & set(named) and any(_PLACE.fullmatch(name) for name in named):
        return False
    if is_known(first, columns, named):
        return True
    data = [_is_data(cell, column) for cell, column in zip(first, columns, strict=True)]
    numbers = [_NUMBER.fullmatch(name) is not None for name in names]
    odd = any(number and not again for number, again in zip(numbers, data, strict=True))
    return odd or not any(data)


def column_names(cells: Sequence[str], where: str) -> list[str]:
    """Clean the names of columns; ValueError for one that occurs twice."""
    names = [cleaned(name).strip() or f"column {i}" for i, name in enumerate(cells, start=1)]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise ValueError(
            f"{where}: every column has a name of its own, got {listed(twice)} more than once: "
            "rename them"
        )
    return names
