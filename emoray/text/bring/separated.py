"""CSV and TSV, strictly: a row that does not fit the header is refused, not padded."""

import csv
import io
from typing import Literal

from emoray.text.bring.table import Table, listed

Quoting = Literal[0, 3]  # csv.QUOTE_MINIMAL and csv.QUOTE_NONE


def _header(cells: list[str], where: str) -> list[str]:
    names = [name.strip() or f"column {i}" for i, name in enumerate(cells, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"{where}: every column has a name of its own, got {listed(twice)} more than once: "
            "rename them"
        )
    return names


def _read(text: str, separator: str, quoting: Quoting, where: str) -> dict[str, list[str]]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, quoting=quoting, strict=True
    )
    rows = (row for row in reader if row)  # blank lines are none
    try:
        names = _header(next(rows, []), where)
        columns: dict[str, list[str]] = {name: [] for name in names}
        cells = list(columns.values())
        for row in rows:
            if len(row) != len(names):
                raise ValueError(
                    f"{where} line {reader.line_num}: every row has the header's {len(names)} "
                    f"columns ({listed(names)}), got {len(row)}: quote a text that holds the "
                    "separator"
                )
            for column, cell in zip(cells, row, strict=True):
                column.append(cell)
    except csv.Error as error:
        raise ValueError(
            f"{where} line {reader.line_num}: a quote that opens must close before the next "
            f"separator, got {error}: write quotes inside a quoted text twice, or save the file "
            "as JSON lines"
        ) from None
    return columns


def read_csv(text: str, where: str) -> Table:
    """Comma-separated, or by semicolons where the header has those alone."""
    header = text.lstrip().split("\n", 1)[0]
    if ";" in header and "," not in header:
        columns = _read(text, ";", csv.QUOTE_MINIMAL, where)
        return Table(where=where, columns=columns, notes=("cells are separated by ';'",))
    return Table(where=where, columns=_read(text, ",", csv.QUOTE_MINIMAL, where))


def read_tsv(text: str, where: str) -> Table:
    """Tab-separated; where quotes do not pair they are letters, as most writers of TSV mean."""
    try:
        return Table(where=where, columns=_read(text, "\t", csv.QUOTE_MINIMAL, where))
    except ValueError:
        columns = _read(text, "\t", csv.QUOTE_NONE, where)
    note = ("quotes are read as letters",) if '"' in text else ()
    return Table(where=where, columns=columns, notes=note)
