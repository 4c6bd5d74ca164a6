"""A table read piece by piece, of which only the rows wanted are held."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emoray.storage.location import Place
from emoray.tables.files import (
    filled,
    known_columns,
    open_table,
    read_table,
    refuse_paths,
)
from emoray.tables.schema import schema_of

ROWS = 131_072  # held at once
FEW = 100  # values that are compared with the statistics of row groups


def _may_hold(group: pq.RowGroupMetaData, column: str, values: Collection[Any]) -> bool:
    """Whether a row group, by its statistics, may hold one of the values."""
    for at in range(group.num_columns):
        about = group.column(at)
        if about.path_in_schema == column:
            found = about.statistics
            if found is None or not found.has_min_max:
                return True
            return any(found.min <= value <= found.max for value in values)
    return True


def scan(
    path: Place,
    row_class: type,
    keys: Sequence[str],
    columns: Sequence[str] | None = None,
    *,
    among: tuple[str, Collection[Any]] | None = None,
) -> Iterator[pa.Table]:
    """Read the table at `path` piece by piece, of this version or another.

    Args:
        path: of the file.
        row_class: of the table.
        keys: columns that it must have.
        columns: names; None for all.
        among: a column and values: all other rows are left out.

    Yields:
        Tables, first an empty one.

    Raises:
        ValueError: as `read_any_version`.
    """
    known = known_columns(path, row_class, keys)
    if known is None:
        read_table(path, row_class)  # raises with the reason
    names = list(columns or schema_of(row_class).names)
    schema = pa.schema([schema_of(row_class).field(name) for name in names])
    needed = [name for name in dict.fromkeys((*names, *(among or ())[:1])) if name in (known or ())]
    wanted = None
    if among and among[0] in needed:
        wanted = pa.array(list(among[1]), schema_of(row_class).field(among[0]).type)
    try:
        with open_table(path) as file:
            groups = list(range(file.metadata.num_row_groups))
            if among and wanted is not None and len(wanted) <= FEW:
                held = [file.metadata.row_group(group) for group in groups]
                groups = [g for g in groups if _may_hold(held[g], *among)]
            yield schema.empty_table()
            for batch in file.iter_batches(ROWS, row_groups=groups, columns=needed):
                table = pa.Table.from_batches([batch])
                table.validate(full=True)
                if among and wanted is not None:
                    table = table.filter(pc.is_in(table.column(among[0]), wanted))
                table = filled(table, schema)
                refuse_paths(table, path)
                yield table
    except (OSError, pa.ArrowException) as error:
        raise ValueError(
            f"a table must pass its checksums, {path} does not ({error}): delete it and run the "
            "same command again"
        ) from error


def read_rows(
    path: Place,
    row_class: type,
    keys: Sequence[str],
    column: str,
    values: Collection[Any],
) -> pa.Table:
    """The rows of a table whose `column` holds one of the values, in the table's order."""
    schema = schema_of(row_class)
    found = [part for part in scan(path, row_class, keys, among=(column, values)) if part.num_rows]
    return pa.concat_tables(found, promote_options="default") if found else schema.empty_table()
