"""Files that are huge or odd on purpose: one clear line, little memory, nothing odd that passes."""

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from emoray.data.goemotions import sample
from emoray.data.importing import unpacked
from emoray.data.importing.settings import CorpusSource
from emoray.workflows.corpus import run_corpus
from tests.data.importing.made import as_lines, as_parquet, as_separated
from tests.data.importing.reading import brought, read, told

N = 60
TEXTS = [f"the lamp number {i}" for i in range(N)]
LABELS = [("joy", "anger", "fear")[i % 3] for i in range(N)]
ESC = "\x1b"
BOMB = b"text,label\n" + b"0" * (24 << 20)


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "ROOM", 1 << 20)


def of_zip(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
    return made.getvalue()


@pytest.mark.usefixtures("little_room")
@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.csv.gz", gzip.compress),
        ("a.csv.bz2", bz2.compress),
        ("a.csv.xz", lzma.compress),
        ("a.zip", of_zip),
    ],
)
def test_a_packed_file_that_grows_without_end_is_refused_in_little_memory(
    name: str, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(pack(BOMB))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"at most 100 times its size.*unpack it and give wha"):
            brought(tmp_path / name, tmp_path / "c")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("little_room")
@pytest.mark.parametrize("form", ["text", "list"])
def test_a_parquet_file_that_says_one_long_text_many_times_is_refused(
    form: str, tmp_path: Path
) -> None:
    long = "long text " * 10_000
    ids = pa.array([0] * 200, pa.int32())
    cells: pa.Array = pa.DictionaryArray.from_arrays(ids, [long]).cast(pa.string())
    if form == "list":
        cells = pa.ListArray.from_arrays(pa.array(range(201), pa.int32()), cells)
    table = pa.table({"text": cells, "label": ["a", "b"] * 100})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 1 << 16
    with pytest.raises(ValueError, match=r"at most 100 times its size.*save it as JSON lines"):
        brought(tmp_path / "a.parquet", tmp_path / "c")


def test_a_file_beyond_the_limit_is_to_be_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = as_separated(tmp_path / "a.csv", {"text": TEXTS, "label": LABELS})
    monkeypatch.setattr("emoray.data.importing.unpacked.LARGEST", 1000)
    with pytest.raises(ValueError, match=r"got more: cut it into several, which a glob"):
        brought(path, tmp_path / "c")


def test_an_archive_with_a_password_or_damage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    raw = bytearray(of_zip(b"text,label\na,b\n"))
    raw[6] |= 1  # encrypted, says the local header; the directory too
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"without a password.*unpack it and give the file"):
        brought(path, tmp_path / "c")
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"a \.zip file must be whole"):
        brought(path, tmp_path / "c")
    path.write_bytes(_empty_zip())
    with pytest.raises(ValueError, match=r"an archive of a corpus holds files of .*got none"):
        brought(path, tmp_path / "c")


def _empty_zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("notes.doc", "x")
    return made.getvalue()


@pytest.mark.parametrize("write", [as_separated, as_lines, as_parquet])
@pytest.mark.parametrize("char", [ESC + "[31m", "\x07", "\x7f", "\x9b", "\ufffe", "\x0b"])
def test_control_characters_are_taken_out_and_that_is_said(
    write: Callable[..., Path], char: str, tmp_path: Path
) -> None:
    name = {as_separated: "a.csv", as_lines: "a.jsonl", as_parquet: "a.parquet"}[write]
    labels = [f"jo{char}y" if label == "joy" else label for label in LABELS]
    path = write(tmp_path / name, {"text": [f"{t} {char}!" for t in TEXTS], "label": labels})
    found = brought(path, tmp_path / "c")
    corpus = read(found)
    whole = "".join([*told(corpus), *corpus.taxonomy.labels, *found.notes])
    assert whole.isprintable() and len(corpus.taxonomy.labels) == 3
    said = "\n".join(found.notes)
    assert "60 texts with control characters: taken out" in said
    assert char == "\x0b" or "taken out of names of labels" in said


