"""Tables, folders and archives as tools leave them: read as a careful colleague would."""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data.importing.made import as_lines, as_separated
from tests.data.importing.reading import brought, labels_of, read

N = 120
NAMES = ("joy", "anger", "fear")
TEXTS = [f"the lamp, number {i}" for i in range(N)]
LABELS = [NAMES[i % 3] for i in range(N)]
MEANT = {text: {label} for text, label in zip(TEXTS, LABELS, strict=True)}
BOTH = {"text": TEXTS, "label": LABELS}
SPLITS = {"train": slice(0, 80), "val": slice(80, 100), "test": slice(100, 120)}


def lines(sign: str, texts: list[str], header: bool = True) -> str:
    rows = [f"{text}{sign}{label}" for text, label in zip(texts, LABELS, strict=True)]
    return "\n".join([f"text{sign}label"] * header + rows) + "\n"


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt"])
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
def test_the_separator_is_the_one_that_all_rows_fit(sign: str, suffix: str, tmp_path: Path) -> None:
    path = as_separated(tmp_path / f"a{suffix}", BOTH, sign)
    found = brought(path, tmp_path / "c")
    assert labels_of(path, tmp_path / "c") == MEANT
    named = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars '|'"}[sign]
    assert f"cells separated by {named}; encoding UTF-8" in found.notes


@pytest.mark.parametrize("sign", [";", "\t", "|", ","])
def test_a_first_line_that_says_the_separator_is_heeded(sign: str, tmp_path: Path) -> None:
    path = as_separated(tmp_path / "a.csv", BOTH, sign)
    path.write_text(f"sep={sign}\r\n{path.read_text()}")
    assert labels_of(path, tmp_path / "c") == MEANT


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
@pytest.mark.parametrize("write", [as_separated, as_lines])
def test_unicode_is_read_in_all_its_encodings_and_said(
    encoding: str, named: str, write: Callable[..., Path], tmp_path: Path
) -> None:
    path = write(tmp_path / ("a.csv" if write is as_separated else "a.jsonl"), BOTH)
    path.write_bytes(path.read_text().encode(encoding))
    assert labels_of(path, tmp_path / "c") == MEANT
    assert any(line.endswith(f"encoding {named}") for line in brought(path, tmp_path / "c").notes)


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".txt"])
@pytest.mark.parametrize("sign", ["\t", ";", "|", ","])
def test_quotes_that_would_swallow_rows_are_letters(sign: str, suffix: str, tmp_path: Path) -> None:
    texts = [text.replace(",", "") for text in TEXTS]
    texts[10], texts[30] = f'"{texts[10]}', f'{texts[30]}"'
    rows = [f"{label}{sign}{text}" for text, label in zip(texts, LABELS, strict=True)]
    (tmp_path / f"a{suffix}").write_text("\n".join([f"label{sign}text", *rows]) + "\n")
    found = labels_of(tmp_path / f"a{suffix}", tmp_path / "c")
    if sign == "\t":
        assert found == dict(zip(texts, ({label} for label in LABELS), strict=True))
    (tmp_path / f"b{suffix}").write_text(lines(sign, texts))
    said = brought(tmp_path / f"b{suffix}", tmp_path / "c").notes
    found = labels_of(tmp_path / f"b{suffix}", tmp_path / "c")
    assert found == dict(zip(texts, ({label} for label in LABELS), strict=True))
    assert "quotes are read as letters" in said


@pytest.mark.parametrize("sign", ["\t", ";", ","])
def test_quotes_around_line_breaks_and_separators_are_quotes(sign: str, tmp_path: Path) -> None:
    texts = [f"a{sign} b\nc{sign} d {i}" if i % 20 == 0 else text for i, text in enumerate(TEXTS)]
    path = as_separated(tmp_path / "a.csv", {"text": texts, "label": LABELS}, sign)
    found = labels_of(path, tmp_path / "c")
    assert len(found) == N and set.union(*found.values()) == set(NAMES)


def test_one_text_over_two_lines_that_fit_the_header_is_one_text(tmp_path: Path) -> None:
    path = as_separated(tmp_path / "a.csv", {"text": ["a, b\nc", *TEXTS[1:]], "label": LABELS})
    assert labels_of(path, tmp_path / "c")["a, b c"] == {"joy"}


def test_a_line_break_in_a_header_is_a_space(tmp_path: Path) -> None:
    marks = {f"{n}\n(any)": [int(n == label) for label in LABELS] for n in NAMES}
    path = as_separated(tmp_path / "a.csv", {"text": TEXTS, **marks})
    assert read(brought(path, tmp_path / "c")).taxonomy.labels == tuple(
        f"{name} (any)" for name in NAMES
    )


