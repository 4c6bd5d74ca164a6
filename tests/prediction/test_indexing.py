"""Parts are named by their texts, whatever file they lie in and however it is cut."""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoray.prediction.indexing import (
    IndexTexts,
    TextPart,
    columns_of,
    read_parts,
    refuse_column,
)
from emoray.prediction.parquet_rows import Aligned, batches_between, parquet_file
from emoray.prediction.text_files import LocalFile, TextFile
from tests.prediction.made import lines_of

TEXTS = ["", "a", "ab", "ü☹", "b" * 3000] * 9


def text_file(path: Path) -> TextFile:
    return TextFile.of(LocalFile(sha256=str(path), path=path))


def parts(path: Path, folder: Path, *, rows: int = 8) -> list[TextPart]:
    folder.mkdir()
    IndexTexts(file=text_file(path), column="text", part_rows=rows).run({}, folder)
    return read_parts(folder)


def written(path: Path, texts: pa.Array, *, group: int) -> Path:
    pq.write_table(pa.table({"text": texts, "n": range(len(texts))}), path, row_group_size=group)
    return path


def test_a_part_is_the_same_in_any_file_and_a_grown_file_has_the_parts_that_it_had(
    tmp_path: Path,
) -> None:
    whole = parts(written(tmp_path / "a.parquet", pa.array(TEXTS), group=7), tmp_path / "1")
    assert [part.rows for part in whole] == [8, 8, 8, 8, 8, 5]
    large = pa.array(TEXTS, pa.large_string())
    coded = pa.array(TEXTS).dictionary_encode()
    assert parts(written(tmp_path / "b.parquet", large, group=45), tmp_path / "2") == whole
    assert parts(written(tmp_path / "c.parquet", coded, group=3), tmp_path / "3") == whole
    assert parts(lines_of(tmp_path / "a.jsonl", TEXTS), tmp_path / "4") == whole
    grown = parts(lines_of(tmp_path / "b.jsonl", [*TEXTS, "new"]), tmp_path / "5")
    assert grown[:5] == whole[:5] and grown[5] != whole[5]


def test_parts_of_other_texts_differ(tmp_path: Path) -> None:
    given = [["ab", "c"], ["a", "bc"], ["", "abc"], [None, "abc"], ["abc", ""], ["abc"]]
    found = [
        parts(
            written(tmp_path / f"{i}.parquet", pa.array(texts, pa.string()), group=2),
            tmp_path / str(i),
        )
        for i, texts in enumerate(given)
    ]
    assert len({part.sha256 for [part] in found}) == len(given)


def test_a_file_without_rows_has_no_part(tmp_path: Path) -> None:
    empty = pa.array([], pa.string())
    assert parts(written(tmp_path / "a.parquet", empty, group=1), tmp_path / "1") == []
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert parts(tmp_path / "a.jsonl", tmp_path / "2") == []


def test_any_rows_are_read_in_order_and_taken_in_any_sizes(tmp_path: Path) -> None:
    rng = random.Random(0)
    path = written(tmp_path / "a.parquet", pa.array(TEXTS), group=7)
    for _ in range(30):
        start, stop = sorted(rng.choices(range(len(TEXTS) + 1), k=2))
        with parquet_file(path) as file:
            own = Aligned(batches_between(file, start, stop))
            found: list[int] = []
            while rows := own.take(rng.randint(1, 9)):
                found += rows.column("n").to_pylist()
        assert found == list(range(start, stop))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", pa.array(TEXTS), group=7)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"must be whole, got one that cannot be read at .*a\.par"):
        columns_of(text_file(path))
    pq.write_table(pa.table({"text": TEXTS}), path, write_page_checksum=True, compression="none")
    flipped = bytearray(path.read_bytes())
    flipped[flipped.index(b"b" * 3000)] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(ValueError, match=r"must be whole, got a damaged one at .*CRC"):
        parts(path, tmp_path / "1")


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ({"body": ["a"]}, r"'text' is none of .*, which has body: name it with --text-column"),
        ({"text": [1]}, r"holds strings, got int64 in 'text' of .*: name another"),
    ],
)
def test_a_file_without_a_column_of_texts_is_refused(
    table: dict[str, list[object]], rule: str, tmp_path: Path
) -> None:
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    file = text_file(tmp_path / "a.parquet")
    columns, rows = columns_of(file)
    assert rows == 1
    with pytest.raises(ValueError, match=rule):
        refuse_column(file, columns, "text")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(twice, tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a name of its own, got 'text' twice in"):
        columns_of(text_file(tmp_path / "a.parquet"))
