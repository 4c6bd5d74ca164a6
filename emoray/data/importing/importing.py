"""Import a corpus: files to tables to records to splits to a folder in emoray's own form."""

import re
import shutil
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emoray.data.auxiliary import FILE as AUXILIARY
from emoray.data.corpus import NAMES, SPLITS, corpus_sha256
from emoray.data.features import feature_contents, feature_files
from emoray.data.importing.auxiliary_columns import (
    AuxiliaryColumn,
    auxiliary_file,
    taken_auxiliary,
)
from emoray.data.importing.characters import without_controls
from emoray.data.importing.columns import Columns, OneColumn, choose_columns
from emoray.data.importing.feature_columns import ROW, FeatureTable, feature_notes, taken_features
from emoray.data.importing.hub import read_hub
from emoray.data.importing.labels import text_labels
from emoray.data.importing.long_form import joined_labels
from emoray.data.importing.readers import companion_names, read_tables
from emoray.data.importing.records import TextRecord, kept_labels, records_of
from emoray.data.importing.settings import HUB, CorpusSource
from emoray.data.importing.split_names import ONE
from emoray.data.importing.splits import by_column, check_splits, completed
from emoray.data.importing.table import Table, counted, quoted, same_names
from emoray.labels import GOEMOTIONS
from emoray.storage.cache import close_to_others


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCorpus:
    """An imported corpus in emoray's own form; notes: how it was read, a sentence each."""

    folder: Path
    name: str
    notes: tuple[str, ...]


def is_ours(folder: Path) -> bool:
    """Whether a folder's splits are in emoray's own form.

    That is TSV of text, label ids and comment id, without a header; an empty file counts, as its
    reader refuses it.

    Returns:
        False for a folder without such files.
    """
    found = [p for split in SPLITS if (p := folder / f"{split}.tsv").is_file()]
    if not found:
        return False
    with found[0].open("rb") as file:
        line = file.readline(1 << 20).decode("utf-8-sig", "replace").rstrip("\r\n")
    if not line:
        return True  # an empty file, which its reader refuses
    cells = line.split("\t")
    return len(cells) == 3 and re.fullmatch(r"[\d, ]*", cells[1]) is not None


def _together(tables: dict[str, Table], source: str) -> Table:
    """Join all tables; a column that one lacks is empty there."""
    names = dict.fromkeys(name for table in tables.values() for name in table.columns)
    columns = {
        name: [
            cell
            for table in tables.values()
            for cell in table.columns.get(name) or [None] * len(table)
        ]
        for name in names
    }
    return Table(where=source, columns=columns, names=same_names(list(tables.values())))


def _check_columns(tables: dict[str, Table], columns: Columns) -> None:
    """Refuse a table that lacks the texts, or some of several label columns.

    A table without any of them is one that nobody labelled.

    Raises:
        ValueError: if it has some but not all.
    """
    for table in tables.values():
        table.column(columns.text)
        if isinstance(columns.labels, OneColumn):
            continue
        names = columns.labels.names
        lacking = [name for name in names if name not in table.columns]
        if lacking and len(lacking) < len(names):
            known = [name for name in names if name not in lacking]
            way = " ".join(f"--label-column {quoted(name)}" for name in known[:6])
            leave = f", or leave it out with {way}" if 1 < len(known) <= 6 else ""
            raise ValueError(
                f"every table of a corpus has the same labels, got no column {quoted(lacking[0])} "
                f"in {table.where}: add it there{leave}"
            )


def _labelled(
    given: dict[str, list[TextRecord]], rows: dict[str, int]
) -> tuple[dict[str, list[TextRecord]], list[str]]:
    """Drop the splits without any label.

    Args:
        given: records by split.
        rows: number of rows read, by split.

    Returns:
        The others, and a note on each that was dropped.
    """
    kept = {s: r for s, r in given.items() if any(record.labels for record in r)}
    if not kept:
        return given, []
    lost = [split for split in rows if split not in kept]
    return kept, [f"{counted(rows[s], 'row')} of {s} left out: nobody labelled them" for s in lost]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadCorpus:
    """Records by split, the names of their labels, notes on how they were read, and more.

    features: of each row, where it has some. auxiliary: further labels of each row, by column.
    """

    given: dict[str, list[TextRecord]]
    names: tuple[str, ...]
    notes: list[str]
    features: FeatureTable | None
    auxiliary: dict[str, AuxiliaryColumn]


def _records(source: str, options: CorpusSource) -> ReadCorpus:
    """Read a source as the options say."""
    named = {options.text_column or "", *options.label_columns, *options.feature_columns}
    named = {*named, *options.auxiliary_columns} - {""}
    tables = (
        read_hub(source)
        if source.startswith(HUB)
        else read_tables(source, named, options.feature_columns)
    )
    tables, options, features = taken_features(tables, options)
    whole, auxiliary, about = taken_auxiliary(_together(tables, source), options)
    columns = choose_columns(whole, options)
    _check_columns(tables, columns)
    splits = [split for split, table in tables.items() for _ in range(len(table))]
    remarks = [*columns.notes, *dict.fromkeys(note for t in tables.values() for note in t.notes)]
    if columns.split is not None and tables.keys() == {ONE}:
        of_row, note = by_column(whole, columns.split)
        splits, remarks = of_row or splits, [*remarks, note]
    read_names = (lambda: None) if source.startswith(HUB) else (lambda: companion_names(source))
    marks = text_labels(whole, columns, options, read_names, splits)
    records, notes = records_of(whole, columns.text, marks)
    given: dict[str, list[TextRecord]] = {}
    for record in records:
        given.setdefault(splits[record.row - 1], []).append(record)
    given, lost = _labelled(given, Counter(splits))
    single = isinstance(columns.labels, OneColumn) and all(len(r.labels) < 2 for r in records)
    given, joined = joined_labels(given, single)
    if options.text_column == ROW:
        remarks = remarks[1:]  # on the column of texts, which is none
    return ReadCorpus(
        given=given,
        names=marks.names,
        notes=[*remarks, *marks.notes, *about, *notes, *lost, *joined],
        features=features,
        auxiliary=auxiliary,
    )


