"""The page: computed from the run's tables first, then drawn, then filled into the template.

The page holds the drawing code once, each figure as data, and asks no network for anything.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa

from emoray.storage.place import Place, landing
from emoray.tables import words
from emoray.tables.baselines import searched
from emoray.tables.compact import compact
from emoray.tables.conditions import short
from emoray.tables.files import read_any_version
from emoray.tables.folders import folder_at
from emoray.tables.notebook import missing_words
from emoray.tables.parts import KEYS, gather, part_files, table_path
from emoray.tables.report.look import on_page, save_png, specs_of
from emoray.tables.report.story import DETAILS_BYTES, NEEDED, story_of
from emoray.tables.report.thinning import MOST
from emoray.tables.rows import TABLES
from emoray.tables.schema import schema_of

SCRIPTS = (
    *("rows.js", "scales.js", "plot.js", "sorting.js", "card.js", "controls.js", "figures.js"),
    "explorer.js",
)
BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"


def _table(run_folder: Path, name: str) -> pa.Table:
    """A table of the run; one that was never written counts as empty."""
    if name != "points" and not table_path(run_folder, name).is_file():
        return schema_of(TABLES[name]).empty_table()
    return read_any_version(table_path(run_folder, name), TABLES[name], KEYS[name])


def _script_safe(value: Any) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _render(context: dict[str, Any]) -> str:
    here = files("emoray.tables.report").joinpath("browser")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(here.joinpath("template.html").read_text("utf-8"))
    return template.render(
        **context,
        words=words,
        style=here.joinpath("style.css").read_text("utf-8"),
        script="\n".join(here.joinpath(name).read_text("utf-8") for name in SCRIPTS),
    )


def _write(text: str, path: Path) -> Path:
    aside = path.with_name(f"_{path.name}.{uuid.uuid4().hex}")
    try:
        aside.write_text(text, "utf-8")
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return path


@cache
def _drawing_code() -> Future[str]:
    """Vega as one script: seconds of work that hold the interpreter, so another process does it."""

    def bundle() -> str:
        made = subprocess.run([sys.executable, "-c", BUNDLE], stdout=subprocess.PIPE, check=True)
        return made.stdout.decode()

    with_one = ThreadPoolExecutor(1)
    bundling = with_one.submit(bundle)
    with_one.shutdown(wait=False)
    return bundling


def _names(kinds: Sequence[tuple[str, str]]) -> list[str]:
    """What the page calls each corpus and taxonomy: the taxonomy, numbered where two share it."""
    taxonomies = [taxonomy for _, taxonomy in kinds]
    again = [taxonomies[:k].count(taxonomy) for k, taxonomy in enumerate(taxonomies)]
    return [f"{t}{'' if n == 0 else f'-{n + 1}'}" for t, n in zip(taxonomies, again, strict=True)]


def _missing(run_folder: Path) -> dict[str, tuple[str, ...]]:
    """Columns that another version did not write, by table."""
    folder = folder_at(run_folder)
    found = {t: folder.missing(t) for t in folder.sizes if t in ("points", "runs", *NEEDED)}
    return {table: columns for table, columns in found.items() if columns}


def _context(run_folder: Path, most: int, wanted: Collection[str]) -> dict[str, Any]:
    """What the template says; the PNGs are written on the way."""
    tables = {name: _table(run_folder, name) for name in ("points", "runs", "failures", *NEEDED)}
    points = tables["points"].to_pandas()
    groups = dict(list(points.groupby(["corpus", "taxonomy"], sort=False)))
    points = searched(points)
    shown = list(points.groupby(["corpus", "taxonomy"], sort=False).indices)
    shares = max(len(shown), 1)
    limits = {"most": max(most // shares, 200), "budget": DETAILS_BYTES // shares}
    stories = [
        story_of(groups[kind], tables, name, wanted=wanted, **limits)
        for name, kind in zip(_names(shown), shown, strict=True)
    ]
    specs = {}
    for story in stories:
        for figure in story.figures:
            panels = specs_of(figure)
            for k, spec in enumerate(panels):
                specs[f"{figure.name}-{k}"] = on_page(spec, figure.title)
            if panels:
                save_png(figure, panels, run_folder / "figures")
        if story.front:
            save_png(story.front, specs_of(story.front), run_folder / "figures")
    return {
        "run": run_folder.resolve().name,
        "missing": missing_words(_missing(run_folder)),
        "runs": tables["runs"].to_pandas().to_dict("records"),
        "failures": tables["failures"].to_pandas().to_dict("records"),
        "corpora": sorted(points["corpus"].unique()),
        "stories": stories,
        "specs": _script_safe(specs),
        "explorers": {s.name: _script_safe(s.explorer) for s in stories if s.explorer},
    }


def draw_run(run: Place, wanted: Collection[str] = ()) -> Place:
    """Draw a run's report wherever the run lies; returns where the report lies.

    wanted: points to draw whatever is left out of the others. ValueError for one that is not there.
    """
    with landing(run) as folder:
        if not table_path(folder, "points").is_file():
            gather(run, folder)
        return run / write_report(folder, wanted=wanted).name


def write_report(run_folder: Path, *, most: int = MOST, wanted: Collection[str] = ()) -> Path:
    """Draw the run's tables: `report.html` and `figures/*.png`, with about `most` dots at most,
    `wanted` among them.

    A run that was stopped before its tables were merged is drawn as far as it came.
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
    points = _table(run_folder, "points").column("point")
    if strange := sorted(set(wanted) - set(points.to_pylist())) if wanted else []:
        raise ValueError(
            f"a point is an id of the run's points, got {short(strange[0])}: copy one of them"
        )
    drawing = _drawing_code()
    context = _context(run_folder, most, wanted)
    code = drawing.result().replace("</script", "<\\/script")
    return _write(_render(context | {"drawing": code}), run_folder / "report.html")
