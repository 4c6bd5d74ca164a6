"""Rows nobody labelled, columns that are no labels, tables with a row for each label."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.data.importing.made import as_lines, as_parquet, as_separated
from tests.data.importing.reading import brought, labels_of, read

N = 60
NAMES = ("joy", "anger", "fear")
TEXTS = [f"the lamp number {i}" for i in range(2 * N)]
LABELS = [NAMES[i % 3] for i in range(N)]
MARKS = {name: [int(name == label) for label in LABELS] for name in NAMES}
Write = Callable[[Path, dict[str, Sequence[Any]]], Path]
WRITERS: dict[str, Write] = {
    "csv": lambda p, c: as_separated(p / "a.csv", c),
    "tsv": lambda p, c: as_separated(p / "a.tsv", c, "\t"),
    "jsonl": lambda p, c: as_lines(p / "a.jsonl", c),
    "parquet": lambda p, c: as_parquet(p / "a.parquet", c),
}
writers = pytest.mark.parametrize("writer", WRITERS)


@writers
@pytest.mark.parametrize("nothing", [None, "", "nan"])
@pytest.mark.parametrize("form", ["a column each", "names", "ids", "lists", "vectors"])
def test_rows_that_nobody_labelled_are_no_negatives(
    writer: str, nothing: str | None, form: str, tmp_path: Path
) -> None:
    if form == "a column each":
        if writer == "parquet" and nothing is not None:
            columns = {n: [*map(str, cells), *[nothing] * N] for n, cells in MARKS.items()}
        else:
            columns = {n: [*cells, *[nothing] * N] for n, cells in MARKS.items()}
    else:
        cells: list[Any] = {
            "names": LABELS,
            "ids": [str(NAMES.index(label)) for label in LABELS],
            "lists": [str([label]) for label in LABELS],
            "vectors": [str([int(n == label) for n in NAMES]) for label in LABELS],
        }[form]
        columns = {"labels": [*cells, *[nothing] * N]}
    path = WRITERS[writer](tmp_path, {"text": TEXTS, **columns})
    assert set(labels_of(path, tmp_path / "c")) == set(TEXTS[:N])
    assert "60 rows without labels left out" in brought(path, tmp_path / "c").notes


@writers
def test_rows_with_some_empty_cells_are_left_out_and_said(writer: str, tmp_path: Path) -> None:
    marks: dict[str, list[Any]] = {name: list(cells) for name, cells in MARKS.items()}
    marks["joy"][5] = marks["fear"][7] = None
    path = WRITERS[writer](tmp_path, {"text": TEXTS[:N], **marks})
    assert len(labels_of(path, tmp_path / "c")) == N - 2
    said = brought(path, tmp_path / "c").notes
    assert "2 of the rows left out have labels in some cells only: empty is not 0" in said


@writers
def test_where_no_cell_is_0_an_empty_one_is(writer: str, tmp_path: Path) -> None:
    marks = {name: [cell or None for cell in cells] for name, cells in MARKS.items()}
    path = WRITERS[writer](tmp_path, {"text": TEXTS[:N], **marks})
    assert len(labels_of(path, tmp_path / "c")) == N
    said = brought(path, tmp_path / "c").notes
    assert "empty cells are read as 0: no column of labels holds one" in said


def test_an_empty_list_is_a_text_with_none_of_the_labels(tmp_path: Path) -> None:
    cells = [[] if i % 4 == 0 else [label] for i, label in enumerate(LABELS)]
    path = as_lines(tmp_path / "a.jsonl", {"text": TEXTS[:N], "labels": cells})
    assert labels_of(path, tmp_path / "c")[TEXTS[0]] == set()
    said = brought(path, tmp_path / "c").notes
    assert "15 texts have an empty list or cell: none of the labels" in said


@writers
@pytest.mark.parametrize("form", ["names", "ids"])
def test_a_row_for_each_text_and_label_is_one_text(writer: str, form: str, tmp_path: Path) -> None:
    pairs = [(TEXTS[i], k) for i in range(N) for k in range(3) if k == i % 3 or (i + k) % 2]
    cells = [NAMES[k] if form == "names" else k for _, k in pairs]
    path = WRITERS[writer](tmp_path, {"text": [text for text, _ in pairs], "label": cells})
    found = labels_of(path, tmp_path / "c")
    called = NAMES if form == "names" else ("label_0", "label_1", "label_2")
    assert found == {t: {called[k] for text, k in pairs if text == t} for t in TEXTS[:N]}
    said = "\n".join(brought(path, tmp_path / "c").notes)
    assert f"a row for each text and label: {len(pairs)} rows joined to 60 texts" in said


def test_a_few_texts_with_different_labels_are_warned_of_and_stay(tmp_path: Path) -> None:
    columns = {"text": [*TEXTS[:N], TEXTS[0]], "label": [*LABELS, "fear"]}
    found = brought(as_separated(tmp_path / "a.csv", columns), tmp_path / "c")
    assert sum(len(read(found).split(s)) for s in ("train", "dev", "test")) == N + 1
    assert "warning: 1 text stands there more than once, with different labels" in found.notes


@writers
@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("is_retweet", [i % 2 for i in range(N)], "its name asks for yes or no"),
        ("author_verified", [i % 2 for i in range(N)], "its name asks for yes or no"),
        ("user_id", [i % 2 for i in range(N)], "its name is that of an id"),
        ("seen", [1] * N, "it is 1 in every text"),
    ],
)
def test_columns_of_0_and_1_that_may_be_no_labels_are_warned_of(
    writer: str, name: str, cells: list[int], why: str, tmp_path: Path
) -> None:
    path = WRITERS[writer](tmp_path, {"text": TEXTS[:N], **MARKS, name: cells})
    said = "\n".join(brought(path, tmp_path / "c").notes)
    assert f"warning: {name!r} may be no label, {why}: without it --label-column 'joy'" in said
    assert "labels: 4 columns of 0 and 1" in said and f"'fear', {name!r}" in said
    assert set.union(*labels_of(path, tmp_path / "c", label_columns=NAMES).values()) == set(NAMES)


def test_labels_that_all_ask_for_yes_or_no_are_not_warned_of(tmp_path: Path) -> None:
    path = as_separated(
        tmp_path / "a.csv", {"text": TEXTS[:N], **{f"is_{n}": cells for n, cells in MARKS.items()}}
    )
    found = brought(path, tmp_path / "c")
    assert len(read(found).taxonomy.labels) == 3 and "warning" not in "\n".join(found.notes)


@writers
def test_true_and_false_beside_0_and_1_is_left_out_and_said(writer: str, tmp_path: Path) -> None:
    unclear = [i % 7 == 0 for i in range(N)]
    path = WRITERS[writer](tmp_path, {"text": TEXTS[:N], "very_unclear": unclear, **MARKS})
    found = brought(path, tmp_path / "c")
    assert read(found).taxonomy.labels == NAMES
    words = "column 'very_unclear' left out: it says True and False, the labels 0 and 1"
    assert words in found.notes


@writers
def test_a_column_with_a_single_2_is_left_out_and_said(writer: str, tmp_path: Path) -> None:
    fear = [2 if i == 2 else cell for i, cell in enumerate(MARKS["fear"])]
    path = WRITERS[writer](tmp_path, {"text": TEXTS[:N], **MARKS, "fear": fear})
    said = "\n".join(brought(path, tmp_path / "c").notes)
    assert "warning: column 'fear' left out: it holds" in said and "2" in said
    assert "in row 3, not only 0 and 1" in said
    with pytest.raises(ValueError, match=r"in 'fear', text 3 of .*: correct it"):
        brought(path, tmp_path / "c", label_columns=NAMES)


@writers
def test_a_category_beside_columns_of_labels_is_not_guessed(writer: str, tmp_path: Path) -> None:
    cells = [("news", "shop")[i // 2 % 2] for i in range(N)]
    path = WRITERS[writer](tmp_path, {"text": TEXTS[:N], "category": cells, **MARKS})
    with pytest.raises(ValueError, match=r"both in .*choose with --label-column 'category', or"):
        brought(path, tmp_path / "c")
    for columns, labels in ((NAMES, NAMES), (("category",), ("news", "shop"))):
        found = labels_of(path, tmp_path / "c", label_columns=columns)
        assert set.union(*found.values()) == set(labels)


def test_a_label_that_one_table_knows_is_refused_and_left_out_as_the_refusal_says(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for split, part in (("train", slice(0, 30)), ("dev", slice(30, 45)), ("test", slice(45, 60))):
        names = NAMES if split == "train" else NAMES[:2]
        as_separated(
            folder / f"{split}.csv",
            {"text": TEXTS[part], **{name: MARKS[name][part] for name in names}},
        )
    words = r"no column 'fear' in .*dev\.csv: add it there, or leave it out with --label-column 'j"
    with pytest.raises(ValueError, match=words):
        brought(folder, tmp_path / "c")
    found = labels_of(folder, tmp_path / "c", label_columns=("joy", "anger"))
    assert set.union(*found.values()) == {"joy", "anger"}
