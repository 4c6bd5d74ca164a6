"""CSV and JSON lines as batches of rows, read as a stream.

Cells of CSV stay the strings that they are: `007` is no number. Values of JSON keep their kind
where a column has one, else they are JSON again.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.csv

from emoray.prediction.text_files import CSV, JSON_LINES, TSV, TextFile

BLOCK = 16 << 20  # bytes parsed at once; a row of CSV has room in one
LINES, LINE_BYTES = 1024, 4 << 20  # of a batch
SIGNS = {CSV: ",", TSV: "\t"}
_KINDS = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
_LEAST, _MOST = -(2**63), 2**63 - 1


def _refused(file: TextFile, rule: str, got: str, remedy: str) -> ValueError:
    return ValueError(f"{rule}, got {got} in {file.place}: {remedy}")


def _reader(file: TextFile, opened: BinaryIO) -> Any:
    names = _header(file, opened)
    options = pa.csv.ConvertOptions(
        column_types={name: pa.string() for name in names}, strings_can_be_null=False
    )
    return pa.csv.open_csv(
        opened,
        read_options=pa.csv.ReadOptions(block_size=BLOCK, use_threads=False),
        parse_options=pa.csv.ParseOptions(
            delimiter=SIGNS[file.kind], newlines_in_values=True, quote_char='"'
        ),
        convert_options=options,
    )


def _header(file: TextFile, opened: BinaryIO) -> list[str]:
    """The names in the first line; the file is at its start again."""
    start = opened.read(BLOCK)
    opened.seek(0)
    cut = start.find(b"\n") + 1 or len(start)
    if not start.strip():
        return []
    try:
        first = pa.csv.read_csv(
            pa.BufferReader(start[:cut].rstrip() + b"\n"),
            parse_options=pa.csv.ParseOptions(delimiter=SIGNS[file.kind]),
        )
    except pa.ArrowInvalid as error:
        raise _unreadable(file, error) from None
    names: list[str] = first.column_names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _refused(
            file, "a column has a name of its own", f"{twice[0]!r} twice", "rename one of them"
        )
    return names


def _unreadable(file: TextFile, error: Exception) -> ValueError:
    first = str(error).splitlines()[0][:160]
    return _refused(
        file,
        "rows of CSV are UTF-8 and have the header's columns",
        first,
        "quote a text that holds the separator, save the file as UTF-8, or as JSON lines",
    )


def _csv_batches(file: TextFile) -> Iterator[pa.RecordBatch]:
    with file.open() as opened:
        if not _header(file, opened):
            return
        try:
            reader = _reader(file, opened)
            yield pa.RecordBatch.from_pylist([], reader.schema)  # a header alone is a table too
            for batch in reader:
                yield from (batch.slice(at, LINES) for at in range(0, len(batch), LINES))
        except pa.ArrowInvalid as error:
            raise _unreadable(file, error) from None


class _Line(NamedTuple):
    """A line of JSON lines that is not empty."""

    number: int
    size: int  # bytes
    entry: dict[str, Any]


def _objects(file: TextFile) -> Iterator[_Line]:
    with file.open() as opened:
        for number, line in enumerate(opened, start=1):
            text = line.strip().removeprefix(b"\xef\xbb\xbf")
            if not text:
                continue
            try:
                found = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise _refused(
                    file,
                    "a line of JSON lines is an object",
                    f"line {number:,} ({error})",
                    "mend it",
                ) from None
            if not isinstance(found, dict):
                raise _refused(
                    file,
                    "a line of JSON lines is an object",
                    f"{type(found).__name__} in line {number:,}",
                    'write one {"text": …} a line',
                )
            yield _Line(number, len(text), found)


def _together(lines: Iterator[_Line]) -> Iterator[list[_Line]]:
    """So many lines as make a batch."""
    some: list[_Line] = []
    size = 0
    for line in lines:
        some.append(line)
        size += line.size
        if len(some) == LINES or size >= LINE_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def _json_types(file: TextFile) -> dict[str, pa.DataType]:
    """The type of each column: that of all its values, else a string of JSON."""
    kinds: dict[str, set[type]] = {}
    for line in _objects(file):
        for name, value in line.entry.items():
            found = kinds.setdefault(name, set())
            if value is not None:
                large = type(value) is int and not _LEAST <= value <= _MOST
                found.add(object if large else type(value))
    types = {}
    for name, found in kinds.items():
        found = {float} if found == {int, float} else found
        (only,) = found if len(found) == 1 else (object,)
        types[name] = _KINDS.get(only, pa.string())
    return types


def _cell(value: Any, kind: pa.DataType) -> Any:
    if value is None or not pa.types.is_string(kind) or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _json_batches(file: TextFile) -> Iterator[pa.RecordBatch]:
    types = _json_types(file)
    schema = pa.schema(types.items())
    for some in _together(_objects(file)):
        columns = {
            name: [_cell(line.entry.get(name), kind) for line in some]
            for name, kind in types.items()
        }
        try:
            yield pa.RecordBatch.from_pydict(columns, schema)
        except UnicodeEncodeError:
            lines = f"lines {some[0].number:,} to {some[-1].number:,}"
            raise _refused(
                file, "a string of JSON is Unicode", f"half a surrogate pair in {lines}", "mend it"
            ) from None


def line_batches(file: TextFile) -> Iterator[pa.RecordBatch]:
    """Read a file of lines as rows, all batches of one schema; ValueError for a malformed one."""
    yield from _json_batches(file) if file.kind == JSON_LINES else _csv_batches(file)


def line_columns(file: TextFile) -> dict[str, pa.DataType]:
    """The columns by the first lines; empty where there is none."""
    if file.kind == JSON_LINES:
        found = {}
        for line in islice(_objects(file), LINES):
            for name, value in line.entry.items():
                if value is not None or name not in found:
                    found[name] = _KINDS.get(type(value), pa.string())
        return found
    with file.open() as opened:
        return dict.fromkeys(_header(file, opened), pa.string())