def _file(records: Sequence[TextRecord], order: Sequence[str]) -> bytes:
    place = {name: k for k, name in enumerate(order)}
    lines = []
    for record in records:
        ids = sorted({place[label] for label in record.labels if label in place})
        lines.append(f"{record.text}\t{','.join(map(str, ids))}\trow{record.row}\n")
    return "".join(lines).encode()


def _contents(splits: dict[str, list[TextRecord]], names: Sequence[str]) -> dict[str, bytes]:
    """The files of the folder by name; with GoEmotions' labels they use GoEmotions' ids."""
    everywhere = all(set(r.labels) & set(names) for records in splits.values() for r in records)
    if everywhere and sorted(names) == sorted(GOEMOTIONS.labels):
        return {f"{s}.tsv": _file(records, GOEMOTIONS.labels) for s, records in splits.items()}
    check_splits(splits, names)
    found = {f"{split}.tsv": _file(records, names) for split, records in splits.items()}
    return {**found, NAMES: "".join(f"{name}\n" for name in names).encode()}


def _written(contents: dict[str, bytes], name: str, cache: Path) -> Path:
    """Write the folder of this content unless it is there and complete."""
    folder = cache / "corpora" / f"{name}-{corpus_sha256(contents)[:16]}"
    there = {n: (folder / n).read_bytes() for n in contents if (folder / n).is_file()}
    if there == contents:
        return folder
    aside = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
    aside.mkdir(parents=True)
    try:
        for file, content in contents.items():
            (aside / file).write_bytes(content)
        close_to_others(aside)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            aside.rename(folder)
        except OSError:  # another process was first, with the same content
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _ours(folder: Path, options: CorpusSource, cache: Path) -> ImportedCorpus:
    """Take a folder in emoray's own form, without control characters."""
    form = "train.tsv, dev.tsv and test.tsv in emoray's own form"
    files = [folder / name for name in (*(f"{split}.tsv" for split in SPLITS), NAMES, AUXILIARY)]
    raw = {path.name: path.read_bytes() for path in files if path.is_file()}
    found = {name: content.decode("utf-8", "replace") for name, content in raw.items()}
    changed = {
        name: without_controls(text)
        for name, text in found.items()
        if without_controls(text) != text
    }
    if not changed:
        remarks = f"{form}: taken as they are"
        return ImportedCorpus(folder=folder.absolute(), name=options.called, notes=(remarks,))
    contents = {
        **raw,
        **feature_files(folder),
        **{name: text.encode() for name, text in changed.items()},
    }
    remarks = f"{form}; control characters taken out of {', '.join(changed)}"
    return ImportedCorpus(
        folder=_written(contents, options.called, cache), name=options.called, notes=(remarks,)
    )


def import_corpus(options: CorpusSource, source: str, cache: Path) -> ImportedCorpus:
    """Import a corpus into emoray's own form, below `cache` unless it has that form already.

    Args:
        options: how it is read.
        source: what `options` names, as a local path or hf:…
        cache: where the imported corpus is kept.

    Returns:
        Its folder, name, and notes on how it was read.

    Raises:
        ValueError: if it cannot be read, understood or split.
    """
    if not source.startswith(HUB) and not options.reads_columns and is_ours(Path(source)):
        if options.min_label_texts > 1:
            raise ValueError(
                "a folder in emoray's own form is taken as it is, got --min-label-texts "
                f"{options.min_label_texts} for {source}: give it with the files this was made of"
            )
        return _ours(Path(source), options, cache)
    read = _records(source, options)
    kept, dropped = kept_labels(read.given, read.names, options.min_label_texts)
    splits, how = completed(read.given, kept, options.seed)
    contents, notes = _contents(splits, kept), [*read.notes, *dropped, how]
    if read.features is not None:
        rows = {split: [record.row - 1 for record in found] for split, found in splits.items()}
        contents |= feature_contents(read.features.names, read.features.rows_NF, rows)
        notes = [*feature_notes(read.features, rows["train"]), *notes]
    if read.auxiliary:
        contents[AUXILIARY] = auxiliary_file(read.auxiliary, splits["train"])
    folder = _written(contents, options.called, cache)
    return ImportedCorpus(folder=folder, name=options.called, notes=tuple(notes))


def labelled_texts(options: CorpusSource, source: str) -> tuple[list[TextRecord], list[str]]:
    """Read every labelled text of a source, whatever its splits.

    Args:
        options: how it is read.
        source: what `options` names, as a local path or hf:…

    Returns:
        The texts, and notes on how they were read.
    """
    read = _records(source, options)
    return [record for records in read.given.values() for record in records], read.notes