def test_columns_that_are_labels_are_cleaned_too(tmp_path: Path) -> None:
    marks = {f"{ESC}{n}": [int(n == x) for x in LABELS] for n in ("joy", "anger", "fear")}
    for path in (
        as_separated(tmp_path / "a.csv", {"text": TEXTS, **marks}),
        as_lines(tmp_path / "a.jsonl", {"text": TEXTS, **marks}),
    ):
        assert read(brought(path, tmp_path / "c")).taxonomy.labels == ("joy", "anger", "fear")


def test_a_name_of_nothing_but_control_characters_is_refused(tmp_path: Path) -> None:
    path = as_lines(tmp_path / "a.jsonl", {"text": TEXTS, "label": [ESC, "joy", "fear"] * 20})
    with pytest.raises(ValueError, match=r"a label's name has letters, got '\\x1b'"):
        brought(path, tmp_path / "c")


def test_half_signs_in_names_of_labels_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(
            f'{{"text": "{t}", "label": "\\ud800{n}"}}\n'
            for t, n in zip(TEXTS, LABELS, strict=True)
        )
    )
    assert read(brought(path, tmp_path / "c")).taxonomy.labels[0] == "\ufffdanger"


def test_a_folder_in_emorays_own_form_is_cleaned_into_another(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        content = (sample().folder / f"{split}.tsv").read_text()
        (folder / f"{split}.tsv").write_text(f"{ESC}{content}")
    found = brought(folder, tmp_path / "c")
    assert found.folder != folder and ESC not in (found.folder / "train.tsv").read_text()
    assert "control characters taken out of train.tsv, dev.tsv, test.tsv" in found.notes[0]
    assert (found.folder / "dev.tsv").read_text() == (sample().folder / "dev.tsv").read_text()


def test_names_with_markup_are_printed_as_they_are(tmp_path: Path) -> None:
    labels = [f"{label} [red]" for label in LABELS]
    path = as_lines(tmp_path / "a.jsonl", {"text": TEXTS, "label": labels})
    console = Console(file=io.StringIO(), width=120)
    run_corpus(CorpusSource.from_options(str(path)), None, console)
    assert "joy [red]" in console.file.getvalue()


@pytest.mark.parametrize(
    "columns",
    [
        {"text": TEXTS, "label": [{"joy": "x" * 9_999}] * N},
        {"text": [["y" * 9_999]] * N, "label": LABELS},
        {"text": TEXTS, "label": [0.5, "z" * 9_999] * 30},
        {"x" * 9_999: TEXTS, "label": LABELS},
        {
            "text": TEXTS,
            "label": ["a" * 9_999, "b" * 9_999, "c"] * 20,
            "split": ["train", "s" * 9999] * 30,
        },
        {"text": TEXTS, "label": ["a" * 9_999, *["b", "c"] * 29, "b"]},
        {"text": TEXTS, "a": ["v" * 9_999] * N, "b": LABELS},
    ],
)
def test_refusals_are_short_whatever_the_cells(columns: dict[str, list], tmp_path: Path) -> None:
    path = as_lines(tmp_path / "a.jsonl", columns)
    refusals = []
    for given in (path, as_separated(tmp_path / "a.csv", columns)):
        try:
            brought(given, tmp_path / "c")
        except ValueError as error:
            refusals.append(str(error).replace(str(tmp_path), ""))
    assert refusals and max(map(len, refusals)) < 900


def test_json_of_columns_is_refused_in_a_short_line_and_read_as_it_says(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    import pandas as pd

    frame = pd.DataFrame({"text": TEXTS, "label": LABELS})
    for orient in ("columns", "list"):
        if orient == "list":
            path.write_text(str(frame.to_dict("list")).replace("'", '"'))
        else:
            frame.to_json(path)
        with pytest.raises(ValueError, match=r"got one object of 'text', 'label': pandas writes"):
            brought(path, tmp_path / "c")
    frame.to_json(path, orient="records", lines=True)
    assert len(told(read(brought(path, tmp_path / "c")))) == N
