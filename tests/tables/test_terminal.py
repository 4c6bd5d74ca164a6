"""Tables lose nothing: on a wide terminal, on a narrow one, in a log."""

import io

import pytest
from rich.console import Console
from rich.table import Table

from emoray.tables.terminal import print_table, print_titled, table

NUMBERS = ("0.4870", "+0.0123", "0.5001", "0.1234", "123 µs", "12.34 MB", "1,234,567")
NAMES = ("no label at all", "TF-IDF + logistic regression")


def made(*, why: str = "") -> Table:
    heads = ("macro-F1", "the artifact", "micro-F1", "ECE", "median latency", "size", "flips")
    grid = table("Beside baselines", "baseline", *heads, *(["why"] if why else []))
    for name in NAMES:
        grid.add_row(name, *NUMBERS, *([why] if why else []))
    if why:
        grid.columns[-1].no_wrap, grid.columns[-1].justify = False, "left"
    grid.caption = "flips: label decisions on test that differ, told " + 20 * "so long " + "(end)"
    return grid


def shown(grid: Table, width: int, *, terminal: bool) -> str:
    out = io.StringIO()
    print_titled(Console(file=out, width=width, force_terminal=terminal, color_system=None), grid)
    return out.getvalue()


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "log"])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_number_loses_a_digit(width: int, terminal: bool) -> None:
    said = shown(made(), width, terminal=terminal)
    assert "…" not in said and "(end)" in said
    for number in NUMBERS:
        assert said.split("baseline", 1)[1].count(number) == len(NAMES), number
    if terminal:
        assert max(map(len, said.splitlines())) <= width


def test_on_a_terminal_each_block_says_what_its_rows_are() -> None:
    said = shown(made(), 80, terminal=True)
    assert said.count(NAMES[0]) == said.count("baseline  ") > 1
    assert "\n\nbaseline" in said


def test_a_log_has_a_line_a_row() -> None:
    lines = shown(made(), 80, terminal=False).splitlines()
    assert all(sum(name in line for line in lines) == 1 for name in NAMES)
    assert all(number in line for line in lines if NAMES[1] in line for number in NUMBERS)


def test_a_table_that_fits_stays_in_one_piece() -> None:
    assert shown(made(), 200, terminal=True).count("baseline") == 2  # of title and head


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "log"])
def test_a_sentence_in_a_cell_is_broken_between_its_words(terminal: bool) -> None:
    why = "per_label of a calibration on goemotions --threshold admiration=0.4321 --threshold joy=1"
    said = shown(made(why=why), 80, terminal=terminal)
    assert all(word in said.split() for word in why.split())


def test_a_name_longer_than_the_terminal_goes_on_in_the_next_line() -> None:
    grid = table("Names", "label", "F1")
    grid.add_row("l" * 120, "0.1234")
    said = shown(grid, 80, terminal=True)
    assert "l" * 40 in said and said.replace("label", "").count("l") == 120 and "0.1234" in said
    assert max(map(len, said.splitlines())) <= 80


def test_styles_of_rows_and_a_border_are_kept() -> None:
    out = io.StringIO()
    grid = Table(title="Figures")
    for head in ("figure", *(f"a long heading {i}" for i in range(6))):
        grid.add_column(head, no_wrap=True)
    grid.add_row("first", *"123456", style="bold")
    grid.add_row("second", *"abcdef")
    print_table(Console(file=out, width=60, force_terminal=True, color_system="standard"), grid)
    said = out.getvalue()
    assert said.count("first") == said.count("┏") == 3 and "\x1b[1mfirst" in said
    assert all(cell in said for cell in "123456abcdef")
