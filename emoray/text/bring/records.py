"""Texts with their labels, cleaned: what a split is made of. Shapes: N texts, K labels."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoray.text.bring.marks import Marks
from emoray.text.bring.table import Table, is_nothing

BREAKS = re.compile(r"[\t\r\n]+")  # what would end a line or a column of the file we write
STRAY = re.compile("[\ud800-\udfff]")  # half a sign, which no UTF-8 can hold
MOST_LABELS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One text. row: its number in the source, from 1."""

    row: int
    text: str
    labels: tuple[str, ...]

    @property
    def same(self) -> str:
        """Equal for texts that differ in case and white space alone."""
        return " ".join(self.text.casefold().split())


def cleaned(text: str) -> str:
    """A text on one line; all else is left as it is."""
    return STRAY.sub("\N{REPLACEMENT CHARACTER}", BREAKS.sub(" ", text))


def records_of(table: Table, column: str, marks: Marks) -> tuple[list[Record], list[str]]:
    """The rows that have a text, and what was dropped or changed of them, in words."""
    found, empty, changed = [], 0, 0
    for row, (text, labels) in enumerate(
        zip(table.column(column), marks.of_text, strict=True), start=1
    ):
        if is_nothing(text):
            empty += 1
            continue
        if not isinstance(text, str):
            raise ValueError(
                f"texts are strings, got {text!r} ({type(text).__name__}) in column {column!r}, "
                f"text {row} of {table.where}: name another with --text-column"
            )
        plain = cleaned(text)
        changed += plain != text
        found.append(Record(row=row, text=plain, labels=labels))
    if not found:
        raise ValueError(
            f"a corpus has texts, got {empty} empty cells and nothing else in column {column!r} of "
            f"{table.where}: name another with --text-column"
        )
    notes = []
    if empty:
        notes.append(f"{empty:,} rows without a text dropped")
    if changed:
        notes.append(f"{changed:,} texts with tabs or line breaks put on one line")
    return found, notes


def kept_labels(
    splits: dict[str, list[Record]], names: Sequence[str], least: int
) -> tuple[tuple[str, ...], list[str]]:
    """The labels with at least `least` texts that differ, and a word on those dropped.

    ValueError where fewer than two or more than 500 remain: no classifier's labels.
    """
    texts = {(r.same, label) for records in splits.values() for r in records for label in r.labels}
    count = Counter(label for _, label in texts)
    kept = tuple(name for name in names if count[name] >= least)
    dropped = [name for name in names if count[name] < least]
    if len(kept) < 2:
        raise ValueError(
            f"a classifier tells labels apart, at least two with {least} texts or more, got "
            f"{', '.join(kept) or 'none'} of {len(names)}: is it the right --label-column? or ask "
            "for fewer texts with --min-label-texts"
        )
    if len(kept) > MOST_LABELS:
        raise ValueError(
            f"a corpus has at most {MOST_LABELS} labels, got {len(kept):,} such as {kept[0]!r}: "
            "is it the right --label-column, or a --label-separator missing? --min-label-texts "
            "drops rare ones"
        )
    shown = ", ".join(f"{name} ({count[name]})" for name in dropped[:8])
    more = f" and {len(dropped) - 8} more" if len(dropped) > 8 else ""
    few = "without a text" if least == 1 else f"with fewer than {least} texts"
    note = f"labels {few} dropped: {shown}{more}"
    return kept, [note] if dropped else []


def matrix(records: Sequence[Record], names: Sequence[str]) -> np.ndarray:
    """labels_NK, uint8; labels that are not among the names count for nothing."""
    place = {name: k for k, name in enumerate(names)}
    labels_NK = np.zeros((len(records), len(names)), dtype=np.uint8)
    for row, record in enumerate(records):
        labels_NK[row, [place[label] for label in record.labels if label in place]] = 1
    return labels_NK
