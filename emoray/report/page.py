"""The page: computed from the run's tables first, then drawn, then filled into the template.

The page holds the drawing code once, each figure as data, and asks no network for anything.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jinja2
import pandas as pd

from emoray.console import wording
from emoray.report.html import drawing_code, in_script, script_safe, write_page
from emoray.report.section import DETAILS_BYTES, NEEDED, taxonomy_section
from emoray.report.several import LEFT_OUT, joined_runs, page_of, tables_of
from emoray.report.source import Gathered, OneRun, ReportSource
from emoray.report.style import on_page, save_png, specs_of
from emoray.report.thinning import MOST
from emoray.storage.location import Place, staged_output
from emoray.storage.parallel import in_parallel
from emoray.storage.submitted import check_outlives
from emoray.tables.baselines import without_baselines
from emoray.tables.compact import compact
from emoray.tables.conditions import short
from emoray.tables.folders import folder_at
from emoray.tables.notebook import missing_words
from emoray.tables.parts import gather, part_files, table_path
from emoray.tables.rows import TABLES

SCRIPTS = (
    *("rows.js", "scales.js", "plot.js", "sorting.js", "card.js", "controls.js", "figures.js"),
    "explorer.js",
)


def _render(context: dict[str, Any]) -> str:
    here = files("emoray.report").joinpath("browser")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(here.joinpath("template.html").read_text("utf-8"))
    return template.render(
        **context,
        words=wording,
        style=here.joinpath("style.css").read_text("utf-8"),
        script="\n".join(here.joinpath(name).read_text("utf-8") for name in SCRIPTS),
    )


def _names(kinds: Sequence[tuple[str, str]]) -> list[str]:
    """What the page calls each corpus and taxonomy: the taxonomy, numbered where two share it."""
    taxonomies = [taxonomy for _, taxonomy in kinds]
    again = [taxonomies[:k].count(taxonomy) for k, taxonomy in enumerate(taxonomies)]
    return [f"{t}{'' if n == 0 else f'-{n + 1}'}" for t, n in zip(taxonomies, again, strict=True)]


def _missing(run_folder: Path) -> dict[str, tuple[str, ...]]:
    """Columns that the run's version did not write, by table."""
    folder = folder_at(run_folder)
    found = {t: folder.missing(t) for t in folder.sizes if t in ("points", "runs", *NEEDED)}
    return {table: columns for table, columns in found.items() if columns}


