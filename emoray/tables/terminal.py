"""Tables for a terminal of any width, or for a log: no number loses a digit, no word its end.

Where a table is wider than the terminal, its columns are printed in blocks, each block
with the first column. In a log, which has no width, it is as wide as it needs to be.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table

# How a console prints a sentence: one line, without marks or colours of its own.
AS_IT_IS: dict[str, Any] = {"highlight": False, "soft_wrap": True, "markup": False}
ENDLESS = 1 << 16  # a width that cuts nothing
LONGEST = 60  # letters of a word that is kept whole where a cell may be broken


def table(title: str, *columns: str, left: int = 1) -> Table:
    """A plain table; all columns but the first `left` are numbers."""
    made = Table(title=title, box=None, pad_edge=False)
    for i, column in enumerate(columns):
        made.add_column(column, justify="left" if i < left else "right", no_wrap=True)
    return made


def _width(console: Console, made: Table) -> int:
    return Measurement.get(console, console.options.update(width=ENDLESS), made).maximum


def _roomy(console: Console, column: Column) -> Column:
    """Let a column be as narrow as its longest word where its cells may be broken.

    Names that would take half of a terminal may be broken, unless the column has a width of its
    own; numbers never.

    Args:
        console: the terminal.
        column: of the table.

    Returns:
        The column, folded or as it was.
    """
    options = console.options.update(width=ENDLESS)
    cells = [Measurement.get(console, options, cell) for cell in (column.header, *column.cells)]
    half = console.width // 2
    of_names = console.is_terminal and column.justify != "right" and column.min_width is None
    if column.no_wrap and not (of_names and max(cell.maximum for cell in cells) > half):
        return column
    room = min(max(cell.minimum for cell in cells), LONGEST, half)
    return replace(column, no_wrap=False, overflow="fold", min_width=room)


def _of(made: Table, columns: Sequence[Column]) -> Table:
    """The same rows with these columns."""
    part = Table(
        *(replace(column) for column in columns),
        box=made.box,
        pad_edge=made.pad_edge,
        show_edge=made.show_edge,
    )
    part.rows = list(made.rows)
    return part


def _needs(console: Console, made: Table, columns: Sequence[Column]) -> int:
    """The least width at which these columns are not cut."""
    return _width(console, _of(made, [replace(c, max_width=c.min_width) for c in columns]))


def _parts(console: Console, made: Table) -> Iterator[Table]:
    """The table in parts that fit."""
    columns = [_roomy(console, column) for column in made.columns]
    if not console.is_terminal:
        whole = _of(made, columns)
        whole.width = max(_needs(console, made, columns), console.width)
        yield whole
        return
    block = columns[:1]
    for column in columns[1:]:
        if len(block) > 1 and _needs(console, made, [*block, column]) > console.width:
            yield _of(made, block)
            block = columns[:1]
        block.append(column)
    yield _of(made, block)


def print_table(console: Console, made: Table) -> None:
    """Print a table but for its title, and cut nothing of it."""
    caption, made.caption = made.caption, None
    parts = [made] if _width(console, made) <= console.width else list(_parts(console, made))
    for i, part in enumerate(parts):
        if i:
            console.print("")
        console.print(part, crop=False)
    if caption:
        console.print(caption, style="table.caption", highlight=False)


def print_titled(console: Console, made: Table) -> None:
    """Title, table and an empty line; a title is no wider than a line, a table may be narrower."""
    title, made.title = made.title, None
    console.print(title, style="bold", highlight=False, soft_wrap=True)
    print_table(console, made)
    console.print("")
