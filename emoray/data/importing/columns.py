"""Choose the columns of texts, labels and splits: as the options name them, else by usual names."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from emoray.data.importing.header import LABELS, TEXTS
from emoray.data.importing.one_hot import MarkedColumn, column_of, is_id, is_question, number_of
from emoray.data.importing.settings import CorpusSource
from emoray.data.importing.split_names import split_named
from emoray.data.importing.table import Table, is_nothing, listed, quoted

VAGUE = {  # of usual names for labels: those that often are something else
    *"tags tag categories category classes class topics topic targets target".split()
}
SPLIT = ("split", "partition", "subset")  # hold train, dev or test in every row
ALSO_SPLIT = (  # may hold something else
    "set data_set dataset data_split split_name fold phase part usage data_type mode".split()
)
NO_LABELS = {*SPLIT, *ALSO_SPLIT, "id", "index", "idx", "comment_id"}
SHOWN = 30  # names of columns in a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class OneColumn:
    """All labels of a text are in one cell."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnEach:
    """Every label has a column of 0 and 1."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns that are read.

    Attributes:
        text: of the texts.
        labels: of the labels.
        split: of the splits, if any.
        notes: on the choice.
    """

    text: str
    labels: OneColumn | ColumnEach
    split: str | None
    notes: tuple[str, ...]


def _plain(name: str) -> str:
    return name.lower().replace(" ", "_")


def _usual(table: Table, usual: Sequence[str], but: set[str]) -> list[str]:
    """The table's columns with usual names, the most usual first."""
    lower = {_plain(name): name for name in table.columns if name not in but}
    return [lower[name] for name in usual if name in lower]


def _text(table: Table, options: CorpusSource) -> tuple[str, str]:
    if options.text_column is not None:
        table.column(options.text_column)
        return options.text_column, "as asked for"
    found = _usual(table, TEXTS, set(options.label_columns))
    if not found:
        raise ValueError(
            f"texts stand in a column with a usual name ({', '.join(TEXTS[:6])}, …), got "
            f"{listed(table.columns)} in {table.where}: name it with --text-column (of a file "
            "without a header: 'column 1', 'column 2', …), or columns of numbers with "
            "--feature-column"
        )
    others = f", not {listed(found[1:])}" if len(found) > 1 else ""
    return found[0], f"by its name{others}"


def _options(names: Sequence[str]) -> str:
    """The options that name these columns, for at most six of them."""
    shown = " ".join(f"--label-column {quoted(name)}" for name in names[:6])
    return shown + (" …" if len(names) > 6 else "")


def _doubts(taken: Sequence[MarkedColumn]) -> list[str]:
    """A warning for every column of 0 and 1 that may be no label."""
    questions = [c for c in taken if is_question(c.name)]
    questions = [] if len(questions) == len(taken) else questions
    why: dict[str, str] = {c.name: "its name asks for yes or no" for c in questions}
    why |= {c.name: "its name is that of an id" for c in taken if is_id(c.name)}
    why |= {c.name: "it is 1 in every text" for c in taken if c.constant == 1.0}
    sure = [c.name for c in taken if c.name not in why]
    way = f": without it {_options(sure)}" if len(sure) > 1 else ""
    return [
        f"warning: {quoted(name)} may be no label, {reason}{way}" for name, reason in why.items()
    ]


def _marks(table: Table, text: str, options: CorpusSource) -> tuple[list[MarkedColumn], list[str]]:
    """The columns of 0 and 1 in the commonest spelling, and notes on those left out."""
    found = [
        column
        for name, cells in table.columns.items()
        if name != text and _plain(name) not in NO_LABELS and (column := column_of(name, cells))
    ]
    marks = [c for c in found if c.spelled]
    if options.positive_from is not None:
        marks = [c for c in found if c.spelled or c.soft]
    spellings = Counter(c.spelled for c in marks if c.spelled)
    usual = max(spellings, key=lambda s: (spellings[s], s == "0 and 1"), default=None)
    remarks = [
        f"warning: column {quoted(c.name)} left out: it holds {c.invalid}, not only 0 and 1"
        for c in found
        if c not in marks and (c.near or c.soft)
    ]
    if usual is not None and spellings[usual] > 1 and len(spellings) > 1:
        other = [c for c in marks if c.spelled not in (usual, None)]
        marks = [c for c in marks if c not in other]
        remarks += [
            f"column {quoted(c.name)} left out: it says {c.spelled}, the labels {usual}"
            for c in other
        ]
    return marks, remarks


