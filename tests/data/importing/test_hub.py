"""Corpora of the `datasets` library, as it saves and loads them without a network."""

from pathlib import Path

import pytest

from emoray.data.corpus import SPLITS, read_splits, taxonomies_of
from emoray.data.importing.importing import import_corpus
from emoray.data.importing.settings import CorpusSource

datasets = pytest.importorskip("datasets")
NAMES = ("broken", "late", "rude")


def dataset(texts: int, *, several: bool, start: int = 0) -> object:
    ids = [i % 3 for i in range(texts)]
    label = datasets.ClassLabel(names=list(NAMES))
    columns = {
        "sentence": [f"text number {start + i}" for i in range(texts)],
        "label": [[i, (i + 1) % 3] if i else [] for i in ids] if several else ids,
    }
    kind = datasets.List(label) if several else label
    features = datasets.Features({"sentence": datasets.Value("string"), "label": kind})
    return datasets.Dataset.from_dict(columns, features=features)


@pytest.mark.parametrize("several", [False, True], ids=["one label", "lists of labels"])
def test_class_labels_give_their_names(several: bool, tmp_path: Path) -> None:
    parts = {
        name: dataset(size, several=several, start=start)
        for name, size, start in (("train", 30, 0), ("validation", 9, 100), ("test", 9, 200))
    }
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "saved"))
    source = f"hf:{tmp_path / 'saved'}"
    found = import_corpus(CorpusSource(source=source), source, tmp_path / "cache")
    (kind,) = taxonomies_of(found.folder)
    corpus = read_splits(found.folder, name=found.name, taxonomy=kind)
    assert kind.labels == NAMES and found.name == "saved"
    assert [len(corpus.split(split)) for split in SPLITS] == [30, 9, 9]
    expected = [[0, 0, 0], [0, 1, 1], [1, 0, 1]] if several else [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert corpus.dev.labels_NK[:3].tolist() == expected


def test_class_labels_are_kept_in_parquet_files_too(tmp_path: Path) -> None:
    dataset(60, several=False).to_parquet(str(tmp_path / "a.parquet"))
    source = str(tmp_path / "a.parquet")
    found = import_corpus(CorpusSource(source=source), source, tmp_path / "cache")
    assert taxonomies_of(found.folder)[0].labels == NAMES


def test_one_saved_split_is_split_here(tmp_path: Path) -> None:
    dataset(60, several=False).save_to_disk(str(tmp_path / "saved"))
    source = f"hf:{tmp_path / 'saved'}"
    assert (
        "splits made"
        in import_corpus(CorpusSource(source=source), source, tmp_path / "cache").notes[-1]
    )


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (("unsupervised",), "usual names .*got 'unsupervised'"),
        (("validation", "test"), "train and"),
    ],
)
def test_splits_of_no_use_are_refused(parts: tuple[str, ...], words: str, tmp_path: Path) -> None:
    made = {name: dataset(30, several=False) for name in parts}
    datasets.DatasetDict(made).save_to_disk(str(tmp_path / "saved"))
    source = f"hf:{tmp_path / 'saved'}"
    with pytest.raises(ValueError, match=words):
        import_corpus(CorpusSource(source=source), source, tmp_path / "cache")


def test_a_hub_without_a_network_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for source, words in (
        ("hf:nobody/nothing:raw", "there and reachable, got .*hf:nobody/nothing:raw: check name"),
        ("hf:", "hf:owner/name"),
    ):
        with pytest.raises(ValueError, match=words):
            import_corpus(CorpusSource(source=source), source, tmp_path / "cache")


def test_files_that_name_ids_differently_are_refused(tmp_path: Path) -> None:
    for split, names in (("train", NAMES), ("test", NAMES[::-1])):
        features = datasets.Features(
            {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=list(names))}
        )
        columns = {"text": ["a", "b", "c"], "label": [0, 1, 2]}
        made = datasets.Dataset.from_dict(columns, features=features)
        made.to_parquet(str(tmp_path / f"{split}.parquet"))
    with pytest.raises(ValueError, match="one label in all files of a corpus, got other names"):
        import_corpus(CorpusSource(source=str(tmp_path)), str(tmp_path), tmp_path / "cache")


def test_splits_that_are_left_out_are_named(tmp_path: Path) -> None:
    parts = {"train": dataset(60, several=False), "more": dataset(9, several=False, start=100)}
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "saved"))
    source = f"hf:{tmp_path / 'saved'}"
    said = import_corpus(CorpusSource(source=source), source, tmp_path / "cache").notes
    assert "splits left out: 'more'" in said
