"""Texts with their labels, cleaned: what a split is made of. Shapes: N texts, K labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoray.data.importing.characters import BREAKS, cleaned
from emoray.data.importing.labels import TextLabels
from emoray.data.importing.table import Table, counted, is_nothing, quoted

MOST_LABELS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRecord:
    """One text. row: its number in the source, from 1."""

    row: int
    text: str
    labels: tuple[str, ...]

    @property
    def same(self) -> str:
        """A key that is equal for texts that differ in case and white space alone."""
        return " ".join(self.text.casefold().split())


def _plain(text: object, column: str, row: int, where: str) -> str:
    if not isinstance(text, str):
        raise ValueError(
            f"texts are strings, got {quoted(text)} ({type(text).__name__}) in column "
            f"{quoted(column)}, text {row} of {where}: name another with --text-column"
        )
    return cleaned(text)


def records_of(table: Table, column: str, marks: TextLabels) -> tuple[list[TextRecord], list[str]]:
    """The rows with a text and labels, and notes on what was dropped or changed."""
    found, empty, unlabelled, broken, steered = [], 0, 0, 0, 0
    for row, (text, labels) in enumerate(
        zip(table.column(column), marks.of_text, strict=True), start=1
    ):
        if is_nothing(text):
            empty += 1
            continue
        plain = _plain(text, column, row, table.where)
        if labels is None:
            unlabelled += 1
            continue
        broken += BREAKS.search(text) is not None
        steered += plain != BREAKS.sub(" ", text)
        if not plain.strip():
            empty += 1
            continue
        found.append(TextRecord(row=row, text=plain, labels=labels))
    if not found:
        rows = counted(empty, "empty cell") + (
            f", {counted(unlabelled, 'text')} without labels" * bool(unlabelled)
        )
        raise ValueError(
            f"a corpus has texts with labels, got {rows} and nothing else in column "
            f"{quoted(column)} of {table.where}: name another with --text-column or --label-column"
        )
    notes = []
    if empty:
        notes.append(f"{counted(empty, 'row')} without a text dropped")
    if unlabelled:
        notes.append(f"{counted(unlabelled, 'row')} without labels left out")
    if broken:
        notes.append(f"{counted(broken, 'text')} with tabs or line breaks put on one line")
    if steered:
        notes.append(f"{counted(steered, 'text')} with control characters: taken out")
    return found, notes


def kept_labels(
    splits: dict[str, list[TextRecord]], names: Sequence[str], least: int
) -> tuple[tuple[str, ...], list[str]]:
    """The labels with at least `least` different texts, and a note on those dropped.

    Args:
        splits: records by split.
        names: of all labels.
        least: number of texts.

    Returns:
        Names in their order, and the note, if any.

    Raises:
        ValueError: if fewer than two or more than 500 remain: no classifier's labels.
    """
    texts = {(r.same, label) for records in splits.values() for r in records for label in r.labels}
    count = Counter(label for _, label in texts)
    kept = tuple(name for name in names if count[name] >= least)
    dropped = [name for name in names if count[name] < least]
    if len(kept) < 2:
        raise ValueError(
            f"a classifier tells labels apart, at least two with {counted(least, 'text')} or more, "
            f"got {', '.join(name[:60] for name in kept) or 'none'} of {len(names)}: is it the "
            "right --label-column? or ask for fewer texts with --min-label-texts"
        )
    if len(kept) > MOST_LABELS:
        raise ValueError(
            f"a corpus has at most {MOST_LABELS} labels, got {len(kept):,} such as "
            f"{quoted(kept[0])}: is it the right --label-column, or a --label-separator missing? "
            "--min-label-texts drops rare ones"
        )
    shown = ", ".join(f"{name[:60]} ({count[name]})" for name in dropped[:8])
    more = f" and {len(dropped) - 8} more" if len(dropped) > 8 else ""
    few = "without a text" if least == 1 else f"with fewer than {least} texts"
    note = f"labels {few} dropped: {shown}{more}"
    return kept, [note] if dropped else []


def matrix(records: Sequence[TextRecord], names: Sequence[str]) -> np.ndarray:
    """Return labels_NK, uint8; labels that are not among the names are left out."""
    place = {name: k for k, name in enumerate(names)}
    labels_NK = np.zeros((len(records), len(names)), dtype=np.uint8)
    for row, record in enumerate(records):
        labels_NK[row, [place[label] for label in record.labels if label in place]] = 1
    return labels_NK
