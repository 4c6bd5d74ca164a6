"""Several runs as the tables of one page: each row once, each path as seen from that page.

Rows of equal id in two runs are the same work; the row of the run named first stays.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from emoray.report.explorer import SHIPPED
from emoray.storage.location import located, relative
from emoray.tables.compact import repeats_of
from emoray.tables.folders import Folder, folder_at
from emoray.tables.front import on_front
from emoray.tables.parts import KEYS
from emoray.tables.rows import TABLES
from emoray.tables.run import RUN, Run
from emoray.tables.schema import schema_of

PAGE = "report.html"
OF_ONE_RUN = ("study", "importances", "latency")  # tables whose rows of two runs do not add up
NEAREST_FRONT = (
    *("nearest_front", "nearest_front_change", "nearest_front_low", "nearest_front_high"),
    "distinguishable",
)
LEFT_OUT = (
    "Rows of several runs stand here together, and the fronts and picks are those of all of them. "
    "Left out, as they hold within one run only: timed texts, how a joint search went, and, where "
    "runs share a corpus and labels, which rows test can tell from the front. Latencies are each "
    "run's own, on its own machine. A row that several runs hold is shown once, as the run named "
    "first has it."
)


def joined_runs(places: Sequence[Path]) -> Run:
    """Open runs as one; ValueError for a run named twice, without points, or of another corpus."""
    for k, place in enumerate(places):
        if place.resolve() in [other.resolve() for other in places[:k]]:
            raise ValueError(
                f"each run of a report is named once, got {place} twice: leave one out"
            )
    run = Run(folders=tuple(folder_at(place) for place in places))
    for folder in run.folders:
        if not folder.holds("points") or not folder.rows("points"):
            raise ValueError(
                f"a report shows at least one point of each run, got {folder.place} with none: "
                "leave it out, or run its sweep again"
            )
    _same_corpora(run.folders)
    return run


def _same_corpora(folders: Sequence[Folder]) -> None:
    """Refuse two corpora that are called the same: their rows would be compared."""
    known: dict[str, tuple[str, Folder]] = {}
    for folder in folders:
        started = folder.read("runs").to_pylist() if folder.holds("runs") else []
        latest = {start["corpus"]: start["corpus_sha256"] for start in started}
        for corpus, digest in latest.items():
            if digest is None:  # of another version
                continue
            before, first = known.setdefault(corpus, (digest, folder))
            if before != digest:
                raise ValueError(
                    f"rows are compared on the same texts, got two corpora called {corpus[:60]} in "
                    f"{first.place} and {folder.place}: draw a report of each"
                )


def page_of(places: Sequence[Path], out: Path | None) -> Path:
    """Return where a page of runs lies: `out`, else next to the first run.

    Args:
        places: the runs' folders; the default name is made of theirs.
        out: a file that ends in .html, or a folder.

    Returns:
        The page's path.

    Raises:
        ValueError: it would overwrite one run's own report.
    """
    names = [place.resolve().name for place in places]
    name = f"report-{'-'.join(names)}.html"
    if len(name) > 120:
        name = f"report-{names[0][:80]}-and-{len(names) - 1}-more.html"
    page = places[0].resolve().parent / name if out is None else out
    if page.suffix != ".html" or page.is_dir():
        page = page / name
    if page.name == PAGE and (page.parent / "points.parquet").exists():
        raise ValueError(
            f"--out is no run's own report, got {page}: name another file, or leave it out"
        )
    return page


def _placed(points: pd.DataFrame, run: Run, lies: Path) -> pd.DataFrame:
    """Rows with their run's folder (`home`) and their artifact as seen from where the page lies."""
    start = lies.resolve()
    shipped = points["artifact"].str.contains(SHIPPED)
    parts = []
    for name, folder in zip(run.names(), run.folders, strict=True):
        assert isinstance(folder.place, Path)
        own, mine = folder.place.resolve(), points[points[RUN] == name]
        seen = {
            stored: Path(place).as_posix() if "://" not in place else place
            for stored in mine["artifact"].unique()
            for place in [str(relative(located(own, stored), start))]
        }
        home = Path(relative(own, start)).as_posix()
        parts.append(mine.assign(home=home, artifact=mine["artifact"].map(seen)))
    return pd.concat(parts).assign(shipped=shipped)


def _points(run: Run, lies: Path) -> pd.DataFrame:
    """All rows by run, with the front of all rows of a corpus and taxonomy."""
    points = run.points.drop_duplicates(KEYS["points"], ignore_index=True)
    points = _placed(points, run, lies).assign(on_front=on_front(points))
    runs = points.groupby(["corpus", "taxonomy"])[RUN].transform("nunique")
    for column in NEAREST_FRONT:
        points[column] = points[column].where(runs == 1, None)
    return points


def _once(run: Run, name: str) -> pa.Table:
    """A table of all runs, each row once; empty where no run has it."""
    if name not in run.tables:
        return schema_of(TABLES[name]).empty_table()
    table = run.arrow(name)
    keys = list(KEYS[name])
    again = table.select(keys).to_pandas().duplicated().to_numpy()
    return table.filter(pa.array(~again))


def tables_of(
    run: Run, names: Sequence[str], lies: Path
) -> tuple[pd.DataFrame, dict[str, pa.Table]]:
    """The points and the other tables of the page that lies in the folder `lies`."""
    tables = {}
    for name in names:
        empty = schema_of(TABLES[name]).empty_table()
        tables[name] = empty if name in OF_ONE_RUN else _once(run, name)
    points = _points(run, lies)
    tables["repeats"] = pa.Table.from_pandas(repeats_of(points), preserve_index=False)
    return points, tables
