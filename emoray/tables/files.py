"""Parquet files that are whole or absent, and whose reading fails when a byte has changed.

A table is written to a temporary file and then moved, so no reader ever sees half of it.
Pages carry checksums, and reading verifies them.
"""

import io
import os
import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emoray.storage.location import Place
from emoray.storage.names import PART_IS, PLAIN, TABLED, TABLED_MOST, shown
from emoray.storage.s3 import S3Folder
from emoray.tables.schema import passed_over, schema_of

Rows: TypeAlias = Sequence[Any] | Mapping[str, Any] | pa.Table
P = TypeVar("P", Path, S3Folder, Place)
AS_WRITTEN: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}
NAMES = {"run", "corpus", "taxonomy", "point", "key"}  # columns whose values become parts of paths

FEW = 1000  # names that are looked at one by one
SMALL = 2**20  # bytes of a file
NAMED = 5  # columns in an error


def _column(field: pa.Field, values: Any, row_class: type) -> pa.Array:
    """`values` as the field's type. In a column that may hold nulls, NaN becomes null."""
    try:
        if isinstance(values, pa.ChunkedArray | pa.Array):
            array = values.cast(field.type)
        else:
            if isinstance(values, np.ndarray) and values.ndim > 1:
                values = list(values)
            array = pa.array(values, field.type, from_pandas=field.nullable)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise ValueError(
            f"{row_class.__name__}.{field.name} holds {field.type}, got something else ({error}): "
            "convert it before writing"
        ) from error
    if array.null_count and not field.nullable:
        raise ValueError(
            f"{row_class.__name__}.{field.name} is never null, got {array.null_count} nulls: "
            "fill them, or leave the rows out"
        )
    return array


def _columns(columns: Mapping[str, Any], row_class: type) -> dict[str, Any]:
    """`columns` of one length, one value standing for every row; refuses other names."""
    names = schema_of(row_class).names
    missing, foreign = set(names) - set(columns), set(columns) - set(names)
    if missing or foreign:
        raise ValueError(
            f"a {row_class.__name__} table has exactly the class's columns, missing "
            f"{sorted(missing)}, unknown {sorted(foreign)}: rename or complete them"
        )
    single = {n for n, c in columns.items() if isinstance(c, str) or not hasattr(c, "__len__")}
    lengths = {len(c): n for n, c in columns.items() if n not in single}
    if len(lengths) > 1:
        found = ", ".join(f"{length} in {n}" for length, n in lengths.items())
        raise ValueError(f"columns of one table have one length, got {found}: cut them alike")
    rows = next(iter(lengths), 1)
    return {n: [columns[n]] * rows if n in single else columns[n] for n in names}


