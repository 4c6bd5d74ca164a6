"""CSV and JSON lines become rows: cells stay strings, values keep their kind, nothing is lost."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from emoray.prediction.line_rows import line_batches, line_columns
from emoray.prediction.text_files import LocalFile, TextFile


def file_of(path: Path, content: str | bytes) -> TextFile:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return TextFile.of(LocalFile(sha256="0", path=path))


def rows(file: TextFile) -> list[dict[str, Any]]:
    return pa.Table.from_batches(list(line_batches(file))).to_pylist()


def test_cells_of_csv_stay_the_strings_that_they_are(tmp_path: Path) -> None:
    file = file_of(tmp_path / "a.csv", '\ufeffid,text\n007,"so, ""so""\nand on"\n,\nNA,null\n')
    assert rows(file) == [
        {"id": "007", "text": 'so, "so"\nand on'},
        {"id": "", "text": ""},
        {"id": "NA", "text": "null"},
    ]
    assert list(line_columns(file)) == ["id", "text"]


def test_tabs_and_packed_files_are_read(tmp_path: Path) -> None:
    assert rows(file_of(tmp_path / "a.tsv", "id\ttext\n1\ta, b\n")) == [{"id": "1", "text": "a, b"}]
    packed = gzip.compress(b'{"text": "x"}\n')
    assert rows(file_of(tmp_path / "a.jsonl.gz", packed)) == [{"text": "x"}]


def test_values_of_json_keep_their_kind_where_a_column_has_one(tmp_path: Path) -> None:
    entries = [
        {"text": "a", "n": 1, "x": 1, "mixed": 1, "inner": {"a": 1}, "flag": True},
        {"text": None, "n": 2, "x": 0.5, "mixed": "1", "inner": None, "late": 2**70},
    ]
    content = "\n\n".join(map(json.dumps, entries))
    assert rows(file_of(tmp_path / "a.jsonl", content)) == [
        {
            **{"text": "a", "n": 1, "x": 1.0, "mixed": "1", "inner": '{"a": 1}'},
            **{"flag": True, "late": None},
        },
        {
            **{"text": None, "n": 2, "x": 0.5, "mixed": "1", "inner": None},
            **{"flag": None, "late": str(2**70)},
        },
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "b.csv.gz"])
def test_an_empty_file_has_no_columns_and_no_rows(name: str, tmp_path: Path) -> None:
    file = file_of(tmp_path / name, gzip.compress(b"") if name.endswith("gz") else b"")
    assert line_columns(file) == {} and list(line_batches(file)) == []


def test_a_header_alone_is_a_table_too(tmp_path: Path) -> None:
    [batch] = line_batches(file_of(tmp_path / "a.csv", "id,text\n"))
    assert batch.schema.names == ["id", "text"] and len(batch) == 0


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.csv", b"id,text\n1,a,b\n", r"header's columns, got .*Expected 2 columns, got 3"),
        ("a.csv", b"id,text\n1,\xff\xfe\n", r"rows of CSV are UTF-8 .*invalid UTF8"),
        ("a.csv", b"text,text\n1,2\n", r"a name of its own, got 'text' twice"),
        ("a.jsonl", b'{"text": "a"}\n{"text"\n', r"is an object, got line 2 \(Expecting"),
        ("a.jsonl", b'["a"]\n', r"is an object, got list in line 1.*write one"),
        ("a.jsonl", b'{"text": "\xff"}\n', r"is an object, got line 1 \('utf-8' codec"),
        ("a.jsonl", b'{"text": "\\ud800"}\n', r"half a surrogate pair in lines 1 to 1"),
    ],
)
def test_what_is_no_row_is_refused_with_its_place(
    name: str, content: bytes, rule: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=rule):
        rows(file_of(tmp_path / name, content))
