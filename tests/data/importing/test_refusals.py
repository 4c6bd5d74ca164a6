"""Every bad corpus is refused in words that say the rule, what was found and what to do."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from emoray.data.importing.importing import import_corpus
from emoray.data.importing.settings import CorpusSource
from tests.data.importing.made import as_lines, as_parquet, as_separated, rows, texts_and

JOINED = ["|".join(labels) for _, labels in rows()]
TEXTS = [text for text, _ in rows()]


def file(name: str, content: str | bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def table(columns: dict[str, list[object]]) -> Callable[[Path], Path]:
    return lambda folder: as_lines(folder / "a.jsonl", columns)


def both(folder: Path) -> Path:
    for name in ("a.csv", "b.csv"):
        as_separated(folder / name, texts_and(JOINED))
    return folder


def uneven(folder: Path) -> Path:
    as_separated(folder / "part-1.csv", texts_and(JOINED))
    as_separated(folder / "part-2.csv", {"body": TEXTS, "labels": JOINED})
    return folder / "part-*.csv"


def without_train(folder: Path) -> Path:
    for split in ("dev", "test"):
        as_separated(folder / f"{split}.csv", texts_and(JOINED))
    return folder


def cut_parquet(folder: Path) -> Path:
    path = as_parquet(folder / "a.parquet", texts_and(JOINED))
    path.write_bytes(path.read_bytes()[:-20])
    return path


MANY = [f"label {i}" for i in range(600)]
SPLIT = ["train"] * 30 + ["holdout"] * 30
REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "nothing there": (lambda p: p / "a.csv", "must be there, got no file, folder or match"),
    "an empty folder": (lambda p: p, r"folder holds files of \.csv.*got none in"),
    "an unknown format": (file("a.xlsx", "x"), r"a file of \.csv.*got .*a\.xlsx: convert it"),
    "no suffix": (file("reviews", "x"), "convert it to one of these"),
    "an empty file": (file("a.csv", ""), "at least one text, got an empty file"),
    "a header alone": (file("a.csv", "text,label\n"), "at least one text, got no rows"),
    "not UTF-8": (file("a.csv", b"text,label\nno,a\ncaf\xe9,b\n"), "line 3: text must be UTF-8"),
    "cut UTF-16": (
        file("a.csv", "text,label\na,b\n".encode("utf-16")[:-1]),
        "begins as UTF-16 must go on so",
    ),
    "a ragged row": (file("a.csv", "text,label\nso, so,bad\n"), "line 2: .* 2 columns .*got 3"),
    "an open quote": (file("a.csv", 'text,label\n"so,bad\n'), "a quote that opens must close"),
    "a name twice": (file("a.csv", "text,text\na,b\n"), "name of its own, got 'text' more than"),
    "damaged gzip": (file("a.csv.gz", b"no gzip"), r"\.gz file must be whole"),
    "cut gzip": (file("a.csv.gz", gzip.compress(b"text,label\n" * 99)[:-9]), "must be whole"),
    "no JSON": (file("a.jsonl", '{"text": "a"}\n{"text": \n'), "line 2: each line is JSON"),
    "no objects": (file("a.jsonl", '"text"\n'), "line 1: an entry is an object .*got str"),
    "damaged Parquet": (cut_parquet, "a Parquet file must be whole"),
    "no Parquet": (file("a.parquet", "text"), "a Parquet file must be whole"),
    "two files of no split": (both, r"got a\.csv, b\.csv .*name one file"),
    "parts that differ": (uneven, "same columns, got 'text', 'labels' in"),
    "no train": (without_train, "or train and one of the others, got dev, test"),
    "no text column": (
        file("a.csv", "remark,label\na,b\n"),
        "got 'remark', 'label' .*name it with --text-column",
    ),
    "no label column": (
        file("a.csv", "text,mood\na,b\n"),
        "got 'text', 'mood' .*name them with --label-column",
    ),
    "texts that are numbers": (table({"text": [1.5, 2.5], "label": ["a", "b"]}), "got 1.5 .float"),
    "texts that are empty": (table({"text": ["", None], "label": ["a", "b"]}), "got 2 empty cells"),
    "labels that are empty": (table({"text": ["a", "b"], "label": ["", None]}), "labels to learn"),
    "probabilities": (
        table({"text": ["a", "b"], "label": [0.25, 0.75]}),
        "a label is a name or a whole id, got 0.25",
    ),
    "labels that are objects": (
        table({"text": ["a"], "label": [{"joy": 1}]}),
        "a whole id, got .*dict",
    ),
    "hidden labels": (table({"text": ["a", "b"], "label": [-1, -1]}), "ids start at 0, got -1"),
    "one label only": (table({"text": TEXTS, "label": ["a"] * 60}), "at least two .*got a of 1"),
    "a label for each text": (
        table({"text": [f"text {i}" for i in range(600)], "label": MANY}),
        "at most 500 labels, got 600",
    ),
    "a rare label": (
        table({"text": TEXTS, "label": ["rare"] * 2 + ["a", "b"] * 29}),
        r"got rare \(none in (dev|train|test).*2 in all\): --min-label-texts 3 drops",
    ),
    "few texts": (table({"text": TEXTS[:12], "label": ["a", "b"] * 6}), "at least 5 texts, got"),
    "a split of another name": (
        table({"text": TEXTS, "label": ["a", "b"] * 30, "split": SPLIT}),
        "train, dev or test in every row, got 'holdout'",
    ),
    "a split of no name": (
        table({"text": TEXTS, "label": ["a", "b"] * 30, "split": ["train"] * 59 + [None]}),
        "in every row, got empty cells",
    ),
    "a split without a label": (
        table(
            {
                "text": TEXTS,
                "label": ["a", "b"] * 20 + ["a"] * 20,
                "split": ["train"] * 30 + ["dev"] * 10 + ["test"] * 20,
            }
        ),
        r"got b \(none in test, 20 in all\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_corpus_is_refused(case: str, tmp_path: Path) -> None:
    make, words = REFUSED[case]
    folder = tmp_path / "given"
    folder.mkdir()
    source = str(make(folder))
    with pytest.raises(ValueError, match=words):
        import_corpus(CorpusSource(source=source), source, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


ASKED: dict[str, tuple[dict[str, object], str]] = {
    "a text column that is not there": ({"text_column": "body"}, "got 'body' .*'text', 'labels'"),
    "a label column that is not there": ({"label_columns": ("mood",)}, "got 'mood' for"),
    "one column for both": (
        {"text_column": "text", "label_columns": ("text",)},
        "got 'text' for texts and labels",
    ),
    "marks that are words": (
        {"label_columns": ("labels", "more")},
        "a column of one label holds 0 and 1, got 'broken' in 'labels', text 1",
    ),
}


@pytest.mark.parametrize("case", ASKED)
def test_columns_that_cannot_be_are_refused(case: str, tmp_path: Path) -> None:
    asked, words = ASKED[case]
    path = as_separated(tmp_path / "a.csv", {**texts_and(JOINED), "more": ["0", "1"] * 30})
    with pytest.raises(ValueError, match=words):
        import_corpus(CorpusSource(source=str(path), **asked), str(path), tmp_path / "cache")


def test_a_separator_for_lists_is_refused(tmp_path: Path) -> None:
    path = as_lines(tmp_path / "a.jsonl", texts_and([labels for _, labels in rows()]))
    with pytest.raises(ValueError, match="a label separator cuts cells of text, got ','"):
        import_corpus(
            CorpusSource(source=str(path), label_separator=","), str(path), tmp_path / "cache"
        )


def test_ids_beyond_their_names_are_refused(tmp_path: Path) -> None:
    path = as_separated(tmp_path / "a.csv", texts_and([i % 4 for i in range(60)]))
    (tmp_path / "labels.txt").write_text("a\nb\nc\n")
    with pytest.raises(ValueError, match=r"label ids lie in 0\.\.2, got 3"):
        import_corpus(CorpusSource(source=str(path)), str(path), tmp_path / "cache")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"source": " "}, "a file, a folder or hf:owner/name, got ''"),
        ({"source": "a", "name": "../b"}, "letters, digits, .* got '../b'"),
        ({"source": "a", "label_separator": ""}, "at least one character"),
        ({"source": "a", "min_label_texts": 0}, "at least 1, got 0"),
        ({"source": "a", "seed": -1}, "at least 0, got -1"),
    ],
)
def test_what_cannot_be_asked_is_refused(said: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CorpusSource(**said)
