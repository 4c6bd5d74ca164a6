"""HTML of a run, its columns and its comparisons for a notebook: whole sentences, nothing cut."""

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd

from emoray.console.wording import size

STYLE = "text-align:left;vertical-align:top;white-space:normal"


def _cell(value: object, column: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column == "size_bytes" and isinstance(value, int):
        return size(value)
    return (
        f"{value:,}"
        if isinstance(value, int)
        else f"{value:.4g}"
        if isinstance(value, float)
        else str(value)
    )


def table_html(frame: pd.DataFrame) -> str:
    """A frame as a table whose cells wrap; every word of it is text."""
    heads = "".join(f'<th style="{STYLE}">{escape(str(name))}</th>' for name in frame.columns)
    rows = []
    for row in frame.astype(object).to_dict("records"):
        cells = (escape(_cell(value, str(name))) for name, value in row.items())
        rows.append("".join(f'<td style="{STYLE}">{cell}</td>' for cell in cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def missing_words(missing: Mapping[str, Sequence[str]]) -> str:
    """Columns that another version did not write, in a sentence; empty where none is missing."""
    if not missing:
        return ""
    lacks = "; ".join(f"{table} has no {', '.join(columns)}" for table, columns in missing.items())
    return (
        f"Written by another version: {lacks}. These columns are null; run the same command again "
        "to have them."
    )


def run_html(
    places: Sequence[str], tables: pd.DataFrame, missing: Mapping[str, Sequence[str]]
) -> str:
    """A run: where it lies, its tables, and what of them is missing."""
    note = f"<p>{escape(words)}</p>" if (words := missing_words(missing)) else ""
    return f"<p><b>{escape(', '.join(places))}</b></p>{table_html(tables)}{note}"


class Described(pd.DataFrame):
    """Descriptions of tables or columns: a frame that a notebook shows whole."""

    def _repr_html_(self) -> str:
        return table_html(pd.DataFrame(self))