def _context(
    source: ReportSource,
    most: int,
    wanted: Collection[str],
    pictures: Path | None,
) -> dict[str, Any]:
    """The template's variables; PNGs are written on the way where there is a folder for them."""
    points = source.points()
    _checked(wanted, points)
    kind = ["corpus", "taxonomy"]
    shown = list(
        without_baselines(points)[kind].drop_duplicates().itertuples(index=False, name=None)
    )
    learned = set(source.whole("runs").column("taxonomy").to_pylist())
    shown.sort(key=lambda kind: kind[1] not in learned)  # derived ones, and others, come behind
    shares = max(len(shown), 1)
    limits = {"most": max(most // shares, 200), "budget": DETAILS_BYTES // shares}
    sections = [
        taxonomy_section(
            points[(points["corpus"] == corpus) & (points["taxonomy"] == taxonomy)],
            source,
            name,
            wanted=wanted,
            **limits,
        )
        for name, (corpus, taxonomy) in zip(_names(shown), shown, strict=True)
    ]
    if pictures is None:  # of several runs, which says itself that timed texts are left out
        sections = [
            replace(s, figures=tuple(f for f in s.figures if f.name != f"{s.name}-latency"))
            for s in sections
        ]
    specs = {}
    for section in sections:
        for figure in section.figures:
            panels = specs_of(figure)
            for k, spec in enumerate(panels):
                specs[f"{figure.name}-{k}"] = on_page(spec, figure.title)
            if panels and pictures:
                save_png(figure, panels, pictures)
        if section.front and pictures:
            save_png(section.front, specs_of(section.front), pictures)
    return {
        "runs": source.whole("runs").to_pandas().to_dict("records"),
        "failures": source.whole("failures").to_pandas().to_dict("records"),
        "corpora": sorted({corpus for corpus, _ in shown}),
        "sections": sections,
        "specs": script_safe(specs),
        "explorers": {s.name: script_safe(s.explorer) for s in sections if s.explorer},
    }


def _checked(wanted: Collection[str], points: pd.DataFrame) -> None:
    there = points.loc[points["point"].isin(set(wanted)), "point"]
    if strange := sorted(set(wanted) - set(there)):
        raise ValueError(
            f"a point is an id of the run's points, got {short(strange[0])}: copy one of them"
        )


def draw_runs(
    runs: Sequence[Place], out: Place | None = None, wanted: Collection[str] = ()
) -> Place:
    """Draw one run's report, or one page of several.

    Args:
        runs: the runs' folders; one may lie in a bucket if it is the only one.
        out: the page, or its folder; None for one run's own folder, or next to the first of
            several.
        wanted: ids of points that are drawn in any case.

    Returns:
        Where the page lies.

    Raises:
        ValueError: `out` lies in a bucket, or one of several runs does.
    """
    check_outlives(*((runs[0], "the run") if out is None else (out, "--out")))
    if len(runs) == 1:
        if out is None:
            return draw_run(runs[0], wanted)
        if not isinstance(out, Path):
            raise ValueError(
                f"--out of a report is a local file or folder, got {out}: leave it out, and the "
                "report lies in the run's own folder"
            )
        return draw_aside(runs[0], out, wanted)
    places = [place for place in runs if isinstance(place, Path)]
    if len(places) < len(runs) or not (out is None or isinstance(out, Path)):
        raise ValueError(
            "a page of several runs is drawn of and in local folders, got one in a bucket: copy it "
            "here, or draw the report of one run"
        )
    return write_together(places, out, wanted=wanted)


def write_together(
    places: Sequence[Path],
    out: Path | None = None,
    *,
    most: int = MOST,
    wanted: Collection[str] = (),
) -> Path:
    """Draw several runs on one page, with the fronts and picks of all of them; return the page."""
    run, page = joined_runs(places), page_of(places, out)
    points, tables = tables_of(run, ("runs", "failures", *NEEDED), page.parent)
    drawing = drawing_code()
    names = run.names()
    context = _context(Gathered(frame=points, tables=tables), most, wanted, None) | {
        "run": " + ".join(names),
        "several": LEFT_OUT,
        "missing": missing_words(
            {t: c for t, c in run.missing().items() if t in ("points", "runs", *NEEDED)}
        ),
    }
    page.parent.mkdir(parents=True, exist_ok=True)
    return _finish(context, drawing, page)


def _finish(context: dict[str, Any], drawing: Future[str], page: Path) -> Path:
    return write_page(_render(context | {"drawing": in_script(drawing)}), page)


def draw_run(run: Place, wanted: Collection[str] = ()) -> Place:
    """Draw a run's report where the run lies, on disk or in a bucket.

    Args:
        run: its folder.
        wanted: ids of points that are drawn in any case; ValueError for one that is not there.

    Returns:
        Where the report lies.
    """
    with staged_output(run) as folder:
        if not table_path(folder, "points").is_file():
            gather(run, folder, drop_damaged=False)
        return run / write_report(folder, wanted=wanted).name


@contextmanager
def _tables_here(run: Place) -> Iterator[Path]:
    """The run's folder; of one in a bucket a copy of its tables while the block runs."""
    if isinstance(run, Path):
        yield run
        return
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / run.name
        folder.mkdir()
        tables = [table_path(run, table).name for table in TABLES]
        there = {entry.name for entry in run.entries()}
        in_parallel(
            lambda name: run.download(name, folder / name), [n for n in tables if n in there]
        )
        yield folder


def draw_aside(run: Place, out: Path, wanted: Collection[str] = ()) -> Path:
    """Draw a run's report elsewhere; the run, on disk or in a bucket, is only read.

    Args:
        run: its folder.
        out: the page, or its folder; `figures` lie beside it.
        wanted: ids of points that are drawn in any case; ValueError for one that is not there.

    Returns:
        The page.

    Raises:
        ValueError: the run's tables were not merged yet, or `out` is another run's report.
    """
    with _tables_here(run) as folder:
        if not table_path(folder, "points").is_file():
            raise ValueError(
                f"a report beside its run is drawn of merged tables, got {run} without "
                "points.parquet: run the same sweep to its end, or leave --out out"
            )
        page = page_of([folder], out)
        page.parent.mkdir(parents=True, exist_ok=True)
        return write_report(folder, page=page, wanted=wanted)


def write_report(
    run_folder: Path, *, page: Path | None = None, most: int = MOST, wanted: Collection[str] = ()
) -> Path:
    """Draw the run's tables as `report.html` and `figures/*.png`.

    A run that was stopped before its tables were merged is drawn as far as it came.

    Args:
        run_folder: a local folder.
        page: where the page goes, with `figures` beside it; None for the run's folder.
        most: about how many dots are drawn at most, `wanted` among them.
        wanted: ids of points that are drawn in any case.

    Returns:
        The page's path.

    Raises:
        ValueError: the folder holds no points, or one of `wanted` is not among them.
    """
    run_folder = Path(run_folder)
    if not table_path(run_folder, "points").is_file():
        if not part_files(run_folder, "points"):
            raise ValueError(
                f"a run's folder holds points.parquet or parts of it, got {run_folder} with "
                "neither: name the folder of a sweep, or run the sweep first"
            )
        done = compact(run_folder)
        if not done.rows["points"]:
            for table in TABLES:
                table_path(run_folder, table).unlink(missing_ok=True)
            raise ValueError(
                f"a report shows at least one point, got parts that hold none in {run_folder} "
                f"({'; '.join(done.errors) or 'all empty'}): run the sweep again"
            )
    drawing, page = drawing_code(), page or run_folder / "report.html"
    context = _context(OneRun(folder=run_folder), most, wanted, page.parent / "figures") | {
        "run": run_folder.resolve().name,
        "several": "",
        "missing": missing_words(_missing(run_folder)),
    }
    return _finish(context, drawing, page)
