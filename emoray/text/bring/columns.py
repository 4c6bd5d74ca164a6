"""Which columns hold texts, labels and splits: as the user says, else by the usual names."""

from dataclasses import dataclass
from typing import Any

from emoray.text.bring.asked import Bring
from emoray.text.bring.table import Table, is_nothing, listed

TEXTS = (
    "text sentence comment comment_text content review review_text tweet message utterance body "
    "post document question query"
).split()
LABELS = (
    "label_names label_name label_text labels_text emotions emotion labels label tags tag "
    "categories category classes class topics topic intents intent sentiment targets target"
).split()
SPLIT = ("split", "partition", "subset")
NO_LABELS = {*SPLIT, "id", "index", "idx", "comment_id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneColumn:
    """All labels of a text stand in one cell."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnEach:
    """Every label has a column of 0 and 1."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What is read from where; said: the same for people."""

    text: str
    labels: OneColumn | ColumnEach
    split: str | None
    said: tuple[str, ...]


def _usual(table: Table, usual: list[str] | tuple[str, ...], but: set[str]) -> list[str]:
    """The table's columns of usual names, the most usual first."""
    lower = {name.lower().replace(" ", "_"): name for name in table.columns if name not in but}
    return [lower[name] for name in usual if name in lower]


def _text(table: Table, asked: Bring) -> tuple[str, str]:
    if asked.text_column is not None:
        table.column(asked.text_column)
        return asked.text_column, "as asked for"
    found = _usual(table, TEXTS, set(asked.label_columns))
    if not found:
        raise ValueError(
            f"texts stand in a column with a usual name ({', '.join(TEXTS[:6])}, …), got "
            f"{listed(table.columns)} in {table.where}: name it with --text-column"
        )
    others = f", not {listed(found[1:])}" if len(found) > 1 else ""
    return found[0], f"by its name{others}"


def is_mark(cell: Any) -> bool:
    """Whether a cell is 0 or 1, or nothing."""
    if isinstance(cell, str):
        return cell.strip() in ("0", "1", "")
    return is_nothing(cell) or (isinstance(cell, bool | int | float) and cell in (0, 1))


def _labels(table: Table, asked: Bring, text: str) -> tuple[OneColumn | ColumnEach, str]:
    for name in asked.label_columns:
        table.column(name)
        if name == text:
            raise ValueError(
                f"labels stand in a column of their own, got {name!r} for texts and labels: "
                "name another --label-column"
            )
    if len(asked.label_columns) == 1:
        return OneColumn(name=asked.label_columns[0]), "as asked for"
    if asked.label_columns:
        return ColumnEach(names=tuple(dict.fromkeys(asked.label_columns))), "as asked for"
    if found := _usual(table, LABELS, {text}):
        others = f", not {listed(found[1:])}" if len(found) > 1 else ""
        return OneColumn(name=found[0]), f"by its name{others}"
    marks = tuple(
        name
        for name, cells in table.columns.items()
        if name != text and name.lower() not in NO_LABELS and all(map(is_mark, cells))
    )
    if len(marks) > 1:
        return ColumnEach(names=marks), "every column of 0 and 1"
    raise ValueError(
        "labels stand in a column with a usual name (label, labels, emotion, …) or in columns of 0 "
        f"and 1, got {listed(table.columns)} in {table.where}: name them with --label-column"
    )


def columns_of(table: Table, asked: Bring) -> Columns:
    """What to read; ValueError lists the columns there are where that cannot be told."""
    text, why_text = _text(table, asked)
    labels, why_labels = _labels(table, asked, text)
    taken = {text, *asked.label_columns}
    split = next(iter(_usual(table, SPLIT, taken)), None)
    said = [f"texts: column {text!r} ({why_text})"]
    if isinstance(labels, OneColumn):
        said.append(f"labels: column {labels.name!r} ({why_labels})")
    else:
        said.append(f"labels: {len(labels.names)} columns of 0 and 1 ({why_labels})")
    return Columns(text=text, labels=labels, split=split, said=tuple(said))
