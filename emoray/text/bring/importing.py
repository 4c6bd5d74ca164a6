"""The whole way: files to tables to records to splits to a folder in emoray's own form."""

import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emoray.labels import GOEMOTIONS
from emoray.text.bring.asked import HUB, Bring
from emoray.text.bring.columns import TEXTS, Columns, OneColumn, columns_of
from emoray.text.bring.files import ONE, read_tables
from emoray.text.bring.hub import read_hub
from emoray.text.bring.marks import marks_of
from emoray.text.bring.records import Record, kept_labels, records_of
from emoray.text.bring.splits import by_column, check_splits, completed
from emoray.text.bring.table import Table, same_names
from emoray.text.corpus import NAMES, SPLITS, corpus_sha256
from emoray.text.utf8 import utf8

NAME_FILES = (NAMES, "emotions.txt")  # beside a corpus: what its label ids stand for


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A corpus in emoray's own form. said: how it was understood, a sentence each."""

    folder: Path
    name: str
    said: tuple[str, ...]


def is_ours(folder: Path) -> bool:
    """Whether a folder means to hold emoray's own three files: TSV without a header."""
    found = [p for split in SPLITS if (p := folder / f"{split}.tsv").is_file()]
    if not found:
        return False
    with found[0].open("rb") as file:
        first = file.readline(1 << 20).decode("utf-8-sig", "replace").strip().split("\t")
    return (folder / NAMES).is_file() or not {cell.lower() for cell in first} & set(TEXTS)


def _names_beside(source: str) -> tuple[tuple[str, ...], str]:
    """Label names of a file beside the corpus, by id, and which file; none where there is none."""
    path = Path(source).expanduser()
    for name in NAME_FILES:
        file = (path if path.is_dir() else path.parent) / name
        if not source.startswith(HUB) and file.is_file():
            lines = utf8(file.read_bytes(), str(file)).splitlines()
            return tuple(line.strip() for line in lines if line.strip()), name
    return (), ""


def _whole(tables: dict[str, Table], columns: Columns, source: str) -> tuple[Table, list[str]]:
    """What is read of all tables as one, and the split of each row."""
    labels = columns.labels
    needed = [columns.text, *([labels.name] if isinstance(labels, OneColumn) else labels.names)]
    if columns.split is not None and tables.keys() == {ONE}:
        needed.append(columns.split)
    cells = {name: [c for t in tables.values() for c in t.column(name)] for name in needed}
    names = same_names(list(tables.values()))
    splits = [split for split, table in tables.items() for _ in range(len(table))]
    return Table(where=source, columns=cells, names=names), splits


def _records(
    source: str, asked: Bring
) -> tuple[dict[str, list[Record]], tuple[str, ...], list[str]]:
    """Records by split as given, the names of their labels, and how they were read."""
    tables = read_hub(source) if source.startswith(HUB) else read_tables(source)
    first = next(iter(tables.values()))
    columns = columns_of(first, asked)
    whole, splits = _whole(tables, columns, source)
    said = [*columns.said, *dict.fromkeys(note for t in tables.values() for note in t.notes)]
    if columns.split is not None and columns.split in whole.columns:
        of_row, note = by_column(whole, columns.split)
        splits, said = of_row or splits, [*said, note]
    known, file = _names_beside(source)
    marks = marks_of(whole, columns, asked.label_separator, known, file)
    records, notes = records_of(whole, columns.text, marks)
    given: dict[str, list[Record]] = {}
    for record in records:
        given.setdefault(splits[record.row - 1], []).append(record)
    return given, marks.names, [*said, *marks.said, *notes]


def _file(records: Sequence[Record], order: Sequence[str]) -> bytes:
    place = {name: k for k, name in enumerate(order)}
    lines = []
    for record in records:
        ids = sorted({place[label] for label in record.labels if label in place})
        lines.append(f"{record.text}\t{','.join(map(str, ids))}\trow{record.row}\n")
    return "".join(lines).encode()


def _contents(splits: dict[str, list[Record]], names: Sequence[str]) -> dict[str, bytes]:
    """The files of the folder: with GoEmotions' labels they are GoEmotions' ids."""
    everywhere = all(set(r.labels) & set(names) for records in splits.values() for r in records)
    if everywhere and sorted(names) == sorted(GOEMOTIONS.labels):
        return {f"{s}.tsv": _file(records, GOEMOTIONS.labels) for s, records in splits.items()}
    check_splits(splits, names)
    found = {f"{split}.tsv": _file(records, names) for split, records in splits.items()}
    return {**found, NAMES: "".join(f"{name}\n" for name in names).encode()}


def _written(contents: dict[str, bytes], name: str, cache: Path) -> Path:
    """The folder of this content, made anew where it is not there whole."""
    folder = cache / "corpora" / f"{name}-{corpus_sha256(contents)[:16]}"
    there = {n: (folder / n).read_bytes() for n in contents if (folder / n).is_file()}
    if there == contents:
        return folder
    aside = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
    aside.mkdir(parents=True)
    try:
        for file, content in contents.items():
            (aside / file).write_bytes(content)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            aside.rename(folder)
        except OSError:  # another process was first, with the same content
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def bring(asked: Bring, source: str, cache: Path) -> Brought:
    """The corpus in emoray's own form, below `cache` unless it is so already.

    source: what `asked` names, as a local path or hf:… ValueError for whatever cannot be read,
    understood or split.
    """
    if not source.startswith(HUB) and not asked.reads_columns and is_ours(Path(source)):
        if asked.min_label_texts > 1:
            raise ValueError(
                "a folder in emoray's own form is taken as it is, got --min-label-texts "
                f"{asked.min_label_texts} for {source}: give it with the files this was made of"
            )
        ours = ("train.tsv, dev.tsv and test.tsv in emoray's own form: taken as they are",)
        return Brought(folder=Path(source).absolute(), name=asked.called, said=ours)
    given, names, said = _records(source, asked)
    kept, dropped = kept_labels(given, names, asked.min_label_texts)
    splits, how = completed(given, kept, asked.seed)
    folder = _written(_contents(splits, kept), asked.called, cache)
    return Brought(folder=folder, name=asked.called, said=(*said, *dropped, how))