def table_of(rows: Rows, row_class: type) -> pa.Table:
    """Instances of `row_class`, columns by name (one value: for every row) or an Arrow table."""
    schema = schema_of(row_class)
    columns: Mapping[str, Any]
    if isinstance(rows, pa.Table):
        columns = _columns(dict(zip(rows.column_names, rows.columns, strict=True)), row_class)
    elif isinstance(rows, Mapping):
        columns = _columns(rows, row_class)
    else:
        strangers = {type(r).__name__ for r in rows if not isinstance(r, row_class)}
        if strangers:
            raise ValueError(
                f"rows of this table are {row_class.__name__}, got {sorted(strangers)}: "
                "write each class to a table of its own"
            )
        columns = {n: [getattr(r, n) for r in rows] for n in schema.names}
    return pa.table([_column(schema.field(n), columns[n], row_class) for n in schema.names], schema)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary file that replaces `path` when it is whole."""
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        os.replace(aside, path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"a table must be writable, {path} is not ({error.strerror}): free space or give "
            "another folder and start again; what is finished is kept",
        ) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def write_table(rows: Rows, path: P, row_class: type) -> P:
    """Write `rows` to `path`, whole or not at all; a table that stood there is replaced."""
    sink = io.BytesIO()
    pq.write_table(table_of(rows, row_class), sink, **AS_WRITTEN)
    return _write_bytes(sink.getvalue(), path)


def copy_table(source: Path, path: P) -> P:
    """Write the table at `source`, as it is, to `path`; a table that stood there is replaced."""
    return _write_bytes(source.read_bytes(), path)


def _write_bytes(content: bytes, path: P) -> P:
    if isinstance(path, S3Folder):
        path.parent.write(path.name, content)
        return path
    with _replacing(path) as aside:
        aside.write_bytes(content)
    return path


def write_chunks(chunks: Iterable[pa.Table], path: Path, row_class: type) -> int:
    """Write the rows of all chunks, one below the other, as `write_table` does.

    Args:
        chunks: no more than one is held in memory.
        path: of the file.
        row_class: of the table.

    Returns:
        How many rows were written.
    """
    count = 0
    with _replacing(path) as aside, aside.open("wb") as sink:
        with pq.ParquetWriter(sink, schema_of(row_class), **AS_WRITTEN) as writer:
            for chunk in chunks:
                writer.write_table(table_of(chunk, row_class))
                count += chunk.num_rows
    return count


def clear_half_written(folder: Path) -> None:
    """Remove what a killed `write_table` left in `folder`; no process may be writing there."""
    for aside in Path(folder).glob(".*.parquet.*"):
        aside.unlink(missing_ok=True)


def _source(path: Place) -> Path | io.BytesIO | None:
    """What Arrow can read; None where nothing lies there."""
    if isinstance(path, Path):
        return path if path.is_file() else None
    try:
        return io.BytesIO(path.parent.read(path.name))
    except FileNotFoundError:
        return None


def count_rows(path: Place) -> int:
    """Number of rows by the footer of the Parquet file at `path`; ValueError without one."""
    try:
        return int(pq.read_metadata(_source(path) or path).num_rows)
    except (OSError, TypeError, pa.ArrowException) as error:
        raise ValueError(
            f"a table must be readable, {path} is not ({error}): delete it and run the same "
            "command again"
        ) from error


def refuse_paths(table: pa.Table, path: Place) -> None:
    """Refuse names that become part of a path and would lead elsewhere: the table is untrusted."""
    for column in NAMES & set(table.column_names):
        values = table.column(column).unique()
        if len(values) <= FEW and all(v is not None and PLAIN.match(v) for v in values.to_pylist()):
            continue  # as nearly always: Arrow takes milliseconds to read its pattern
        short = pc.less_equal(pc.utf8_length(values), TABLED_MOST)
        good = pc.and_(pc.match_substring_regex(values, TABLED), short)
        bad = pc.invert(pc.fill_null(good, False))  # a null names nothing
        if pc.any(bad).as_py():
            first = values.filter(bad)[0].as_py()
            raise ValueError(
                f"a {column} names files, so it is {PART_IS}, got "
                f"{'null' if first is None else shown(first)} in {path}: no job of emoray wrote "
                "this table"
            )


def columns_at(path: Place) -> tuple[str, ...]:
    """Columns by the footer of the Parquet file at `path`; ValueError without one."""
    try:
        return tuple(pq.read_schema(_source(path) or path).names)
    except (OSError, TypeError, pa.ArrowException) as error:
        raise ValueError(
            f"a table must be readable, {path} is not ({error}): delete it and run the same "
            "command again"
        ) from error


def filled(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Bring a table of another version to the schema of this one.

    Args:
        table: columns that this version does not know are dropped.
        schema: of this version; missing columns are filled with nulls, of text with "".

    Returns:
        The table, its columns in the order of `schema`.
    """
    columns, fields = [], []
    for field in schema:
        if field.name in table.column_names:
            columns.append(table.column(field.name))
        else:
            missing = "" if pa.types.is_string(field.type) else None
            columns.append(pa.array([missing] * table.num_rows, field.type))
        fields.append(field.with_nullable(field.nullable or columns[-1].null_count > 0))
    return pa.table(columns, pa.schema(fields, metadata=schema.metadata))


def open_table(path: Place) -> pq.ParquetFile:
    """Open the file at `path`, whose pages are verified as they are read."""
    return pq.ParquetFile(_source(path), page_checksum_verification=True)


def known_columns(path: Place, row_class: type, keys: Sequence[str]) -> list[str] | None:
    """Find the columns of `row_class` that the file at `path` has.

    Args:
        path: of the file.
        row_class: of the table.
        keys: columns that it must have.

    Returns:
        Names in the file's order; None where it is another table or unreadable, for which
        `read_table` raises the reason.
    """
    schema = schema_of(row_class)
    try:
        found = pq.read_schema(_source(path) or path)
    except (OSError, TypeError, pa.ArrowException):
        return None
    known = [n for n in found.names if n in schema.names]
    alike = all(found.field(n).type == schema.field(n).type for n in known)
    whole = set(keys) <= set(known) and 2 * len(known) >= len(schema)
    return known if alike and whole else None


