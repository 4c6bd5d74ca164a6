"""Rows of a Parquet file, some at a time, however large its row groups are."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from emoray.prediction.text_files import BucketFile, TextFile

BATCH_BYTES = 4 << 20  # of the columns read, unpacked
BATCH_ROWS = 256
AHEAD = 32 << 20  # bytes read ahead of an object, all columns together
DAMAGED = ("Couldn't", "Corrupt", "Unexpected", "could not verify")  # so Arrow's errors begin
LEAST_AHEAD, LEAST_AHEAD_HERE = 1 << 20, 1 << 17


@contextmanager
def parquet_file(source: Path | TextFile) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file so that pages are read one by one.

    Args:
        source: a path, or a file here or in a bucket.

    Yields:
        The file.

    Raises:
        ValueError: it cannot be read as Parquet.
        OSError: the disk, or the bucket, does not answer.
    """
    in_bucket = isinstance(source, TextFile) and isinstance(source.source, BucketFile)
    where = source if isinstance(source, Path) else source.place
    opened = source.open("rb") if isinstance(source, Path) else source.source.open()
    with opened as file:
        try:
            footer = pq.read_metadata(file)
            file.seek(0)
            most = max(LEAST_AHEAD, AHEAD // max(1, footer.num_columns))
            yield pq.ParquetFile(
                file,
                metadata=footer,
                buffer_size=most if in_bucket else LEAST_AHEAD_HERE,
                pre_buffer=False,
                page_checksum_verification=True,
            )
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise ValueError(
                f"a Parquet file must be whole, got one that cannot be read at {where} "
                f"({str(error).splitlines()[0][:100]}): copy it again, or leave it out"
            ) from None
        except OSError as error:
            if error.errno is not None or not str(error).startswith(DAMAGED):
                raise
            raise ValueError(
                f"a Parquet file must be whole, got a damaged one at {where} "
                f"({str(error).splitlines()[0][:100]}): copy it again, or leave it out"
            ) from None


def _batch_rows(file: pq.ParquetFile, group: int, columns: Sequence[str] | None) -> int:
    """Rows of a batch, so that it has some megabytes by the sizes of the row group."""
    metadata = file.metadata.row_group(group)
    wanted = None if columns is None else set(columns)
    chunks = (metadata.column(i) for i in range(metadata.num_columns))
    sizes = sum(
        chunk.total_uncompressed_size
        for chunk in chunks
        if wanted is None or chunk.path_in_schema.split(".")[0] in wanted
    )
    each = max(1, sizes // max(1, metadata.num_rows))
    return int(max(1, min(BATCH_ROWS, BATCH_BYTES // each)))


def batches_between(
    file: pq.ParquetFile, start: int, stop: int, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Read the rows from `start` to before `stop`.

    Args:
        file: opened by `parquet_file`.
        start: number of the first row.
        stop: number of the row after the last.
        columns: their names; None for all.

    Yields:
        Batches of at most `BATCH_ROWS`, in order.
    """
    first = 0
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if first < stop and first + rows > start:
            size = _batch_rows(file, group, columns)
            at = first
            for batch in file.iter_batches(
                size, row_groups=[group], columns=columns, use_threads=False
            ):
                low, high = max(start - at, 0), min(stop - at, len(batch))
                if low < high:
                    yield batch.slice(low, high - low)
                at += len(batch)
                if at >= stop:
                    break
        first += rows


class Aligned:
    """Batches of any sizes, taken in others."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches, self._left = batches, pa.RecordBatch.from_pylist([])

    def take(self, rows: int, size: float = math.inf) -> pa.Table:
        """The next rows; fewer at the end, and after a batch with which they have `size` bytes."""
        parts: list[Any] = []
        taken = 0  # bytes
        while rows and taken < size:
            if not len(self._left):
                found = next(self._batches, None)
                if found is None:
                    break
                self._left = found
            part = self._left.slice(0, rows)
            parts.append(part)
            taken += part.nbytes
            self._left = self._left.slice(len(part))
            rows -= len(part)
        return pa.Table.from_batches(parts) if parts else pa.table({})