def _refuse_two_ways(table: Table, name: str, marks: Sequence[MarkedColumn]) -> None:
    """Refuse a column with a vague name next to columns of 0 and 1 that look like labels."""
    plain = [c.name for c in marks if not is_question(c.name) and not is_id(c.name)]
    kinds = {str(cell).strip() for cell in table.columns[name] if not is_nothing(cell)}
    if len(plain) < 2 or _plain(name) not in VAGUE or kinds <= set(plain):
        return
    raise ValueError(
        f"labels stand in one column or in columns of 0 and 1, got both in {table.where}: choose "
        f"with --label-column {quoted(name)}, or {_options(plain)}"
    )


def _labels(
    table: Table, options: CorpusSource, text: str
) -> tuple[OneColumn | ColumnEach, str, list[str]]:
    for name in options.label_columns:
        table.column(name)
        if name == text:
            raise ValueError(
                f"labels stand in a column of their own, got {name!r} for texts and labels: "
                "name another --label-column"
            )
    if len(options.label_columns) == 1:
        return OneColumn(name=options.label_columns[0]), "as asked for", []
    if options.label_columns:
        return ColumnEach(names=tuple(dict.fromkeys(options.label_columns))), "as asked for", []
    marks, left = _marks(table, text, options)
    if found := _usual(table, LABELS, {text}):
        marks = [c for c in marks if c.name not in found]
        _refuse_two_ways(table, found[0], marks)
        names = [*found[1:], *(c.name for c in marks)] if len(marks) > 1 else found[1:]
        others = f", not {listed(names)}" if names else ""
        return OneColumn(name=found[0]), f"by its name{others}", []
    if len(marks) > 1:
        each = ColumnEach(names=tuple(c.name for c in marks))
        return each, "every column of 0 and 1", [*left, *_doubts(marks)]
    soft = [
        name
        for name, cells in table.columns.items()
        if name != text and (column := column_of(name, cells)) and column.soft
    ]
    if len(soft) > 1:
        cell = next(c for c in table.columns[soft[0]] if (n := number_of(c)) is not None and n % 1)
        raise ValueError(
            f"a column of one label holds 0 and 1, got {quoted(cell)} in {quoted(soft[0])} of "
            f"{table.where}: --positive-from 0.5 takes shares from 0.5 on as 1"
        )
    why = f" ({'; '.join(left[:3])})" if left else ""
    raise ValueError(
        "labels stand in a column with a usual name (label, labels, emotion, …) or in columns of 0 "
        f"and 1, got {listed(table.columns)} in {table.where}{why}: name them with --label-column"
    )


def _split(table: Table, taken: set[str]) -> tuple[str | None, list[str]]:
    """The column of splits, and notes on columns with such a name that are none."""
    always = _usual(table, SPLIT, taken)
    perhaps = _usual(table, ALSO_SPLIT, taken)
    values = {
        name: {str(cell).strip() for cell in table.columns[name] if not is_nothing(cell)}
        for name in perhaps
    }
    fit = [name for name in perhaps if values[name] and all(map(split_named, values[name]))]
    chosen = next(iter([*always, *fit]), None)
    remarks = [
        f"column {quoted(name)} not used for splits ({listed(sorted(values[name]), 3)})"
        for name in perhaps
        if name != chosen
    ]
    return chosen, remarks


def choose_columns(table: Table, options: CorpusSource) -> Columns:
    """Choose what to read; ValueError lists the table's columns where the choice is not clear."""
    text, why_text = _text(table, options)
    labels, why_labels, notes = _labels(table, options, text)
    names = [labels.name] if isinstance(labels, OneColumn) else list(labels.names)
    split, of_splits = _split(table, {text, *options.label_columns, *names})
    remarks = [f"texts: column {text!r} ({why_text})"]
    if isinstance(labels, OneColumn):
        remarks.append(f"labels: column {labels.name!r} ({why_labels})")
    else:
        remarks.append(
            f"labels: {len(names)} columns of 0 and 1 ({why_labels}): {listed(names, SHOWN)}"
        )
    unused = [n for n in table.columns if n not in {text, split, *names}]
    if unused:
        remarks.append(f"columns not used: {listed(unused, 8)}")
    return Columns(text=text, labels=labels, split=split, notes=(*remarks, *notes, *of_splits))
