"""The first stage of a file of texts: its rows, and parts of them named by what they hold.

A part is so many rows from a multiple of that number on. It is named by its texts alone, so a file
that has grown, was moved or converted has the parts that it had. Files of lines become Parquet
here, once, where any row can be reached.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from emoray.prediction.line_rows import line_batches, line_columns
from emoray.prediction.parquet_rows import batches_between, parquet_file
from emoray.prediction.text_files import PARQUET, TextFile

INDEX, ROWS = "index.json", "rows.parquet"
GROUP_ROWS, GROUP_BYTES = 8192, 16 << 20


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of that type holds strings."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def columns_of(file: TextFile) -> tuple[dict[str, pa.DataType], int | None]:
    """The columns by the file's beginning or footer, and the rows where that tells.

    Returns:
        Types by name, empty for a file without anything in it; rows, or None.

    Raises:
        ValueError: it cannot be read, or has two columns of one name.
    """
    if file.kind != PARQUET:
        return line_columns(file), None
    with parquet_file(file) as opened:
        schema = opened.schema_arrow
        if twice := [n for i, n in enumerate(schema.names) if n in schema.names[:i]]:
            raise ValueError(
                f"a column has a name of its own, got {twice[0]!r} twice in {file.place}: rename "
                "one of them, or leave the file out"
            )
        return dict(zip(schema.names, schema.types, strict=True)), opened.metadata.num_rows


def is_row(kind: pa.DataType) -> bool:
    """Whether a column of that type holds lists of numbers."""
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not lists and not pa.types.is_fixed_size_list(kind):
        return False
    return bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def refuse_column(
    file: TextFile, columns: dict[str, pa.DataType], column: str, *, features: bool = False
) -> None:
    """Refuse a file where the column of texts is not there, or holds no strings.

    Args:
        file: of the column.
        columns: the types of all by name.
        column: the name.
        features: whether lists of numbers, or the same as JSON, stand in place of texts.

    Raises:
        ValueError: what is wrong with it.
    """
    if features:
        if column not in columns or not (is_row(columns[column]) or is_text(columns[column])):
            got = f"{columns[column]} in {column!r}" if column in columns else f"no {column!r}"
            raise ValueError(
                f"rows of features stand in a column of lists of numbers, got {got} of "
                f"{file.place}, which has {', '.join(list(columns)[:12])}: name it with "
                "--text-column, or put columns of numbers into one of lists"
            )
        return
    if column not in columns:
        raise ValueError(
            f"texts stand in a column, {column!r} is none of {file.place}, which has "
            f"{', '.join(list(columns)[:12])}: name it with --text-column, or leave the file out"
        )
    if not is_text(columns[column]):
        raise ValueError(
            f"a column of texts holds strings, got {columns[column]} in {column!r} of "
            f"{file.place}: name another with --text-column, or convert it"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Rows of a file that are scored together: how many, and the hash of their texts."""

    rows: int
    sha256: str


class _PartHashes:
    """Hashes texts part by part, however they arrive."""

    def __init__(self, part_rows: int) -> None:
        self._most = part_rows
        self.parts: list[TextPart] = []
        self._begin()

    def _begin(self) -> None:
        self._rows, self._lengths, self._bytes = 0, hashlib.sha256(), hashlib.sha256()

    def add(self, texts: pa.Array) -> None:
        while len(texts):
            some = texts.slice(0, self._most - self._rows)
            texts = texts.slice(len(some))
            lengths = pc.fill_null(pc.binary_length(some), -1).to_numpy(zero_copy_only=False)
            self._lengths.update(lengths.astype("<i8").tobytes())
            whole = pc.fill_null(some, "")
            offsets = np.frombuffer(whole.buffers()[1], np.int64)
            data = whole.buffers()[2]
            if data is not None:
                low, high = offsets[whole.offset], offsets[whole.offset + len(whole)]
                self._bytes.update(memoryview(data)[low:high])
            self._rows += len(some)
            if self._rows == self._most:
                self.end()

    def end(self) -> None:
        if self._rows:
            both = self._lengths.digest() + self._bytes.digest()
            sha256 = hashlib.sha256(both).hexdigest()
            self.parts.append(TextPart(rows=self._rows, sha256=sha256))
        self._begin()


def as_texts(column: pa.Array) -> pa.Array:
    """A column of texts as large strings; of lists of numbers as their JSON."""
    if is_row(column.type):
        rows = [None if row is None else json.dumps(row) for row in column.to_pylist()]
        return pa.array(rows, pa.large_string())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.large_string())


def _written(
    batches: Iterator[pa.RecordBatch], column: str, path: Path
) -> Iterator[pa.RecordBatch]:
    """Pass batches on, and write them to a Parquet file, in row groups of bounded size."""
    waiting: list[pa.RecordBatch] = []
    first = next(batches, None)
    if first is None:
        first = pa.RecordBatch.from_pydict({column: pa.array([], pa.string())})
    with pq.ParquetWriter(path, first.schema, compression="zstd", write_page_checksum=True) as sink:

        def flush() -> None:
            if waiting:
                sink.write_table(pa.Table.from_batches(waiting))
                waiting.clear()

        yield first
        waiting.append(first)
        for batch in batches:
            yield batch
            waiting.append(batch)
            rows, size = sum(map(len, waiting)), sum(each.nbytes for each in waiting)
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                flush()
        flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexTexts:
    """The parts of a file of texts.

    Attributes:
        file: the file.
        column: of its texts.
        part_rows: rows of a part.
    """

    name: ClassVar[str] = "index_texts"
    version: ClassVar[int] = 1

    file: TextFile
    column: str
    part_rows: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `index.json`, and `rows.parquet` of a file of lines."""
        hashes, rows = _PartHashes(self.part_rows), 0
        for texts in self._texts(out):
            hashes.add(texts)
            rows += len(texts)
        hashes.end()
        parts = [[part.rows, part.sha256] for part in hashes.parts]
        (out / INDEX).write_text(json.dumps({"rows": rows, "parts": parts}))

    def _texts(self, out: Path) -> Iterator[pa.Array]:
        if self.file.kind == PARQUET:
            with parquet_file(self.file) as opened:
                for batch in batches_between(opened, 0, opened.metadata.num_rows, [self.column]):
                    yield as_texts(batch.column(0))
            return
        for batch in _written(line_batches(self.file), self.column, out / ROWS):
            refuse_column(
                self.file,
                dict(zip(batch.schema.names, batch.schema.types, strict=True)),
                self.column,
            )
            yield as_texts(batch.column(self.column))

    def rows_in(self, folder: Path) -> Path | TextFile:
        """The Parquet file with the rows; `folder` is this stage's, finished."""
        return self.file if self.file.kind == PARQUET else folder / ROWS


def read_parts(folder: Path) -> list[TextPart]:
    """The parts that a finished `IndexTexts` found."""
    found = json.loads((folder / INDEX).read_text())
    return [TextPart(rows=rows, sha256=sha256) for rows, sha256 in found["parts"]]