def read_any_version(path: Place, row_class: type, keys: Sequence[str]) -> pa.Table:
    """Read the table at `path`, of this version or another.

    ValueError as `read_table` where `keys` are missing, where a column has another type, or where
    less than half of the columns is known.

    Args:
        path: of the file.
        row_class: of the table.
        keys: columns that it must have.

    Returns:
        The table; columns that it lacks are filled with nulls.
    """
    schema = schema_of(row_class)
    known = known_columns(path, row_class, keys)
    if known is None or pq.read_schema(_source(path)).equals(schema, check_metadata=False):
        return read_table(path, row_class)
    with open_table(path) as file:
        table = filled(file.read(columns=known), schema)
    refuse_paths(table, path)
    return table


def row_noun(row_class: type) -> str:
    """Name of the rows of a table for people: `calibration label rows` of CalibrationLabelRow."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", row_class.__name__).lower() + "s"


def _few(names: Iterable[str]) -> str:
    """As many names as fit into a line of an error."""
    first, rest = sorted(names)[:NAMED], sorted(names)[NAMED:]
    return f"{first} and {len(rest)} more" if rest else f"{first}"


def stored(
    source: Path | io.BytesIO,
    columns: Sequence[str] | None = None,
    without: Collection[str] = (),
) -> pa.Table:
    """Read the rows of a file, its pages verified.

    A small file is read at once and by one thread: more would wait for each other.

    Args:
        source: a path, or the content.
        columns: names; None for all.
        without: columns that are left out where all are read.

    Returns:
        The rows as stored.

    Raises:
        ArrowInvalid: it is damaged; reading may raise another of Arrow's errors, or OSError.
    """
    content: Path | io.BytesIO | pa.NativeFile = source
    if isinstance(source, Path) and source.stat().st_size <= SMALL:
        content = pa.BufferReader(source.read_bytes())
    with pq.ParquetFile(content, page_checksum_verification=True) as file:
        rows = file.metadata.num_rows
        if columns is None and without:
            columns = [name for name in file.schema_arrow.names if name not in without]
        table = file.read(columns, use_threads=content is source)
    if table.num_rows != rows:
        raise pa.ArrowInvalid(f"it holds {table.num_rows} of {rows} rows")
    return table


def checked_table(table: pa.Table, schema: pa.Schema, path: Place) -> pa.Table | None:
    """Validate a table that was read from `path`.

    Arrow's error for invalid values, ValueError for names that lead out of a folder.

    Args:
        table: as stored.
        schema: that it must have.
        path: for the message.

    Returns:
        The table with the schema's metadata; None where its columns are others.
    """
    if not table.schema.equals(schema, check_metadata=False):
        return None
    table.validate(full=True)
    table = pa.Table.from_arrays(table.columns, schema=schema)
    refuse_paths(table, path)
    return table


def read_table(path: Place, row_class: type, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the table at `path` and verify it.

    Args:
        path: of the file.
        row_class: of the table.
        columns: names; None for all.

    Returns:
        The table.

    Raises:
        ValueError: it is absent, damaged, of another class, or has names that lead out of a folder.
    """
    schema, source = schema_of(row_class), _source(path)
    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns], metadata=schema.metadata)
    if source is None:
        raise ValueError(
            f"a table of {row_noun(row_class)} must exist, {path} does not: check the path, or run "
            "the job that writes it"
        )
    try:
        found = stored(source, columns, passed_over(row_class))
        if (table := checked_table(found, schema, path)) is not None:
            return table
    except (OSError, pa.ArrowException) as error:
        raise ValueError(
            f"a table must pass its checksums, {path} does not ({error}): delete it and run the "
            "same command again"
        ) from error
    names = found.column_names
    changed = [n for n in names if n in schema.names and found.field(n) != schema.field(n)]
    raise ValueError(
        f"{path} must hold {row_noun(row_class)}; missing columns "
        f"{_few(set(schema.names) - set(names))}, unknown "
        f"{_few(set(names) - set(schema.names))}, "
        f"of another type {_few(changed)}: it is another table or another version's, write it again"
    )