def test_a_text_of_any_length_is_read(tmp_path: Path) -> None:
    long = "word " * 60_000
    path = as_separated(tmp_path / "a.csv", {"text": [long, *TEXTS[1:]], "label": LABELS})
    assert max(map(len, labels_of(path, tmp_path / "c"))) == len(long)


@pytest.mark.parametrize("numbered", [True, False], ids=["with ids", "without ids"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_table_without_a_header_is_refused_and_read_as_the_refusal_says(
    sign: str, numbered: bool, tmp_path: Path
) -> None:
    columns = {"0": list(range(1, N))} if numbered else {}
    columns |= {TEXTS[0]: TEXTS[1:], LABELS[0]: LABELS[1:]}
    path = as_separated(tmp_path / "a.csv", columns, sign)
    with pytest.raises(ValueError, match=r"'column 1', 'column 2'.*with --text-column"):
        brought(path, tmp_path / "c")
    text, label = ("column 2", "column 3") if numbered else ("column 1", "column 2")
    found = brought(path, tmp_path / "c", text_column=text, label_columns=(label,))
    assert "no header: the first line is a text" in "\n".join(found.notes)
    assert labels_of(path, tmp_path / "c", text_column=text, label_columns=(label,)) == MEANT


def test_a_header_of_unusual_names_is_one(tmp_path: Path) -> None:
    path = as_separated(tmp_path / "a.csv", {"Was sagst du?": TEXTS, "Gefühl": LABELS})
    with pytest.raises(ValueError, match=r"got 'Was sagst du\?', 'Gefühl'"):
        brought(path, tmp_path / "c")
    asked = {"text_column": "Was sagst du?", "label_columns": ("Gefühl",)}
    assert labels_of(path, tmp_path / "c", **asked) == MEANT


def test_headers_of_files_put_together_are_no_texts(tmp_path: Path) -> None:
    path = as_separated(tmp_path / "a.csv", BOTH)
    head, *rest = path.read_text().splitlines()
    path.write_text("\n".join([head, *rest[:20], head, *rest[20:]]) + "\n")
    assert labels_of(path, tmp_path / "c") == MEANT
    assert "1 repetitions of the header left out" in brought(path, tmp_path / "c").notes


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_are_read(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    suffix = {gzip.compress: "gz", bz2.compress: "bz2", lzma.compress: "xz"}[pack]
    plain = as_separated(tmp_path / "a.csv", BOTH)
    packed = tmp_path / f"b.csv.{suffix}"
    packed.write_bytes(pack(plain.read_bytes()))
    found = brought(packed, tmp_path / "c")
    assert labels_of(packed, tmp_path / "c") == MEANT and found.name == "b"


def split_files(folder: Path, form: str) -> None:
    """Train, val and test in one of the layouts that people have."""
    for split, part in SPLITS.items():
        columns = {name: cells[part] for name, cells in BOTH.items()}
        ids = "\n".join(str(NAMES.index(label)) for label in columns["label"])
        if form == "subfolders":
            (folder / split).mkdir()
            as_separated(folder / split / "data.csv", columns)
        elif form == "texts and labels":
            (folder / f"{split}_text.txt").write_text("\n".join(columns["text"]) + "\n")
            (folder / f"{split}_labels.txt").write_text(ids + "\n")
        else:
            as_separated(folder / f"{split}.csv", columns)
    (folder / "mapping.txt").write_text("0\tjoy\n1\tanger\n2\tfear\n")
    (folder / "README.txt").write_text("About these files.\n")


@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("form", ["subfolders", "texts and labels", "tables"])
def test_folders_and_archives_of_splits_are_read(form: str, zipped: bool, tmp_path: Path) -> None:
    folder = source = tmp_path / "mine"
    folder.mkdir()
    split_files(folder, form)
    if zipped:
        source = tmp_path / "mine.zip"
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                archive.write(path, path.relative_to(tmp_path))
            archive.writestr("__MACOSX/._train.csv", b"\0\1")
    found = brought(source, tmp_path / "c")
    assert [len(read(found).split(s)) for s in ("train", "dev", "test")] == [80, 20, 20]
    assert labels_of(source, tmp_path / "c") == MEANT and found.name == "mine"


def test_one_file_of_texts_finds_its_labels(tmp_path: Path) -> None:
    split_files(tmp_path, "texts and labels")
    assert len(labels_of(tmp_path / "train_text.txt", tmp_path / "c")) == 80
    (tmp_path / "train_labels.txt").write_text("0\n1\n")
    with pytest.raises(ValueError, match=r"a line for each line of texts, got 80 in .* and 2 in"):
        brought(tmp_path / "train_text.txt", tmp_path / "c")


@pytest.mark.parametrize("column", ["split", "set", "Dataset", "partition", "fold", "data split"])
def test_a_column_of_splits_is_used_whatever_it_is_called(column: str, tmp_path: Path) -> None:
    cells = ["train"] * 80 + ["valid"] * 20 + ["Test"] * 20
    path = as_separated(tmp_path / "a.csv", {**BOTH, column: cells})
    found = brought(path, tmp_path / "c")
    assert [len(read(found).split(s)) for s in ("train", "dev", "test")] == [80, 20, 20]
    assert f"splits: column {column!r}" in found.notes


def test_a_column_that_only_sounds_like_splits_is_mentioned(tmp_path: Path) -> None:
    marks = {name: [int(name == label) for label in LABELS] for name in NAMES}
    path = as_separated(
        tmp_path / "a.csv", {"text": TEXTS, **marks, "fold": [i % 2 for i in range(N)]}
    )
    found = brought(path, tmp_path / "c")
    assert read(found).taxonomy.labels == NAMES
    assert "column 'fold' not used for splits ('0', '1')" in found.notes


@pytest.mark.parametrize(
    "test",
    [
        {"text": TEXTS[100:]},
        {"text": TEXTS[100:], "label": [""] * 20},
        {"text": TEXTS[100:], "label": ["-1"] * 20},
    ],
    ids=["no column", "empty cells", "-1"],
)
def test_a_test_split_that_nobody_labelled_is_left_out_and_one_is_made(
    test: dict[str, list[str]], tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "labels.txt").write_text("\n".join(NAMES))
    ids = [str(NAMES.index(label)) for label in LABELS]
    as_separated(folder / "train.csv", {"text": TEXTS[:100], "label": ids[:100]})
    as_separated(folder / "test.csv", test)
    found = brought(folder, tmp_path / "c")
    said = "\n".join(found.notes)
    assert "20 rows of test left out: nobody labelled them" in said and "splits made" in said
    assert set(labels_of(folder, tmp_path / "c")) == set(TEXTS[:100])


def test_files_of_no_split_beside_splits_are_named(tmp_path: Path) -> None:
    split_files(tmp_path, "tables")
    as_separated(tmp_path / "sample_submission.csv", {"id": [1]})
    said = "\n".join(brought(tmp_path, tmp_path / "c").notes)
    assert "files left out, of no split by their names: 'sample_submission.csv'" in said


@pytest.mark.parametrize("named", [True, False], ids=["ids and labels.txt", "names"])
@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
def test_tsv_of_other_columns_is_not_taken_for_emorays_own_form(
    header: bool, named: bool, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    cells = [str(NAMES.index(label)) for label in LABELS] if named else LABELS
    for split, part in {"train": slice(80), "dev": slice(80, 100), "test": slice(100, N)}.items():
        rows = [f"{t}\t{x}" for t, x in zip(TEXTS[part], cells[part], strict=True)]
        (folder / f"{split}.tsv").write_text("\n".join(["text\tlabel"] * header + rows) + "\n")
    if named:
        (folder / "labels.txt").write_text("\n".join(NAMES))
    asked = {} if header else {"text_column": "column 1", "label_columns": ("column 2",)}
    assert labels_of(folder, tmp_path / "c", **asked) == MEANT


def test_emorays_own_form_may_begin_with_any_text(tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").write_text("text\t0,1\ta\n" + "b\t1\tb\n" * 1)
    (tmp_path / "labels.txt").write_text("joy\nfear\n")
    assert brought(tmp_path, tmp_path / "c").folder == tmp_path


def test_lines_as_fasttext_takes_them_are_texts_with_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    rows = [f"__label__{label} {text}" for text, label in zip(TEXTS, LABELS, strict=True)]
    path.write_text("\n".join(rows))
    assert labels_of(path, tmp_path / "c") == MEANT
    assert "the words that begin with __label__" in " ".join(brought(path, tmp_path / "c").notes)
    many = [f"{row} __label__love" if i % 2 else row for i, row in enumerate(rows)]
    path.write_text("\n".join(many))
    found = labels_of(path, tmp_path / "c")
    assert found[TEXTS[0]] == MEANT[TEXTS[0]] and found[TEXTS[1]] == {*MEANT[TEXTS[1]], "love"}
