"""What a run's folder holds, for a terminal or as JSON."""

import json

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from emoray.tables.run import Run
from emoray.tables.words import count, size

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
    told = run.describe()
    return pd.DataFrame(
        {
            "table": told["table"],
            "rows": told["rows"].map("{:,}".format),
            "size": told["size_bytes"].map(size),
            "what a row is": told["description"],
        }
    )


def _columns(run: Run, table: str) -> pd.DataFrame:
    told = run.describe(table)
    better = told["better"].map(lambda way: f"; {way} is better" if way else "")
    unit = told["unit"].map(lambda unit: f" [{unit}]" if unit else "")
    maybe = told["nullable"].map(lambda nullable: ", may be null" if nullable else "")
    return pd.DataFrame(
        {
            "column": told["column"],
            "type": told["type"] + maybe,
            "what it holds": told["description"] + unit + better,
            "example": told["example"],
        }
    )


def print_tables(run: Run, table: str | None, console: Console) -> None:
    """Every table with rows and bytes; with a table's name its columns."""
    places = ", ".join(str(folder.place) for folder in run.folders)
    if table is None:
        console.print(f"tables in {places}", style="bold", highlight=False, soft_wrap=True)
        console.print(_grid(_tables(run), wide="what a row is"))
        first = run.folders[0].place
        console.print(
            f"\ncolumns of one: python -m jobs.tables {first} {run.tables[0]}"
            f"\nin Python: emoray.tables.load({str(first)!r}).table({run.tables[0]!r})",
            highlight=False,
            soft_wrap=True,
        )
        return
    rows = count(run.arrow(table).num_rows, "row")
    console.print(f"{table} in {places}: {rows}", style="bold", highlight=False, soft_wrap=True)
    console.print(_grid(_columns(run, table), wide="what it holds"))


def as_json(run: Run, table: str | None) -> str:
    """The same as JSON: an array of objects, one a table or one a column."""
    told = run.describe(table)
    return json.dumps(json.loads(told.to_json(orient="records")), indent=2, ensure_ascii=False)
