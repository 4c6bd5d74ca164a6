"""Take the columns of features out of tables: one of lists, or one of numbers for each feature.

Shapes: N rows, F features.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from emoray.data.features import FeatureNames, checked_features
from emoray.data.importing.header import TEXTS
from emoray.data.importing.settings import CorpusSource
from emoray.data.importing.table import Table, counted, is_nothing, listed, quoted

ROW = "number of the row"  # column of texts that stands in for one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureTable:
    """The features of all rows, in the order of the tables, and what they are called."""

    names: FeatureNames
    rows_NF: np.ndarray

    def constant(self, rows: Sequence[int]) -> list[str]:
        """Names of the features that are the same in all of these rows."""
        chosen_NF = self.rows_NF[list(rows)]
        same_F = (chosen_NF == chosen_NF[:1]).all(axis=0)
        return [self.names.named(int(f)) for f in np.flatnonzero(same_F)]


def _chosen(table: Table, options: CorpusSource) -> list[str]:
    """The columns that the options name, patterns resolved; never those of texts or labels."""
    taken = {options.text_column, *options.label_columns}
    found: list[str] = []
    for name in options.feature_columns:
        if name in taken:
            raise ValueError(
                f"features stand in columns of their own, got {name!r} for them and for texts or "
                "labels: name another --feature-column"
            )
        some = [c for c in table.columns if fnmatchcase(c, name) and c not in taken]
        if not some or name in table.columns:
            table.column(name)  # refuses one that is not there
            some = [name]
        found += some
    return list(dict.fromkeys(found))


def _number(cell: Any, column: str, row: int, where: str) -> float:
    if is_nothing(cell):
        return float("nan")
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise ValueError(
            f"features are numbers, got {quoted(cell)} ({type(cell).__name__}) in column "
            f"{quoted(column)}, row {row:,} of {where}: name columns of numbers with "
            "--feature-column, or one of lists of numbers"
        ) from None


def _list(cell: Any, column: str, row: int, where: str) -> np.ndarray:
    """One row out of a column of lists."""
    given = cell
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            given = json.loads(cell)
        except ValueError:
            given = None
    if isinstance(given, np.ndarray) and given.dtype.kind in "biuf" and given.ndim == 1:
        return given
    if not isinstance(given, list | tuple | np.ndarray):
        raise ValueError(
            f"every row has its features, a list of numbers, got "
            f"{'none' if is_nothing(cell) else quoted(cell)} in column {quoted(column)}, row "
            f"{row:,} of {where}: leave such rows out, or name another --feature-column"
        )
    return np.array([_number(part, column, row, where) for part in given])


def _of_lists(cells: Sequence[Any], column: str, where: str) -> np.ndarray:
    rows = [_list(cell, column, i, where) for i, cell in enumerate(cells, start=1)]
    odd = next((i for i, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if odd is not None or not rows or not len(rows[0]):
        of = f"{len(rows[odd])} in row {odd + 1:,}" if odd is not None else "an empty list"
        raise ValueError(
            f"rows of features are equally long, got {of} and {len(rows[0]) if rows else 0} in "
            f"row 1 of column {quoted(column)} of {where}: pad or cut them where they are computed"
        )
    return np.stack(rows)


def _of_columns(table: Table, names: Sequence[str]) -> np.ndarray:
    columns = [
        [_number(cell, name, i, table.where) for i, cell in enumerate(table.columns[name], start=1)]
        for name in names
    ]
    return np.array(columns).T


def _is_list(cell: Any) -> bool:
    text = isinstance(cell, str) and cell.lstrip().startswith("[")
    return text or isinstance(cell, list | tuple | np.ndarray)


def _is_empty(cell: Any) -> bool:
    return not isinstance(cell, list | tuple | np.ndarray) and is_nothing(cell)


def _taken(table: Table, options: CorpusSource) -> tuple[FeatureNames, np.ndarray, Table]:
    """One table's features, checked, and the table without them, its rows named."""
    chosen = _chosen(table, options)
    first = next((c for c in table.columns[chosen[0]] if not _is_empty(c)), None)
    if len(chosen) == 1 and _is_list(first):
        rows_NF = _of_lists(table.columns[chosen[0]], chosen[0], table.where)
        names = FeatureNames(width=rows_NF.shape[1], column=chosen[0])
    else:
        rows_NF = _of_columns(table, chosen)
        names = FeatureNames(width=len(chosen), names=tuple(chosen))
    others = {name: cells for name, cells in table.columns.items() if name not in chosen}
    return names, checked_features(rows_NF, names, table.where), replace(table, columns=others)


def taken_features(
    tables: dict[str, Table], options: CorpusSource
) -> tuple[dict[str, Table], CorpusSource, FeatureTable | None]:
    """Split tables into their features and all other columns.

    Args:
        tables: by split.
        options: which columns hold features; none where texts are read.

    Returns:
        The tables without them, with a column that numbers the rows where they have no texts, the
        options that name it, and the features.

    Raises:
        ValueError: what stands there are no rows of as many finite numbers.
    """
    if not options.feature_columns:
        return tables, options, None
    found = {split: _taken(table, options) for split, table in tables.items()}
    first, *others = (names for names, _, _ in found.values())
    for names, (_, _, table) in zip(others, list(found.values())[1:], strict=True):
        if names != first:
            raise ValueError(
                f"all tables of a corpus have the same features, got {names.width} in "
                f"{table.where} and {first.width} elsewhere: compute them alike"
            )
    bare = {split: table for split, (_, _, table) in found.items()}
    text = options.text_column
    if text is None and not any(name.lower() in TEXTS for t in bare.values() for name in t.columns):
        text, start, numbered = ROW, 1, {}
        for split, table in bare.items():
            rows = len(found[split][1])
            names_of_rows = [f"row {i}" for i in range(start, start + rows)]
            numbered[split] = replace(table, columns={**table.columns, ROW: names_of_rows})
            start += rows
        bare = numbered
    rows_NF = np.concatenate([rows for _, rows, _ in found.values()])
    return bare, replace(options, text_column=text), FeatureTable(names=first, rows_NF=rows_NF)


def feature_notes(features: FeatureTable, train: Sequence[int]) -> list[str]:
    """How the features were read, and which say nothing.

    Args:
        features: of all rows.
        train: rows of train, from 0.

    Returns:
        Sentences.
    """
    names = features.names
    of = f"a list in column {names.column!r}" if names.column else f"columns {listed(names.names)}"
    notes = [f"features: {names.width} a row, {of}"]
    if same := features.constant(train):
        notes.append(
            f"{counted(len(same), 'feature', 'are')} constant in train: read, but without weight "
            f"({', '.join(same[:4])}{', …' * (len(same) > 4)})"
        )
    return notes
