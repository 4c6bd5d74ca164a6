"""What a teacher is asked: texts of train, texts made from them, and no text of dev or test."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emoray.augment.filters import normal_form
from emoray.models.objectives import MoreTexts
from emoray.models.sampling import fold_of
from emoray.stages.augmentation import Augment
from emoray.stages.distillation.refs import TextsRef
from emoray.stages.distillation.texts import (
    NO_SOURCE,
    TRANSFER,
    AskedTexts,
    TrainTexts,
    TransferTexts,
)
from emoray.stages.spec import CorpusRef
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.transfer_rows import TransferTextsRow
from tests.stages.augmented import corpus_in, translation

LINES = {
    "train": [("so good a day", "17"), ("thanks for all of it", "2"), ("wow and no", "26")],
    "dev": [("great news", "17"), ("bad", "2"), ("wow", "26"), ("ok then", "27"), ("and no", "26")],
    "test": [("Good!", "17"), ("b", "2"), ("w", "26"), ("what a day", "27")],
}
OWN = ["a text of mine", "", "WOW", "good !", "so good a day", "a text of mine", "another of them"]
MADE = MoreTexts(copies=40)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("asking") / "store")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusRef:
    folder = tmp_path_factory.mktemp("few")
    lines = {**LINES, "train": [*LINES["train"], ("ok as it is", "27")]}
    for split, texts in lines.items():
        text = "".join(f"{t}\t{ids}\t{chr(97 + i)}\n" for i, (t, ids) in enumerate(texts))
        (folder / f"{split}.tsv").write_text(text)
    return corpus_in(folder)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> TextsRef:
    file = tmp_path_factory.mktemp("own") / "texts.txt"
    file.write_text("\n".join(OWN))
    return TextsRef.of(file)


def counts(folder: Path) -> dict[str, dict[str, Any]]:
    rows = read_table(folder / TRANSFER, TransferTextsRow).to_pylist()
    return {row["way"]: row for row in rows}


def test_no_transfer_text_reads_like_one_of_dev_or_test(store: Store, corpus: CorpusRef) -> None:
    folder = store.make(TransferTexts(corpus=corpus, made=MADE)).folder
    held_out = {normal_form(t) for split in ("dev", "test") for t, _ in LINES[split]}
    train = {normal_form(t) for t in corpus.texts("train")}
    forms = [normal_form(text) for text in AskedTexts.read(folder).texts]
    assert forms and not held_out & set(forms) and not train & set(forms)
    assert len(set(forms)) == len(forms)
    found = counts(folder)
    assert sum(row["leaks"] for row in found.values()) > 0
    assert sum(row["made"] for row in found.values()) == 40 * 4
    for row in found.values():
        assert row["made"] == sum(row[n] for n in ("kept", "duplicates", "leaks", "empty"))
    assert sum(row["kept"] for row in found.values()) == len(forms)


def test_own_texts_come_first_as_they_are_and_those_of_dev_and_test_are_refused(
    store: Store, corpus: CorpusRef, own: TextsRef
) -> None:
    made = MoreTexts(copies=0, unlabelled=str(own.file))
    folder = store.make(TransferTexts(corpus=corpus, made=made, unlabelled=own)).folder
    asked = AskedTexts.read(folder)
    assert asked.texts == ("a text of mine", "another of them")
    assert asked.source_N.tolist() == [NO_SOURCE, NO_SOURCE]
    (row,) = counts(folder).values()
    assert (row["made"], row["kept"], row["leaks"], row["duplicates"]) == (6, 2, 2, 2)


def test_texts_of_two_folds_are_never_joined(store: Store, corpus: CorpusRef) -> None:
    made = replace(MADE, mask=0.0, splice=1.0, ngrams=0.0)
    folder = store.make(TransferTexts(corpus=corpus, made=made, folds=2)).folder
    train, fold_N = corpus.texts("train"), fold_of(4, 2)
    of = {word: set() for text in train for word in text.split()}
    for text, fold in zip(train, fold_N, strict=True):
        for word in text.split():
            of[word].add(int(fold))
    asked = AskedTexts.read(folder)
    for text, source in zip(asked.texts, asked.source_N, strict=True):
        assert all(int(fold_N[source]) in of[word] for word in text.split())


def test_texts_that_are_all_of_the_corpus_are_refused(
    store: Store, corpus: CorpusRef, tmp_path: Path
) -> None:
    (tmp_path / "texts.txt").write_text("wow\nSo good a day\n")
    file = TextsRef.of(tmp_path / "texts.txt")
    made = MoreTexts(copies=0, unlabelled=str(file.file))
    with pytest.raises(ValueError, match="other texts than those of the corpus, got 2 of which"):
        store.make(TransferTexts(corpus=corpus, made=made, unlabelled=file))


def test_a_file_of_texts_that_is_empty_gone_or_changed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    with pytest.raises(ValueError, match=r"must be readable, got .*texts.txt"):
        TextsRef.of(file)
    file.write_text("\n \n")
    with pytest.raises(ValueError, match="has one a line, got none"):
        TextsRef.of(file)
    file.write_text("one\n")
    ref = TextsRef.of(file)
    file.write_text("two\n")
    with pytest.raises(ValueError, match="must not change during a run"):
        ref.read()


def test_an_augmented_text_is_made_from_the_text_that_was_translated(store: Store) -> None:
    augment = Augment(translated=translation(), taxonomy="sentiment", share=1.0)
    corpus = augment.translated.corpus
    asked = AskedTexts.read(
        store.make(TrainTexts(corpus=corpus, taxonomy="sentiment", augment=augment)).folder
    )
    train = corpus.texts("train")
    assert asked.texts[: len(train)] == train and len(asked.texts) > len(train)
    assert asked.source_N[: len(train)].tolist() == list(range(len(train)))
    ids = [name for name, _, _ in corpus.read_train()]
    assert all(0 <= source < len(ids) for source in asked.source_N[len(train) :])
    assert len(set(asked.source_N[len(train) :])) == len(asked.texts) - len(train)
