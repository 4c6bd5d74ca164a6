"""Rows of many parts, sorted and each once, in memory that does not grow with them.

An external merge sort. Parts are read in order until a share is full; the share is sorted and
written in blocks to a file that has no name and ends with the process. Blocks are then read again
in the order of their first keys: once those that begin before a key are read, all rows before that
key are.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from emoray.tables.parts import KEYS, part_class_of
from emoray.tables.schema import schema_of

SHARE_BYTES = 48 * 2**20  # of rows that are sorted at once
BLOCK_BYTES = 2 * 2**20  # of rows that are taken up together
AGE = "_age"  # of rows of one key the last one read counts


def _sorted_once(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Rows by key, of one key the youngest."""
    places = pc.sort_indices(rows, [(k, "ascending") for k in keys] + [(AGE, "descending")])
    known = rows.select(keys).take(places).combine_chunks()
    repeated = np.ones(max(rows.num_rows - 1, 0), bool)
    for key in known.columns:
        repeated &= pc.equal(key[1:], key[:-1]).to_numpy()
    first = np.concatenate([np.ones(min(rows.num_rows, 1), bool), ~repeated])
    return rows.take(pc.filter(places, pa.array(first)))


def _key_at(rows: pa.Table, keys: Sequence[str], at: int) -> tuple[Any, ...]:
    return tuple(rows.column(key)[at].as_py() for key in keys)


def _rows_before(rows: pa.Table, keys: Sequence[str], key: tuple[Any, ...]) -> int:
    """How many of the sorted rows come before a key."""
    low, high = 0, rows.num_rows
    while low < high:
        middle = (low + high) // 2
        if _key_at(rows, keys, middle) < key:
            low = middle + 1
        else:
            high = middle
    return low


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Sorted rows in the file, `bytes` from `at` on."""

    first: tuple[Any, ...]
    at: int
    bytes: int
    rows: int


@dataclass(kw_only=True)
class Merged:
    """Rows of one table, sorted by key, each key once: the last part that holds it counts.

    A context: at its end the file is gone. folder: where the file lies meanwhile.
    """

    table: str
    folder: Path
    share_bytes: int = SHARE_BYTES
    block_bytes: int = BLOCK_BYTES
    _blocks: list[_Block] = field(default_factory=list)
    _held: list[pa.Table] = field(default_factory=list)
    _file: IO[bytes] | None = None
    _rows: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file:
            self._file.close()

    @property
    def _keys(self) -> list[str]:
        return list(KEYS[self.table])

    def take(self, parts: Iterable[pa.Table]) -> None:
        """Take the rows of all parts, the oldest part first."""
        held = 0
        for part in parts:
            part = part.combine_chunks()  # thousands of small ones take twice the time to sort
            age = pa.array(np.arange(self._rows, self._rows + part.num_rows))
            self._rows += part.num_rows
            self._held.append(part.append_column(AGE, age))
            held += part.nbytes
            if held > self.share_bytes:
                self._lay_down()
                held = 0
        if self._blocks:
            self._lay_down()

    def _whole(self) -> pa.Table:
        schema = schema_of(part_class_of(self.table)).append(pa.field(AGE, pa.int64()))
        return pa.concat_tables([schema.empty_table(), *self._held])

    def _lay_down(self) -> None:
        """Sort the rows held and write them in blocks, each of which can be read alone."""
        rows = _sorted_once(self._whole(), self._keys)
        self._held.clear()
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self.folder)
        step = max(1, rows.num_rows * self.block_bytes // max(rows.nbytes, 1))
        for start in range(0, rows.num_rows, step):
            block = rows.slice(start, step)
            sink = pa.BufferOutputStream()
            options = ipc.IpcWriteOptions(compression="lz4")
            with ipc.new_stream(sink, block.schema, options=options) as stream:
                stream.write_table(block)
            content = sink.getvalue()
            at = self._file.seek(0, 2)
            self._file.write(content)
            first = _key_at(block, self._keys, 0)
            found = _Block(first=first, at=at, bytes=content.size, rows=block.num_rows)
            self._blocks.append(found)

    def _block(self, block: _Block, columns: Sequence[str]) -> pa.Table:
        assert self._file is not None
        self._file.seek(block.at)
        content = self._file.read(block.bytes)
        schema = ipc.open_stream(content).schema
        options = ipc.IpcReadOptions(included_fields=[schema.names.index(n) for n in columns])
        return ipc.open_stream(content, options=options).read_all().select(columns)

    def chunks(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield the merged rows in order, some thousand at once.

        It may be called several times, for other columns too: the rows are the same.

        Args:
            columns: names; None for all.

        Yields:
            Tables of these columns.
        """
        schema = schema_of(part_class_of(self.table))
        names = list(columns or schema.names)
        if not self._blocks:
            yield _sorted_once(self._whole(), self._keys).select(names)
            return
        read = [*dict.fromkeys((*names, *self._keys)), AGE]
        order = sorted(self._blocks, key=lambda block: block.first)
        waiting: list[pa.Table] = []
        largest = max(1, self.share_bytes // self.block_bytes)
        for start in range(0, len(order), largest):
            taken, rest = order[start : start + largest], order[start + largest :]
            waiting += [self._block(block, read) for block in taken]
            rows = _sorted_once(pa.concat_tables(waiting), self._keys)
            whole = _rows_before(rows, self._keys, rest[0].first) if rest else rows.num_rows
            waiting = [rows.slice(whole)]
            yield rows.slice(0, whole).select(names)
