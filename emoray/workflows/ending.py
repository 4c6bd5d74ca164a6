"""The last lines of a run: how much was measured, which rows to pick, and where the files are."""

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.text import Text

from emoray.console.wording import count, score_words, size
from emoray.storage.location import Place, child, tables_at
from emoray.tables.baselines import BaselineComparison, without_baselines
from emoray.tables.front import picks


def linked(place: Place) -> Text:
    """A place that terminals open at a click; plain text elsewhere."""
    style = f"link {place.absolute().as_uri()}" if isinstance(place, Path) else ""
    return Text(str(place), style=style)


def _say(console: Console, *parts: str | Text | tuple[str, str]) -> None:
    console.print(Text.assemble(*parts), soft_wrap=True)


def print_ending(
    console: Console, run: Place, points: pd.DataFrame, *, failures: int, first: str = ""
) -> None:
    """Print the end of a sweep.

    Args:
        console: the terminal.
        run: its folder.
        points: of the run, of one corpus.
        failures: how many stages failed.
        first: of several taxonomies the one that is printed first.
    """
    failed = f", {count(failures, 'failure')} (see failures.parquet)" if failures else ""
    own = without_baselines(points)
    models = count(own.loc[own["derived_from"] == "", "model"].nunique(), "model")
    _say(console, f"\n{count(len(own), 'operating point')} of {models}{failed}")
    taxonomies = sorted(points["taxonomy"].unique(), key=lambda name: (name != first, name))
    for taxonomy in taxonomies:
        if len(taxonomies) > 1:
            _say(console, (str(taxonomy), "bold underline"))
        _print_picks(console, run, points[points["taxonomy"] == taxonomy])
    _say(console, f"tables {tables_at(run)}, explained by python -m jobs.tables {run}")
    _say(console, "report ", linked(child(run, "report.html")))


def _print_picks(console: Console, run: Place, points: pd.DataFrame) -> None:
    """The picks and baselines of one taxonomy."""
    baselines = BaselineComparison.of(points)
    for name, pick in picks(points).items():
        _say(console, (name, "bold"), f": {pick.sentence}")
        _say(console, "  ", linked(child(run, pick.row["artifact"])))
    for name, _, test, ahead, its_size, latency in baselines.table:
        above = f", the best row {ahead}" if ahead else ""
        line = f"{name}: test macro-F1 {test} in {its_size}, {latency} a text{above}"
        _say(console, ("baseline ", "bold"), line)
    if baselines.sentence:
        _say(console, f"baselines: {baselines.sentence}")
    if baselines.warning:
        _say(console, ("warning: ", "bold red"), baselines.warning)


def shipped_words(row: pd.Series, folder: Path) -> str:
    """The artifact written, its scores, and how to load it."""
    decides = f", taxonomy={row['taxonomy']!r}" if row["derived_from"] else ""
    return (
        f"{row['point']}: test macro-F1 {score_words(row)} in {size(row['size_bytes'])}\n{folder}\n"
        f"in Python: emoray.artifact.runtime.load({str(folder)!r}{decides})"
    )
