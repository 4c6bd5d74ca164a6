"""Labels that came in later."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoray.tables.true_labels import true_labels

NAMES = ("joy", "anger")
TEXTS = ["so glad", "get lost, now", "the bus"]
HASHES = [hashlib.sha256(text.encode()).hexdigest() for text in TEXTS]
TRUE = np.array([[True, False], [False, True], [False, False]])


def written(folder: Path, kind: str) -> Path:
    path = folder / f"labels.{kind}"
    names = [["joy"], ["anger"], []]
    if kind == "parquet":
        pq.write_table(pa.table({"text_sha256": HASHES, "labels": names}), path)
    elif kind == "csv":
        rows = [f'"{text}","{",".join(n)}"\n' for text, n in zip(TEXTS, names, strict=True)]
        path.write_text("text,labels\n" + "".join(rows))
    else:
        rows = [
            f'{{"text_sha256": "{sha}", "labels": {str(n).replace(chr(39), chr(34))}}}\n'
            for sha, n in zip(HASHES, names, strict=True)
        ]
        path.write_text("".join(rows))
    return path


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_labels_are_found_again_by_the_hash_of_their_text(tmp_path: Path, kind: str) -> None:
    labels = true_labels(str(written(tmp_path, kind)), NAMES)
    asked = pa.chunked_array([[HASHES[2], "0" * 64], [HASHES[0]]])
    known_N, labels_NK = labels.of(asked)
    assert known_N.tolist() == [True, False, True]
    np.testing.assert_array_equal(labels_NK, TRUE[[2, 0]])


def test_of_a_text_that_comes_twice_the_last_row_counts(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text('text,labels\nso glad,anger\nso glad,"joy, anger"\n')
    labels = true_labels(str(path), NAMES)
    assert len(labels) == 1 and labels.labels_TK.tolist() == [[True, True]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("text,labels\nso glad,rage\n", r"a label is one of joy, anger, got 'rage' in .*labels"),
        ("text,truth\nso glad,joy\n", r"has a column `labels`, got text, truth in"),
        ("id,labels\n1,joy\n", r"has a column `text_sha256` or `text`, got id, labels in"),
        ("text,labels\nso glad\n", r"a file of labels must be readable, .* is not \("),
    ],
)
def test_a_file_without_what_is_needed_is_refused(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=words):
        true_labels(str(path), NAMES)


def test_numbers_are_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    pq.write_table(pa.table({"text": TEXTS, "labels": [0, 1, 1]}), path)
    with pytest.raises(ValueError, match=r"`labels` are lists of names, .* got int64 in"):
        true_labels(str(path), NAMES)


def test_rows_that_nobody_labelled_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    names = [["joy"], None, []]
    pq.write_table(pa.table({"text": [None, *TEXTS[1:]], "labels": names}), path)
    labels = true_labels(str(path), NAMES)
    assert labels.sha256.to_pylist() == HASHES[2:] and not labels.labels_TK.any()


def test_texts_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    pq.write_table(pa.table({"text": [1], "labels": [["joy"]]}), path)
    with pytest.raises(ValueError, match=r"`text` holds text, got int64 in .*: write it as text"):
        true_labels(str(path), NAMES)


def test_a_long_text_of_json_lines_is_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"text": "' + "long " * 500_000 + '", "labels": ["joy"]}\n')
    assert len(true_labels(str(path), NAMES)) == 1
