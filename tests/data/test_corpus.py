import os
from pathlib import Path

import numpy as np
import pytest

from emoray.data.corpus import SPLITS, Corpus, read_splits
from emoray.data.goemotions import sample
from emoray.labels import EKMAN, GOEMOTIONS, SENTIMENT

# One text for each sentiment: joy, anger, surprise, neutral.
GOOD = "great\t17\ta\nbad\t2\tb\nwow\t26\tc\nwell\t27,2\td\n"


def folder_with(tmp_path: Path, **splits: str | bytes) -> Path:
    for split in SPLITS:
        content = splits.get(split, GOOD)
        raw = content if isinstance(content, bytes) else content.encode()
        (tmp_path / f"{split}.tsv").write_bytes(raw)
    return tmp_path


def read(folder: Path) -> Corpus:
    return read_splits(folder, name="made", taxonomy=SENTIMENT)


def test_texts_labels_and_ids_arrive_in_file_order(tmp_path: Path) -> None:
    corpus = read(folder_with(tmp_path))
    assert corpus.train.texts == ("great", "bad", "wow", "well")
    assert corpus.train.ids == ("a", "b", "c", "d")
    assert corpus.train.labels_NK.tolist() == [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 1, 0, 1],
    ]
    assert len(corpus.split("dev")) == 4


def test_windows_line_ends_and_a_byte_order_mark_change_no_text(tmp_path: Path) -> None:
    corpus = read(folder_with(tmp_path, dev=b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()))
    assert corpus.dev.texts == corpus.train.texts
    assert corpus.dev.ids == corpus.train.ids


def test_quotes_and_odd_line_separators_stay_inside_a_text(tmp_path: Path) -> None:
    odd = 'he said "no\u2028\x0bway\t27\te\n'
    assert read(folder_with(tmp_path, dev=GOOD + odd)).dev.texts[-1] == 'he said "no\u2028\x0bway'


def test_a_test_text_that_stands_in_train_is_leaked(tmp_path: Path) -> None:
    test = "fine\t17\ta\nbad\t2\tb\nWow\t26\tc\nwell\t27\td\n"
    assert read(folder_with(tmp_path, test=test)).leaked_N.tolist() == [False, True, False, True]


def test_the_hash_follows_every_byte_and_every_file_border(tmp_path: Path) -> None:
    def sha256(name: str, **splits: str) -> str:
        (tmp_path / name).mkdir()
        return read(folder_with(tmp_path / name, **splits)).sha256

    more = "fine\t27\te\n"
    hashes = [
        sha256("plain"),
        sha256("at_the_end_of_train", train=GOOD + more),
        sha256("at_the_start_of_dev", dev=more + GOOD),
    ]
    assert len(set(hashes)) == 3
    assert sha256("again") == hashes[0]


REFUSED = {
    "empty": ("", r"dev\.tsv must hold at least one text, got an empty file"),
    "blank": (" \n\n", "must hold at least one text"),
    "one_column": ("great\n", r"dev\.tsv line 1: .*separated by tabs, got 1 column in 'great'"),
    "header": ("text\tlabels\tid\n" + GOOD, r"line 1: label ids are whole numbers.*got 'labels'"),
    "four_columns": (GOOD + "a\t1\tb\tc\n", "line 5: .*got 4 columns"),
    "blank_line": (GOOD + "\n" + GOOD, "line 5: .*got 1 column in ''"),
    "encoding": (GOOD.encode() + b"caf\xe9\t1\te\n", "line 5: text must be UTF-8, got byte 0xe9"),
    "too_large": (GOOD + "x\t28\te\n", r"line 5: label ids lie in 0\.\.27, got 28"),
    "negative": (GOOD + "x\t-1\te\n", "line 5: label ids are whole numbers.*got '-1'"),
    "no_label": (GOOD + "x\t\te\n", "line 5: every text needs at least one label id, got none"),
    "twice": (
        GOOD + "x\t1\tb\n",
        "line 5: every comment id stands once.*got 'b', which line 2 has",
    ),
    "no_id": (GOOD + "x\t1\t\n", "line 5: every comment id stands once.*which is empty"),
    "no_positive": ("great\t17\ta\nwell\t27\td\n", "got none for negative, ambiguous: add such"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_split_is_refused_with_file_line_and_remedy(tmp_path: Path, case: str) -> None:
    content, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        read(folder_with(tmp_path, dev=content))


def test_a_missing_split_is_refused(tmp_path: Path) -> None:
    (folder_with(tmp_path) / "test.tsv").unlink()
    with pytest.raises(
        ValueError, match=r"holds train\.tsv, dev\.tsv and test\.tsv, got no .*test"
    ):
        read(tmp_path)


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="split is one of train, dev, test, got 'validation'"):
        read(folder_with(tmp_path)).split("validation")


@pytest.fixture(scope="module")
def embedded() -> Corpus:
    return read_splits(sample().folder, name="sample", taxonomy=GOEMOTIONS)


def test_the_sample_has_enough_texts_of_every_label(embedded: Corpus) -> None:
    sizes = [len(embedded.split(split)) for split in SPLITS]
    assert sum(sizes) >= 1200 and min(sizes) >= 200
    for split in SPLITS:
        assert (embedded.split(split).labels_NK.sum(axis=0) >= 3).all()
    assert (embedded.train.labels_NK.sum(axis=1) >= 2).mean() > 0.25


def test_the_sample_shares_no_text_between_splits(embedded: Corpus) -> None:
    texts = [text for split in SPLITS for text in embedded.split(split).texts]
    ids = [id_ for split in SPLITS for id_ in embedded.split(split).ids]
    assert len(set(texts)) == len(texts) and len(set(ids)) == len(ids)
    assert not embedded.leaked_N.any()


@pytest.mark.skipif("EMORAY_DATA" not in os.environ, reason="needs GoEmotions in EMORAY_DATA")
def test_goemotions_has_its_official_size_and_leaks() -> None:
    folder = Path(os.environ["EMORAY_DATA"]) / "goemotions"
    corpus = read_splits(folder, name="goemotions", taxonomy=EKMAN)
    assert [len(corpus.split(split)) for split in SPLITS] == [43410, 5426, 5427]
    assert np.count_nonzero(corpus.leaked_N) == 37
