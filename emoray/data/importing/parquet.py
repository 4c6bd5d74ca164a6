"""Read Parquet and Arrow tables, with the names of class ids where `datasets` left them."""

import json
from collections.abc import Collection
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from emoray.data.importing.table import Table
from emoray.data.importing.unpacked import most_bytes, too_large

_WAY = "save it as JSON lines and give these"
_ROWS = 1024  # counted at a time


def class_names(metadata: bytes | None) -> dict[str, tuple[str, ...]]:
    """Names of ids by column, from what the `datasets` library writes into a schema."""
    try:
        features: Any = json.loads(metadata or b"{}")["info"]["features"]
    except (KeyError, TypeError, ValueError):
        return {}
    found = {}
    for column, feature in features.items():
        if isinstance(feature, list) and feature:  # as older versions write a list of ids
            feature = feature[0]
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        names = inner.get("names") if isinstance(inner, dict) else None
        if isinstance(names, list):
            found[column] = tuple(map(str, names))
    return found


def _number_rows(column: Any) -> list[Any] | None:
    """The cells of a column of lists of numbers as NumPy arrays; None for any other column."""
    import pyarrow as pa

    kind, found = column.type, []
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and not (
        pa.types.is_fixed_size_list(kind)
    ):
        return None
    if not (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
        return None
    for chunk in column.chunks:
        lengths = chunk.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        values = chunk.flatten().to_numpy(zero_copy_only=False)
        ends, there = np.cumsum(lengths), chunk.is_valid().to_pylist()
        found += [
            values[end - length : end] if valid else None
            for end, length, valid in zip(ends, lengths, there, strict=True)
        ]
    return found


def parquet_columns(arrow: Any, where: str, features: Collection[str] = ()) -> Table:
    """Convert a pyarrow table to columns of Python values; features that are lists to arrays."""
    names = [n for n in arrow.column_names if not n.startswith("__index_level_")]
    metadata = (arrow.schema.metadata or {}).get(b"huggingface")
    rows = {
        name: found
        for name in names
        if any(fnmatchcase(name, pattern) for pattern in features)
        and (found := _number_rows(arrow.column(name))) is not None
    }
    columns = {name: rows.get(name) or arrow.column(name).to_pylist() for name in names}
    return Table(where=where, columns=columns, names=class_names(metadata))


def _bytes_of(column: Any) -> int:
    """Bytes of a column's cells as texts; those of a dictionary count as often as they occur."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind) and not pa.types.is_primitive(kind.value_type):
        lengths = pc.binary_length(column.dictionary).take(column.indices)
        return int(pc.sum(lengths).as_py() or 0)
    if pa.types.is_struct(kind):
        return sum(map(_bytes_of, column.flatten()))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _bytes_of(column.flatten()) + len(column)
    return int(column.nbytes)


def _check_size(file: Any, where: str, most: int) -> None:
    """Refuse a file with more cells than one of its size may hold."""
    metadata = file.metadata
    sizes = [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]
    left = most
    if sum(sizes) > most or metadata.num_rows > most:
        raise too_large(where, most, _WAY)
    for batch in file.iter_batches(batch_size=_ROWS):
        left -= sum(map(_bytes_of, batch.columns)) + len(batch)
        if left < 0:
            raise too_large(where, most, _WAY)


def read_parquet(source: Path | bytes, where: str, features: Collection[str] = ()) -> Table:
    """Read one file, or its bytes. features: names or patterns of columns that hold features."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    packed = len(source) if isinstance(source, bytes) else source.stat().st_size
    try:
        counted = pq.ParquetFile(_opened(source), page_checksum_verification=True)
        names = [c.path for c in map(counted.schema.column, range(len(counted.schema)))]
        with pq.ParquetFile(
            _opened(source), read_dictionary=names, page_checksum_verification=True
        ) as file:
            _check_size(file, where, most_bytes(packed))
        arrow = counted.read()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(
            f"{where}: a Parquet file must be whole, got one that cannot be read "
            f"({str(error).splitlines()[0][:100]}): copy it again"
        ) from None
    return parquet_columns(arrow, where, features)


def _opened(source: Path | bytes) -> Any:
    return BytesIO(source) if isinstance(source, bytes) else source
