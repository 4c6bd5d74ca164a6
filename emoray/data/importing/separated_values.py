"""Read CSV and the like strictly: a row that does not fit the header is refused, not padded.

The separator is the usual one of the file's suffix, else the one that all rows fit; quotes are
letters where rows would be lost between two of them.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from emoray.data.importing.header import column_names, is_header, is_known
from emoray.data.importing.table import Table, listed

Quoting = Literal[0, 3]  # csv.QUOTE_MINIMAL and csv.QUOTE_NONE
SIGNS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars '|'"}
USUAL = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
_DECLARED = re.compile(r'\s*"?sep=(.)"?[ \t]*\r?\n')  # as spreadsheets write it, before the header


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A file read with one separator: its first row, and the rows below it by column."""

    first: list[str]
    columns: list[list[str]]
    repeated: int

    @property
    def has_breaks(self) -> bool:
        return any("\n" in cell or "\r" in cell for cells in self.columns for cell in cells)


@contextmanager
def _cells_of_any_length(text: str) -> Iterator[None]:
    """Lift the library's limit of 128 KiB a cell."""
    before = csv.field_size_limit(max(len(text), csv.field_size_limit()))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _rows(text: str, sign: str, quoting: Quoting, where: str) -> _Read:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, quoting=quoting, strict=True)
    rows = (row for row in reader if row)  # blank lines are none
    repeated = 0
    try:
        first = next(rows, [])
        columns: list[list[str]] = [[] for _ in first]
        for row in rows:
            if len(row) != len(first):
                raise ValueError(
                    f"{where} line {reader.line_num}: every row has the header's {len(first)} "
                    f"columns ({listed(first)}), got {len(row)}: quote a text that holds the "
                    "separator"
                )
            if row == first:
                repeated += 1  # files put one behind the other
            for column, cell in zip(columns, row, strict=True):
                column.append(cell)
    except csv.Error as error:
        raise ValueError(
            f"{where} line {reader.line_num}: a quote that opens must close before the next "
            f"separator, got {error}: write quotes inside a quoted text twice, or save the file "
            "as JSON lines"
        ) from None
    return _Read(first=first, columns=columns, repeated=repeated)


def _loses_rows(quoted: _Read, letters: _Read) -> bool:
    """Whether quotes swallow rows: read as letters, columns of few kinds have no further kind."""
    few = [
        (set(less), set(more))
        for less, more in zip(quoted.columns, letters.columns, strict=True)
        if 2 * len(set(more)) <= len(more)
    ]
    return bool(few) and all(more <= less for less, more in few)


def _read(text: str, sign: str, where: str) -> tuple[_Read, bool]:
    """The rows, and whether quotes are letters in them."""
    try:
        quoted = _rows(text, sign, csv.QUOTE_MINIMAL, where)
    except ValueError:
        if sign != "\t" or '"' not in text:
            raise
        return _rows(text, sign, csv.QUOTE_NONE, where), True  # as most writers of TSV mean
    if '"' not in text or not quoted.has_breaks:
        return quoted, False
    try:
        letters = _rows(text, sign, csv.QUOTE_NONE, where)
    except ValueError:
        return quoted, False
    if len(letters.first) == len(quoted.first) and (sign == "\t" or _loses_rows(quoted, letters)):
        return letters, True
    return quoted, False


def _first_row(text: str, sign: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=sign), [])
    except csv.Error:
        return []


def _likely(found: _Read) -> tuple[bool, int]:
    """Rank how well a separator explains a file without a header, by its labels and columns."""
    kinds = [len(set(column)) for column in found.columns]
    few = any(1 < k <= len(column) / 2 for k, column in zip(kinds, found.columns, strict=True))
    return few, len(found.first)


def _by_sign(
    text: str, signs: list[str], where: str, named: Collection[str]
) -> tuple[str, _Read, bool]:
    """The first separator that all rows fit and that gives known names, else the likeliest."""
    able = [sign for sign in signs if len(_first_row(text, sign)) > 1] or signs[:1]
    refused: list[ValueError] = []
    fit: list[tuple[str, _Read, bool]] = []
    for sign in able:
        try:
            fit.append((sign, *_read(text, sign, where)))
        except ValueError as error:
            refused.append(error)
            continue
        if is_known(fit[-1][1].first, fit[-1][1].columns, named):
            return fit[-1]
    if not fit:
        raise refused[0]
    return max(fit, key=lambda found: _likely(found[1]))


def read_separated(text: str, where: str, usual: str, named: Collection[str] = ()) -> Table:
    """Read rows; usual: the separator tried first, named: columns from the options."""
    declared = _DECLARED.match(text)
    signs = [declared[1]] if declared else [usual, *(sign for sign in SIGNS if sign != usual)]
    text = text[declared.end() :] if declared else text.lstrip("\r\n")
    with _cells_of_any_length(text):
        sign, found, letters = _by_sign(text, signs, where, named)
    notes = [f"cells separated by {SIGNS.get(sign, repr(sign))}"]
    columns = found.columns
    if is_header(found.first, columns, named):
        names = column_names(found.first, where)
        if found.repeated:
            kept = [i for i, row in enumerate(zip(*columns, strict=True)) if [*row] != found.first]
            columns = [[cells[i] for i in kept] for cells in columns]
            notes.append(f"{found.repeated:,} repetitions of the header left out")
    else:
        names = [f"column {i}" for i in range(1, len(columns) + 1)]
        columns = [[cell, *cells] for cell, cells in zip(found.first, columns, strict=True)]
        notes.append(
            "no header: the first line is a text, columns are called column 1, column 2, …"
        )
    if letters:
        notes.append("quotes are read as letters")
    return Table(where=where, columns=dict(zip(names, columns, strict=True)), notes=tuple(notes))
