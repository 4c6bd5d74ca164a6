"""Columns of auxiliary labels: taken out of the tables before the corpus' own labels are found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from emoray.data.auxiliary import auxiliary_content
from emoray.data.importing.columns import Columns, OneColumn
from emoray.data.importing.labels import text_labels
from emoray.data.importing.records import TextRecord
from emoray.data.importing.settings import CorpusSource
from emoray.data.importing.table import Table, counted, quoted
from emoray.labels import OWN, TAXONOMIES


@dataclass(frozen=True, slots=True, kw_only=True)
class AuxiliaryColumn:
    """One column: its labels, and those of each row; none where the cell is empty."""

    labels: tuple[str, ...]
    of_row: tuple[tuple[str, ...], ...]


def taken_auxiliary(
    table: Table, options: CorpusSource
) -> tuple[Table, dict[str, AuxiliaryColumn], list[str]]:
    """Split a table into auxiliary labels and all other columns.

    Args:
        table: all rows.
        options: which columns hold auxiliary labels.

    Returns:
        The table without them, the columns by name, and notes on how they were read.

    Raises:
        ValueError: a column is not there, holds fewer than two labels, or is read as something else
            too, or is called like a taxonomy.
    """
    found, notes = {}, []
    for name in dict.fromkeys(options.auxiliary_columns):
        if name in (*TAXONOMIES, OWN) or name in (options.text_column, *options.label_columns):
            raise ValueError(
                "auxiliary labels have a column and a name of their own, got "
                f"--auxiliary-column {quoted(name)}: name another, or rename it"
            )
        table.column(name)
        columns = Columns(text=name, labels=OneColumn(name=name), split=None, notes=())
        read = text_labels(table, columns, replace(options, label_names=(), positive_from=None))
        if len(read.names) < 2:
            raise ValueError(
                f"auxiliary labels are at least two, got {', '.join(read.names)} in column "
                f"{quoted(name)} of {table.where}: leave it out"
            )
        of_row = tuple(labels or () for labels in read.of_text)
        found[name] = AuxiliaryColumn(labels=read.names, of_row=of_row)
        missing = counted(sum(not labels for labels in of_row), "text")
        notes.append(
            f"auxiliary labels {quoted(name)}: {', '.join(read.names[:8])}; {missing} without any"
        )
    rest = {name: cells for name, cells in table.columns.items() if name not in found}
    return replace(table, columns=rest), found, notes


def auxiliary_file(columns: Mapping[str, AuxiliaryColumn], train: Sequence[TextRecord]) -> bytes:
    """The content of the corpus' file of auxiliary labels."""
    return auxiliary_content(
        {
            name: (column.labels, [column.of_row[record.row - 1] for record in train])
            for name, column in columns.items()
        }
    )
