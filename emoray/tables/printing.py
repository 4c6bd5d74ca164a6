"""The tables of a run's folder and their columns, for a terminal or as JSON."""

import json

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from emoray.console.wording import count, size
from emoray.tables.notebook import missing_words
from emoray.tables.run import Run
from emoray.tables.terminal import print_table

NUMBERS = {"rows", "size"}


def _grid(rows: pd.DataFrame, *, wide: str) -> Table:
    """Rows as a table whose column `wide` takes what room is left."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in rows.columns:
        grid.add_column(
            name,
            justify="right" if name in NUMBERS else "left",
            no_wrap=name != wide,
            overflow="fold",
        )
    for row in rows.itertuples(index=False):
        grid.add_row(*(Text(str(value)) for value in row))
    return grid


def _tables(run: Run) -> pd.DataFrame:
    described = run.describe()
    return pd.DataFrame(
        {
            "table": described["table"],
            "rows": described["rows"].map("{:,}".format),
            "size": described["size_bytes"].map(size),
            "what a row is": described["description"],
        }
    )


def _columns(run: Run, table: str) -> Table:
    """A line or two for each column: what it holds, then its type and an example."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    grid.add_column("column", no_wrap=True)
    grid.add_column("what it holds", overflow="fold")
    absent = set(run.missing().get(table, ()))
    for column in run.describe(table).itertuples(index=False):
        unit = f" [{column.unit}]" if column.unit else ""
        better = f"; {column.better} is better" if column.better else ""
        kind = f"{column.type}, may be null" if column.nullable else column.type
        shown = f"{kind} · {column.example}" if column.example else kind
        if column.column in absent:
            shown = f"{kind} · not in these tables, which another version wrote"
        described = Text.assemble(f"{column.description}{unit}{better}\n", (shown, "dim"))
        grid.add_row(Text(column.column), described)
    return grid


def print_tables(run: Run, table: str | None, console: Console) -> None:
    """Every table with rows and bytes; with a table's name its columns."""
    places = ", ".join(str(folder.place) for folder in run.folders)
    if table is None:
        console.print(f"tables in {places}", style="bold", highlight=False, soft_wrap=True)
        print_table(console, _grid(_tables(run), wide="what a row is"))
        if missing := missing_words(run.missing()):
            console.print(f"\n{missing}", highlight=False)
        first = run.folders[0].place
        console.print(
            f"\ncolumns of one: python -m jobs.tables {first} {run.tables[0]}"
            f"\nin Python: emoray.load_run({str(first)!r}).table({run.tables[0]!r})",
            highlight=False,
            soft_wrap=True,
        )
        return
    columns = _columns(run, table)
    holding = [folder for folder in run.folders if folder.holds(table)]
    rows = count(sum(folder.rows(table) for folder in holding), "row")
    console.print(f"{table} in {places}: {rows}", style="bold", highlight=False, soft_wrap=True)
    print_table(console, columns)
    if absent := run.missing().get(table):
        console.print(missing_words({table: absent}), highlight=False)


def as_json(run: Run, table: str | None) -> str:
    """The same as JSON: an array of objects, one a table or one a column."""
    described = run.describe(table)
    return json.dumps(json.loads(described.to_json(orient="records")), indent=2, ensure_ascii=False)
