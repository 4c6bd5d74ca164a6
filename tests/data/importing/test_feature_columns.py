"""Rows of features from a user's table: what is read, what is kept, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from emoray.data.corpus import read_splits, taxonomies_of
from emoray.data.importing.importing import ImportedCorpus, import_corpus
from emoray.data.importing.settings import CorpusSource
from tests.data.made_features import LABELS, WIDTH, label_lists, rows, write_columns, write_lists


def imported(path: Path, *columns: str, **options: object) -> ImportedCorpus:
    source = CorpusSource(source=str(path), feature_columns=columns, **options)  # type: ignore[arg-type]
    return import_corpus(source, str(path), path.parent / "cache")


def by_text(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    (taxonomy,) = taxonomies_of(folder)
    corpus = read_splits(folder, name="made", taxonomy=taxonomy)
    found = {}
    for split in (corpus.train, corpus.dev, corpus.test):
        assert split.features_NF is not None
        for text, row_F, labels_K in zip(
            split.texts, split.features_NF, split.labels_NK, strict=True
        ):
            found[text] = (row_F, labels_K)
    return found


FORMS = {
    "lists": lambda path: (write_lists(path), ("vector",)),
    "columns": lambda path: (write_columns(path), tuple(f"x{i}" for i in range(WIDTH))),
    "pattern": lambda path: (write_columns(path), ("x*",)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_row_keeps_its_features_and_its_labels(form: str, tmp_path: Path) -> None:
    path, columns = FORMS[form](tmp_path / "made.parquet")
    features_NF, labels_NK = rows()
    found = by_text(imported(path, *columns).folder)
    assert len(found) == len(features_NF)
    for i, (row_F, labels_K) in enumerate(zip(features_NF, labels_NK, strict=True), start=1):
        np.testing.assert_array_equal(found[f"row {i}"][0], row_F)
        np.testing.assert_array_equal(found[f"row {i}"][1], labels_K)


def test_json_lines_and_csv_hold_the_same_rows(tmp_path: Path) -> None:
    features_NF, labels_NK = rows()
    lines = [
        json.dumps({"vector": row_F.tolist(), "labels": labels})
        for row_F, labels in zip(features_NF, label_lists(labels_NK), strict=True)
    ]
    (tmp_path / "made.jsonl").write_text("\n".join(lines))
    cells = [
        ",".join([*map(repr, map(float, row_F)), *map(str, labels_K)])
        for row_F, labels_K in zip(features_NF, labels_NK, strict=True)
    ]
    header = ",".join([*(f"x{i}" for i in range(WIDTH)), *LABELS])
    (tmp_path / "made.csv").write_text("\n".join([header, *cells]))
    of_lists = by_text(imported(tmp_path / "made.jsonl", "vector").folder)
    of_cells = by_text(imported(tmp_path / "made.csv", "x?").folder)
    for name, (row_F, labels_K) in of_lists.items():
        np.testing.assert_array_equal(row_F, of_cells[name][0])
        np.testing.assert_array_equal(labels_K, of_cells[name][1])


def test_texts_beside_the_features_are_kept_to_read(tmp_path: Path) -> None:
    texts = [f"what was said in turn {i}" for i in range(240)]
    folder = imported(write_lists(tmp_path / "made.parquet", text=texts), "vector").folder
    assert set(by_text(folder)) == set(texts)


def test_a_constant_feature_is_kept_and_said_to_have_no_weight(tmp_path: Path) -> None:
    notes = " ".join(imported(write_columns(tmp_path / "made.parquet"), "x*").notes)
    assert "features: 6 a row, columns 'x0', 'x1'" in notes
    assert "1 feature is constant in train: read, but without weight ('x4')" in notes
    assert "texts: column" not in notes


def test_a_kept_folder_is_read_as_it_is(tmp_path: Path) -> None:
    first = imported(write_lists(tmp_path / "made.parquet"), "vector")
    again = import_corpus(
        CorpusSource(source=str(first.folder)), str(first.folder), tmp_path / "cache"
    )
    assert again.folder == first.folder


def holed(value: float) -> np.ndarray:
    column = rows()[0][:, 1].copy()
    column[16] = value
    return column


def uneven() -> list[list[float]]:
    found: list[list[float]] = rows()[0].tolist()
    return [*found[:16], found[16][:3], *found[17:]]


def missing() -> list[list[float] | None]:
    found = rows()[0].tolist()
    return [*found[:16], None, *found[17:]]


REFUSED = {
    "NaN": (
        *(write_columns, {"x1": holed(np.nan)}, "x*"),
        "finite numbers, got nan for feature 'x1' in row 17 .*fill in",
    ),
    "infinity": (
        *(write_columns, {"x1": holed(np.inf)}, "x*"),
        "finite numbers, got inf for feature 'x1'",
    ),
    "beyond float32": (
        *(write_columns, {"x1": holed(1).astype(float) * 1e300}, "x*"),
        "finite numbers, got",
    ),
    "unequal lengths": (
        *(write_lists, {"vector": uneven()}, "vector"),
        "equally long, got 3 in row 17 and 6 in row 1 .*pad or cut",
    ),
    "no list": (
        *(write_lists, {"vector": missing()}, "vector"),
        "every row has its features, a list of numbers, got none .*row 17",
    ),
    "words": (
        *(write_columns, {"x1": ["loud"] * 240}, "x*"),
        r"features are numbers, got 'loud' \(str\) in column 'x1', row 1",
    ),
    "lists of words": (
        *(write_lists, {"vector": [["loud", "calm"]] * 240}, "vector"),
        "features are numbers, got 'loud'",
    ),
    "an unknown column": (
        *(write_columns, {}, "y*"),
        r"column must be there to be read, got 'y\*'.*'x0'",
    ),
    "empty lists": (
        *(write_lists, {"vector": [[]] * 240}, "vector"),
        "equally long, got an empty list",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_row_of_features_is_refused(case: str, tmp_path: Path) -> None:
    write, changed, column, words = REFUSED[case]
    path = write(tmp_path / "made.parquet", **changed)
    with pytest.raises(ValueError, match=words):
        imported(path, column)


def test_labels_are_no_features(tmp_path: Path) -> None:
    path = write_columns(tmp_path / "made.parquet")
    with pytest.raises(ValueError, match=r"columns of their own, got 'labels'.*another --feature"):
        imported(path, "labels", label_columns=("labels",))


def test_missing_labels_are_refused(tmp_path: Path) -> None:
    path = write_columns(tmp_path / "made.parquet", labels=[[] for _ in range(240)])
    with pytest.raises(ValueError, match="label"):
        imported(path, "x*")


def test_a_table_of_numbers_alone_says_how_they_are_read(tmp_path: Path) -> None:
    path = write_columns(tmp_path / "made.parquet")
    with pytest.raises(ValueError, match="columns of numbers with --feature-column"):
        import_corpus(CorpusSource(source=str(path)), str(path), tmp_path / "cache")


def test_splits_of_unlike_features_are_refused(tmp_path: Path) -> None:
    for split, width in (("train", 6), ("dev", 6), ("test", 5)):
        features_NF, labels_NK = rows()
        write_lists(
            tmp_path / f"{split}.parquet",
            vector=features_NF[:, :width].tolist(),
            labels=label_lists(labels_NK),
        )
    source = CorpusSource(source=str(tmp_path), feature_columns=("vector",))
    with pytest.raises(ValueError, match=r"same features, got 5 in .*test.parquet and 6 elsewhere"):
        import_corpus(source, str(tmp_path), tmp_path / "cache")


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("features.json", b"{}", "says how many features a row has"),
        ("train.npy", b"numbers", "is a NumPy array, got other bytes"),
        ("dev.npy", None, "holds train.npy, dev.npy, test.npy, got .* without dev.npy"),
    ],
)
def test_a_damaged_folder_is_refused(
    file: str, content: bytes | None, words: str, tmp_path: Path
) -> None:
    folder = imported(write_lists(tmp_path / "made.parquet"), "vector").folder
    (taxonomy,) = taxonomies_of(folder)
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_splits(folder, name="made", taxonomy=taxonomy)
