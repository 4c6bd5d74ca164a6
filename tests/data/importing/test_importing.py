"""From files as people have them to the one form that every stage reads."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emoray.data.corpus import SPLITS, Corpus, read_splits, taxonomies_of
from emoray.data.goemotions import sample
from emoray.data.importing.importing import ImportedCorpus, import_corpus
from emoray.data.importing.settings import CorpusSource
from emoray.labels import own, taxonomy
from tests.data.importing.made import (
    LABELS,
    as_lines,
    as_parquet,
    as_separated,
    rows,
    texts_and,
    zipped,
)

TEXTS = [text for text, _ in rows()]
GIVEN = [labels for _, labels in rows()]
JOINED = ["|".join(labels) for labels in GIVEN]
MARKS = {label: [int(label in labels) for labels in GIVEN] for label in LABELS}
FORMS: dict[str, Callable[[Path], Path]] = {
    "csv": lambda p: as_separated(p / "a.csv", texts_and(JOINED)),
    "csv.gz": lambda p: zipped(as_separated(p / "a.csv", texts_and(JOINED))),
    "semicolons": lambda p: as_separated(p / "a.csv", texts_and(JOINED), ";"),
    "tsv": lambda p: as_separated(p / "a.tsv", texts_and(JOINED), "\t"),
    "a column each": lambda p: as_separated(p / "a.csv", {"text": TEXTS, **MARKS}),
    "lists in csv": lambda p: as_separated(p / "a.csv", texts_and([list(g) for g in GIVEN])),
    "jsonl": lambda p: as_lines(p / "a.jsonl", texts_and(GIVEN)),
    "jsonl.gz": lambda p: zipped(as_lines(p / "a.jsonl", texts_and(JOINED))),
    "parquet": lambda p: as_parquet(p / "a.parquet", texts_and([list(g) for g in GIVEN])),
    "marks in parquet": lambda p: as_parquet(p / "a.parquet", {"text": TEXTS, **MARKS}),
}


def brought(source: Path | str, cache: Path, **said: object) -> ImportedCorpus:
    return import_corpus(CorpusSource(source=str(source), **said), str(source), cache)


def read(found: ImportedCorpus) -> Corpus:
    (kind, *_) = taxonomies_of(found.folder)
    return read_splits(found.folder, name=found.name, taxonomy=kind)


def told(corpus: Corpus) -> dict[str, set[str]]:
    """The labels of each text, over all splits."""
    return {
        text: {name for name, has in zip(corpus.taxonomy.labels, labels_K, strict=True) if has}
        for split in SPLITS
        for text, labels_K in zip(
            corpus.split(split).texts, corpus.split(split).labels_NK, strict=True
        )
    }


@pytest.mark.parametrize("form", FORMS)
def test_the_same_corpus_comes_out_of_every_form(form: str, tmp_path: Path) -> None:
    found = brought(FORMS[form](tmp_path), tmp_path / "cache")
    corpus = read(found)
    assert corpus.taxonomy == own(LABELS)
    assert told(corpus) == {text: set(labels) for text, labels in rows()}
    assert [len(corpus.split(split)) for split in SPLITS] == [48, 6, 6]


def test_equal_content_has_one_folder_and_one_hash(tmp_path: Path) -> None:
    first = brought(FORMS["csv"](tmp_path), tmp_path / "cache")
    again = brought(FORMS["parquet"](tmp_path), tmp_path / "cache", name="a")
    assert first.folder == again.folder
    (first.folder / "train.tsv").write_text("damaged")
    assert read(brought(tmp_path / "a.csv", tmp_path / "cache")).sha256 == read(again).sha256
    other = brought(tmp_path / "a.csv", tmp_path / "cache", seed=1)
    assert other.folder != first.folder and read(other).sha256 != read(first).sha256


def test_names_of_labels_count_in_the_hash_of_a_corpus(tmp_path: Path) -> None:
    found = brought(FORMS["csv"](tmp_path), tmp_path / "cache")
    before = read(found).sha256
    (found.folder / "labels.txt").write_text("slow\nlate\nrude\n")
    assert read(found).sha256 != before


@pytest.mark.parametrize("names", [("train", "dev", "test"), ("training", "valid", "test-00001")])
def test_a_folder_of_splits_is_taken_as_it_is(names: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, start in zip(names, (0, 30, 45), strict=True):
        part = slice(start, {0: 30, 30: 45, 45: 60}[start])
        as_lines(folder / f"{name}.jsonl", {"text": TEXTS[part], "labels": GIVEN[part]})
    (folder / "notes.json").write_text('{"text": "no part of it"}')
    found = brought(folder, tmp_path / "cache")
    assert [read(found).split(s).texts for s in SPLITS] == [
        tuple(TEXTS[:30]),
        tuple(TEXTS[30:45]),
        tuple(TEXTS[45:]),
    ]
    assert "splits as given" in found.notes and found.name == "mine"


def test_a_column_of_splits_is_honoured(tmp_path: Path) -> None:
    column = ["train"] * 30 + ["Validation"] * 15 + ["test"] * 15
    path = as_separated(tmp_path / "a.csv", {**texts_and(JOINED), "split": column})
    found = brought(path, tmp_path / "cache")
    corpus = read(found)
    assert corpus.train.texts == tuple(TEXTS[:30]) and corpus.dev.texts == tuple(TEXTS[30:45])
    assert "splits: column 'split'" in found.notes


def test_a_column_that_names_no_splits_is_not_used_for_them_and_that_is_said(
    tmp_path: Path,
) -> None:
    path = as_separated(tmp_path / "a.csv", {**texts_and(JOINED), "split": ["web", "shop"] * 30})
    said = brought(path, tmp_path / "cache").notes
    assert any("names no splits ('shop', 'web')" in line for line in said)


def test_a_missing_split_is_taken_from_train_and_that_is_said(tmp_path: Path) -> None:
    column = ["train"] * 45 + ["test"] * 15
    path = as_separated(tmp_path / "a.csv", {**texts_and(JOINED), "split": column})
    found = brought(path, tmp_path / "cache")
    corpus = read(found)
    assert corpus.test.texts == tuple(TEXTS[45:])
    assert sorted((*corpus.train.texts, *corpus.dev.texts)) == sorted(TEXTS[:45])
    assert len(corpus.dev) == 5 and "dev taken from train (11%)" in found.notes[-1]


def test_a_glob_of_parts_is_one_corpus(tmp_path: Path) -> None:
    for i in range(3):
        part = slice(20 * i, 20 * (i + 1))
        as_parquet(
            tmp_path / f"part-{i}.parquet",
            {"text": TEXTS[part], "labels": [list(g) for g in GIVEN[part]]},
        )
    found = brought(tmp_path / "part-*.parquet", tmp_path / "cache")
    assert told(read(found)) == {text: set(labels) for text, labels in rows()}


def test_columns_are_taken_as_asked_for(tmp_path: Path) -> None:
    path = as_separated(
        tmp_path / "a.csv",
        {"text": ["no"] * 60, "body": TEXTS, "queue": ["/".join(g) for g in GIVEN]},
    )
    found = brought(
        path, tmp_path / "c", text_column="body", label_columns=("queue",), label_separator="/"
    )
    assert told(read(found)) == {text: set(labels) for text, labels in rows()}
    marks = as_separated(tmp_path / "b.csv", {"text": TEXTS, **MARKS, "x": [2] * 60})
    found = brought(marks, tmp_path / "c", label_columns=("late", "broken"))
    assert read(found).taxonomy.labels == ("late", "broken")


def test_ids_are_named_by_a_file_beside_the_corpus(tmp_path: Path) -> None:
    ids = [",".join(str(LABELS.index(label)) for label in labels) for labels in GIVEN]
    path = as_separated(tmp_path / "a.csv", texts_and(ids))
    assert read(brought(path, tmp_path / "c")).taxonomy.labels == ("label_0", "label_1", "label_2")
    (tmp_path / "labels.txt").write_text("\n".join(LABELS))
    found = brought(path, tmp_path / "c")
    assert told(read(found)) == {text: set(labels) for text, labels in rows()}
    assert (
        "labels are ids, named in labels.txt; separated by ',' (seen in the cells)" in found.notes
    )


@pytest.mark.parametrize("labels", [2, 60])
def test_one_label_a_text_and_any_number_of_labels_work(labels: int, tmp_path: Path) -> None:
    texts = [f"text {i}" for i in range(max(60, 10 * labels))]
    path = as_separated(
        tmp_path / "a.csv", {"sentence": texts, "label": [i % labels for i in range(len(texts))]}
    )
    corpus = read(brought(path, tmp_path / "cache"))
    assert len(corpus.taxonomy.labels) == labels
    assert all((corpus.split(split).labels_NK.sum(axis=1) == 1).all() for split in SPLITS)


def test_goemotions_labels_make_a_corpus_in_goemotions_taxonomies(tmp_path: Path) -> None:
    native = read_splits(sample().folder, name="sample", taxonomy=taxonomy("goemotions"))
    for split in SPLITS:
        texts = native.split(split)
        as_parquet(
            tmp_path / f"{split}.parquet",
            {
                "comment": texts.texts,
                "emotions": [
                    [n for n, has in zip(native.taxonomy.labels, row, strict=True) if has]
                    for row in texts.labels_NK
                ],
            },
        )
    found = brought(tmp_path, tmp_path / "cache")
    assert [str(t) for t in taxonomies_of(found.folder)] == ["goemotions", "ekman", "sentiment"]
    corpus = read(found)
    for split in SPLITS:
        assert corpus.split(split).texts == native.split(split).texts
        assert (corpus.split(split).labels_NK == native.split(split).labels_NK).all()


def test_a_folder_in_emorays_own_form_is_not_copied(tmp_path: Path) -> None:
    found = brought(sample().folder, tmp_path / "cache", name="mine")
    assert found.folder == sample().folder and not (tmp_path / "cache").exists()
    mine = brought(FORMS["csv"](tmp_path), tmp_path / "cache")
    assert brought(mine.folder, tmp_path / "cache").folder == mine.folder


def test_what_is_dropped_or_changed_is_said(tmp_path: Path) -> None:
    path = as_separated(
        tmp_path / "a.csv",
        {
            "text": ["", "  ", "two\nlines\tand a tab", *TEXTS],
            "labels": ["late", "late", "rare", *JOINED],
        },
    )
    found = brought(path, tmp_path / "cache", min_label_texts=5)
    corpus = read(found)
    assert "two lines and a tab" in told(corpus) and told(corpus)["two lines and a tab"] == set()
    assert corpus.taxonomy.labels == LABELS and len(told(corpus)) == 61
    said = "\n".join(found.notes)
    assert "2 rows without a text dropped" in said and "1 text with tabs or line breaks" in said
    assert "labels with fewer than 5 texts dropped: rare (1)" in said


def test_equal_texts_stay_in_one_split(tmp_path: Path) -> None:
    texts = ["Same text", "same  TEXT", "SAME text"] * 5 + TEXTS
    path = as_separated(tmp_path / "a.csv", {"text": texts, "labels": ["late"] * 15 + JOINED})
    corpus = read(brought(path, tmp_path / "cache"))
    where = [any("same" in t.lower() for t in corpus.split(split).texts) for split in SPLITS]
    assert sum(where) == 1


def test_quotes_that_do_not_pair_are_letters_in_tsv(tmp_path: Path) -> None:
    body = "".join(f'"{text}" she said\t{joined}\n' for text, joined in zip(TEXTS, JOINED))  # noqa: B905
    (tmp_path / "a.tsv").write_text(f"text\tlabels\n{body}")
    found = brought(tmp_path / "a.tsv", tmp_path / "cache")
    assert f'"{TEXTS[0]}" she said' in told(read(found))
    assert "quotes are read as letters" in found.notes


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("data/my reviews.csv.gz", "my-reviews"),
        ("s3://bucket/tickets/", "tickets"),
        ("parts/train-*.parquet", "parts"),
        ("hf:owner/go_emotions:raw", "go_emotions-raw"),
        ("sample.tsv", "sample-corpus"),
        ("/", "corpus"),
    ],
)
def test_a_corpus_is_called_after_its_source(source: str, called: str) -> None:
    assert CorpusSource(source=source).called == called
    assert CorpusSource(source=source, name="other").called == "other"


def test_a_file_of_other_names_beside_the_corpus_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("spam\nham\n")
    found = brought(FORMS["csv"](tmp_path), tmp_path / "cache")
    assert read(found).taxonomy.labels == LABELS and "labels.txt" not in "".join(found.notes)


def test_labels_of_a_class_without_a_text_are_dropped_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("\n".join((*LABELS, "unused")))
    found = brought(FORMS["csv"](tmp_path), tmp_path / "cache")
    assert read(found).taxonomy.labels == LABELS
    assert "labels without a text dropped: unused (0)" in found.notes


def test_no_label_of_a_folder_in_emorays_own_form_is_dropped(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="taken as it is, got --min-label-texts 9"):
        brought(sample().folder, tmp_path / "cache", min_label_texts=9)
