"""Labels as people and tools write them: each spelling is read as it was meant, or refused."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.importing.made import as_lines, as_parquet, as_separated
from tests.data.importing.reading import brought, labels_of, read

N = 60
TEXTS = [f"the lamp number {i}" for i in range(N)]
NAMES = ("joy", "anger", "fear")
GIVEN = [[NAMES[i % 3], NAMES[(i + 1) % 3]][: 1 + (i % 5 == 0)] for i in range(N)]
MEANT = {text: set(labels) for text, labels in zip(TEXTS, GIVEN, strict=True)}
MARKS = {name: [int(name in labels) for labels in GIVEN] for name in NAMES}
VECTORS = [[int(name in labels) for name in NAMES] for labels in GIVEN]
Write = Callable[[Path, dict[str, Sequence[Any]]], Path]
WRITERS: dict[str, Write] = {
    "csv": lambda p, c: as_separated(p / "a.csv", c),
    "semicolons": lambda p, c: as_separated(p / "a.csv", c, ";"),
    "tabs in csv": lambda p, c: as_separated(p / "a.csv", c, "\t"),
    "tsv": lambda p, c: as_separated(p / "a.tsv", c, "\t"),
    "bars": lambda p, c: as_separated(p / "a.txt", c, "|"),
    "jsonl": lambda p, c: as_lines(p / "a.jsonl", c),
    "parquet": lambda p, c: as_parquet(p / "a.parquet", c),
}
TEXT_WRITERS = [name for name in WRITERS if name not in ("jsonl", "parquet")]


LISTS: dict[str, Callable[[list[str]], str]] = {
    "list": str,
    "tuple": lambda labels: str(tuple(labels)),
    "JSON": json.dumps,
    "set": lambda labels: "{" + ", ".join(map(repr, labels)) + "}",
    "NumPy": lambda labels: "[" + " ".join(map(repr, labels)) + "]",
    "NumPy's lines": lambda labels: "[" + "\n ".join(map(repr, labels)) + "]",
    "bare": lambda labels: "[" + ", ".join(labels) + "]",
    "array": lambda labels: f"array({labels}, dtype=object)",
    "np.str_": lambda labels: "[" + ", ".join(f"np.str_({label!r})" for label in labels) + "]",
    "bars": "|".join,
    "semicolons": ";".join,
    "spaces": " ".join,
    "commas": ",".join,
    "slashes": " / ".join,
    "lines": "\n".join,
}


def together(labels: Sequence[Any], name: str = "labels") -> dict[str, Sequence[Any]]:
    return {"text": TEXTS, name: labels}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("spelled", LISTS.values(), ids=LISTS.keys())
def test_lists_of_labels_are_read_however_they_are_spelled(
    writer: str, spelled: Callable[[Any], str], tmp_path: Path
) -> None:
    cells = [spelled(labels) for labels in GIVEN]
    assert labels_of(WRITERS[writer](tmp_path, together(cells)), tmp_path / "c") == MEANT


@pytest.mark.parametrize("spelled", [str, json.dumps], ids=["Python", "JSON"])
def test_names_in_lists_may_hold_commas_quotes_and_brackets(
    spelled: Callable[[Any], str], tmp_path: Path
) -> None:
    strange = {"joy": "joy, mild", "anger": 'he said "no"', "fear": "don't [know]"}
    cells = [spelled([strange[label] for label in labels]) for labels in GIVEN]
    found = labels_of(as_separated(tmp_path / "a.csv", together(cells)), tmp_path / "c")
    assert found == {text: {strange[x] for x in labels} for text, labels in MEANT.items()}


def test_a_cell_beside_lists_is_one_label_and_none_is_an_empty_list(tmp_path: Path) -> None:
    cells = [str(labels) for labels in GIVEN]
    cells[1], cells[7] = "anger", "none"
    found = brought(as_separated(tmp_path / "a.csv", together(cells)), tmp_path / "c")
    assert read(found).taxonomy.labels == ("anger", "fear", "joy")
    assert "lists in text; 1 cell is no list, taken as one label" in "\n".join(found.notes)


@pytest.mark.parametrize("cells", [["joy|love", "anger"], ["joy;love", "anger"]])
def test_a_sign_that_no_name_has_separates_even_few_kinds(cells: list[str], tmp_path: Path) -> None:
    path = as_separated(tmp_path / "a.csv", together(cells * 30, "label"))
    found = brought(path, tmp_path / "c")
    assert read(found).taxonomy.labels == ("anger", "joy", "love")
    assert any("(seen in the cells)" in line for line in found.notes)


@pytest.mark.parametrize(
    "names",
    [
        ("very good", "very bad", "good", "bad"),
        ("A/B test", "A/C test"),
        ("joy, mild", "joy, strong", "anger"),
        ("R&amp;D", "Sales"),
        ("(none)", "(some)"),
    ],
)
def test_signs_within_names_separate_nothing(names: tuple[str, ...], tmp_path: Path) -> None:
    cells = [names[i % len(names)] for i in range(N)]
    path = as_separated(tmp_path / "a.csv", together(cells, "label"))
    found = brought(path, tmp_path / "c")
    assert set(read(found).taxonomy.labels) == set(names)
    assert ("warning: ',' is part of names" in "\n".join(found.notes)) == (", " in names[0])


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("yes", "no"), [(1, 0), (1.0, 0.0), (True, False), ("yes", "no"), ("TRUE", "FALSE"), ("x", "")]
)
def test_a_column_for_each_label_is_read_however_it_is_marked(
    writer: str, yes: Any, no: Any, tmp_path: Path
) -> None:
    marks = {name: [yes if has else no for has in column] for name, column in MARKS.items()}
    path = WRITERS[writer](tmp_path, {"text": TEXTS, **marks})
    found = brought(path, tmp_path / "c")
    assert labels_of(path, tmp_path / "c") == MEANT
    assert any("3 columns of 0 and 1" in s and "'joy', 'anger', 'fear'" in s for s in found.notes)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    "spelled",
    [
        lambda v: str(v),
        lambda v: json.dumps([float(x) for x in v]),
        lambda v: json.dumps([bool(x) for x in v]),
        lambda v: "[" + " ".join(f"{x}." for x in v) + "]",
        lambda v: " ".join(map(str, v)),
        lambda v: ",".join(map(str, v)),
    ],
    ids=["ints", "floats", "truths", "NumPy", "spaces", "commas"],
)
def test_vectors_of_0_and_1_are_labels_by_their_place(
    writer: str, spelled: Callable[[list[int]], str], tmp_path: Path
) -> None:
    path = WRITERS[writer](tmp_path, together([spelled(v) for v in VECTORS]))
    found = labels_of(path, tmp_path / "c", label_names=NAMES)
    assert found == MEANT
    unnamed = labels_of(path, tmp_path / "c")
    places = {name: f"label_{k}" for k, name in enumerate(NAMES)}
    assert unnamed == {text: {places[x] for x in labels} for text, labels in MEANT.items()}


@pytest.mark.parametrize("kind", [int, float, bool])
@pytest.mark.parametrize("writer", ["jsonl", "parquet"])
def test_vectors_that_are_lists_are_named_by_a_file_beside_them(
    writer: str, kind: type, tmp_path: Path
) -> None:
    (tmp_path / "labels.txt").write_text("joy\nanger\nfear\n")
    cells = [[kind(x) for x in vector] for vector in VECTORS]
    path = WRITERS[writer](tmp_path, together(cells))
    assert labels_of(path, tmp_path / "c") == MEANT


def test_two_places_are_vectors_too_and_ids_are_none(tmp_path: Path) -> None:
    path = as_lines(tmp_path / "a.jsonl", together([[1, 0], [0, 1], [1, 1]] * 20))
    assert labels_of(path, tmp_path / "c")[TEXTS[0]] == {"label_0"}
    ids = as_lines(tmp_path / "b.jsonl", together([[0], [0, 1], [1]] * 20))
    assert labels_of(ids, tmp_path / "c")[TEXTS[0]] == {"label_0"}


def test_vectors_of_other_lengths_or_names_are_refused(tmp_path: Path) -> None:
    path = as_lines(tmp_path / "a.jsonl", together([*VECTORS[:-1], [1, 0]]))
    with pytest.raises(ValueError, match="got 3 places and 2 in text 60: make them equally long"):
        brought(path, tmp_path / "c")
    whole = as_lines(tmp_path / "b.jsonl", together(VECTORS))
    with pytest.raises(ValueError, match="got 3 places and 2 names in --label-names"):
        brought(whole, tmp_path / "c", label_names=("a", "b"))


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("values", [(-1, 0, 1), (-2, -1, 0, 1, 2), (-1.0, 0.0, 1.0)])
def test_scores_around_zero_are_labels(
    writer: str, values: tuple[float, ...], tmp_path: Path
) -> None:
    cells = [values[i % len(values)] for i in range(N)]
    path = WRITERS[writer](tmp_path, together(cells, "sentiment"))
    labels = read(brought(path, tmp_path / "c")).taxonomy.labels
    assert labels == tuple(f"label_{int(v)}" for v in values)


@pytest.mark.parametrize("writer", WRITERS)
def test_shares_are_refused_and_read_with_the_option_that_the_refusal_names(
    writer: str, tmp_path: Path
) -> None:
    shares = [0.0, 0.25, 0.5, 0.75, 1.0] * 12
    path = WRITERS[writer](tmp_path, together(shares, "target"))
    with pytest.raises(ValueError, match=r"got 0\.25 .float.*--positive-from 0\.5"):
        brought(path, tmp_path / "c")
    found = labels_of(path, tmp_path / "c", positive_from=0.5)
    assert [found[t] for t in TEXTS[:3]] == [{"no target"}, {"no target"}, {"target"}]
    each = WRITERS[writer](tmp_path, {"text": TEXTS, "insult": shares, "threat": shares[::-1]})
    with pytest.raises(ValueError, match=r"0 and 1, got '?0\.25.* in 'insult'.*--positive-from 0"):
        brought(each, tmp_path / "c")
    assert labels_of(each, tmp_path / "c", positive_from=0.75)[TEXTS[3]] == {"insult"}


def test_shares_in_vectors_are_read_from_a_share_on(tmp_path: Path) -> None:
    cells = [[0.9 if x else 0.2 for x in vector] for vector in VECTORS]
    path = as_lines(tmp_path / "a.jsonl", together(cells))
    with pytest.raises(ValueError, match=r"--positive-from 0\.5"):
        brought(path, tmp_path / "c")
    assert labels_of(path, tmp_path / "c", positive_from=0.5, label_names=NAMES) == MEANT


@pytest.mark.parametrize("writer", WRITERS)
def test_whole_numbers_written_as_decimals_are_the_same_ids(writer: str, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("joy\nanger\nfear\n")
    path = WRITERS[writer](tmp_path, together([float(i % 3) for i in range(N)], "label"))
    found = labels_of(path, tmp_path / "c")
    assert [found[t] for t in TEXTS[:3]] == [{"joy"}, {"anger"}, {"fear"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "0\tjoy\n1\tanger\n2\tfear\n"),
        ("labels.txt", "0 joy\n1 anger\n2 fear\n"),
        ("mapping.txt", "2\tfear\n0\tjoy\n1\tanger\n"),
        ("classes.txt", "joy\nanger\nfear\n"),
        ("classes.txt", "joy,0\nanger,1\nfear,2\n"),
        ("label_dict.json", '{"anger": 1, "joy": 0, "fear": 2}'),
        ("id2label.json", '{"0": "joy", "1": "anger", "2": "fear"}'),
        ("labels.json", '["joy", "anger", "fear"]'),
    ],
)
def test_ids_are_named_by_the_files_that_people_have(
    name: str, content: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    path = as_separated(tmp_path / "a.csv", together([i % 3 for i in range(N)], "label"))
    found = brought(path, tmp_path / "c")
    assert read(found).taxonomy.labels == NAMES
    assert f"labels are ids, named in {name}; one label a text" in found.notes


def test_names_that_begin_with_a_number_are_names(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("1 star\n2 stars\n3 stars\n")
    path = as_separated(tmp_path / "a.csv", together([i % 3 for i in range(N)], "label"))
    assert read(brought(path, tmp_path / "c")).taxonomy.labels == ("1 star", "2 stars", "3 stars")


def test_ids_that_count_from_1_are_named_as_the_refusal_says(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("joy\nanger\nfear\n")
    path = as_separated(tmp_path / "a.csv", together([1 + i % 3 for i in range(N)], "label"))
    with pytest.raises(ValueError, match=r"0\.\.2, got 3.* or write '1<tab>name' there"):
        brought(path, tmp_path / "c")
    (tmp_path / "classes.txt").write_text("1\tjoy\n2\tanger\n3\tfear\n")
    assert labels_of(path, tmp_path / "c")[TEXTS[0]] == {"joy"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("labels.txt", "joy\njoy\nfear\n", r"labels\.txt names every label once.*'joy' twice"),
        ("labels.json", '{"joy": "yes"}', r"labels\.json: names of labels in JSON are"),
    ],
)
def test_a_file_of_names_that_is_needed_and_wrong_is_named(
    name: str, content: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    path = as_separated(tmp_path / "a.csv", together([i % 3 for i in range(N)], "label"))
    with pytest.raises(ValueError, match=words):
        brought(path, tmp_path / "c")
    words_path = as_separated(tmp_path / "a.csv", together([g[0] for g in GIVEN], "label"))
    assert len(labels_of(words_path, tmp_path / "c")) == N  # nothing there needs it


def test_names_for_labels_that_have_names_are_refused(tmp_path: Path) -> None:
    path = as_separated(tmp_path / "a.csv", together([g[0] for g in GIVEN], "label"))
    with pytest.raises(ValueError, match="got the label 'anger': leave --label-names out"):
        brought(path, tmp_path / "c", label_names=("a", "b"))
    marks = as_separated(tmp_path / "b.csv", {"text": TEXTS, **MARKS})
    with pytest.raises(ValueError, match=r"called after their labels.*leave --label-names out"):
        brought(marks, tmp_path / "c", label_names=("a", "b"))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.int64(), pa.float64()])
def test_categories_of_parquet_are_read_as_what_they_stand_for(
    kind: pa.DataType, tmp_path: Path
) -> None:
    texts = pa.array(TEXTS).dictionary_encode()
    cells = pa.array([i % 3 for i in range(N)]).cast(kind).dictionary_encode()
    pq.write_table(pa.table({"text": texts, "label": cells}), tmp_path / "a.parquet")
    found = labels_of(tmp_path / "a.parquet", tmp_path / "c")
    assert [found[t] for t in TEXTS[:3]] == [{"label_0"}, {"label_1"}, {"label_2"}]


def test_other_types_of_parquet_columns_are_no_hindrance(tmp_path: Path) -> None:
    columns = {
        "text": pa.array(TEXTS, pa.large_string()),
        "label": pa.array([g[0] for g in GIVEN]),
        "raw": pa.array([b"x"] * N),
        "day": pa.array([0] * N, pa.date32()),
        "price": pa.array(["1.50"] * N).cast(pa.decimal128(5, 2)),
        "who": pa.array([{"id": i, "tags": ["a"]} for i in range(N)]),
        "map": pa.array([[("a", 1)]] * N, pa.map_(pa.string(), pa.int64())),
        "nothing": pa.nulls(N),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert len(labels_of(tmp_path / "a.parquet", tmp_path / "c")) == N


def test_a_sign_that_may_join_labels_is_warned_of_with_a_way_out(tmp_path: Path) -> None:
    cells = ["joy" if i % 2 else "anger" if i % 4 else "joy/love" for i in range(60)]
    path = as_separated(tmp_path / "a.csv", {"text": [f"t {i}" for i in range(60)], "label": cells})
    said = " ".join(brought(path, tmp_path / "c").notes)
    assert "'/' is taken for a part of the name 'joy/love': --label-separator / separates" in said
    found = labels_of(path, tmp_path / "d", label_separator="/")
    assert found["t 0"] == {"joy", "love"}
