"""The page: computed from the run's tables first, then drawn, then filled into the template.

The page holds the drawing code once, each figure as data, and asks no network for anything.
"""

import json
import os
import subprocess
import sys
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoray.storage.place import Place, landing
from emoray.tables import words
from emoray.tables.compact import compact
from emoray.tables.front import Pick, picks
from emoray.tables.parts import gather, part_files, run_table, table_path
from emoray.tables.report.cards import COLUMNS, Column, front_table, pick_cards
from emoray.tables.report.clipping import clipping
from emoray.tables.report.decision import reliability_figure, surface_figure
from emoray.tables.report.depth import depth
from emoray.tables.report.ensembles import ENSEMBLE, ensembles
from emoray.tables.report.labels import labels_figure
from emoray.tables.report.latency import BASELINE, latency_figure
from emoray.tables.report.look import Figure, on_page, save_png, specs_of
from emoray.tables.report.refining import refining
from emoray.tables.report.squeeze import squeeze
from emoray.tables.report.tradeoff import MOST, front_rows, tradeoff
from emoray.tables.report.training import training_figure
from emoray.tables.report.weights import schemes_to_show, weights
from emoray.tables.rows import TABLES
from emoray.tables.schema import schema_of

BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the page says of one taxonomy."""

    name: str
    title: str
    labels: int
    points: int
    trainings: int
    models: int
    cards: list[dict[str, Any]]
    columns: tuple[Column, ...]
    front: list[dict[str, Any]]
    figures: tuple[Figure, ...]


def _table(run_folder: Path, name: str) -> pa.Table:
    """A table of the run; one that was never written counts as empty."""
    if name != "points" and not table_path(run_folder, name).is_file():
        return schema_of(TABLES[name]).empty_table()
    return run_table(run_folder, name)


def _where(table: pa.Table, column: str, values: list[Any]) -> pd.DataFrame:
    kept = pc.is_in(table.column(column), pa.array(values, table.schema.field(column).type))
    return table.filter(kept).to_pandas()


def _figures(
    points: pd.DataFrame, tables: dict[str, pa.Table], chosen: dict[str, Pick], most: int
) -> tuple[Figure, ...]:
    """All figures of one taxonomy; the details are those of the smallest row within 1 point."""
    taxonomy = points["taxonomy"].iloc[0]
    front = tradeoff(points, chosen, taxonomy, most)
    if not chosen:
        return (front,)
    picked = chosen["smallest within 1 point"].row
    rule, model = picked["threshold_rule"], picked["model"]
    repeats = _where(tables["repeats"], "taxonomy", [taxonomy])
    repeats = repeats[repeats["corpus"] == picked["corpus"]]
    repeats = repeats[repeats["family"] != ENSEMBLE]  # it has no one depth and dimension
    siblings = points[points["training_id"] == picked["training_id"]]
    models = schemes_to_show(siblings, model)
    timed = [BASELINE, *(p.row["model"] for p in chosen.values())]
    own_labels = _where(tables["labels"], "point", [picked["point"]])
    trainings = _where(tables["trainings"], "taxonomy", [taxonomy])
    members = _where(tables["members"], "point", list(points["point"]))
    together = (ensembles(points, members, rule, taxonomy),) if len(members) else ()
    return (
        front,
        *together,
        depth(repeats, rule, taxonomy),
        squeeze(points, rule, taxonomy),
        clipping(points, rule, taxonomy),
        refining(points, rule, taxonomy),
        weights(_where(tables["layers"], "model", models), model, taxonomy),
        surface_figure(_where(tables["surface"], "model", [model]), picked, own_labels, taxonomy),
        reliability_figure(_where(tables["reliability"], "model", [model]), taxonomy),
        labels_figure(own_labels, taxonomy),
        training_figure(trainings, picked, taxonomy),
        latency_figure(_where(tables["latency"], "model", timed), chosen, taxonomy),
    )


def _story(points: pd.DataFrame, tables: dict[str, pa.Table], run_folder: Path, most: int) -> Story:
    first = points.iloc[0]
    chosen = picks(points)
    labels = tables["labels"]
    some = _where(labels, "point", list(points["point"].unique())) if labels.num_rows else None
    return Story(
        name=first["taxonomy"],
        title=words.NAMES.get(first["taxonomy"], first["taxonomy"]),
        labels=0 if some is None else int(some["label"].nunique()),
        points=len(points),
        trainings=int(points.loc[points["family"] != ENSEMBLE, "training_id"].nunique()),
        models=int(points["model"].nunique()),
        cards=pick_cards(chosen, run_folder),
        columns=COLUMNS,
        front=front_table(front_rows(points), chosen),
        figures=_figures(points, tables, chosen, most),
    )


def _script_safe(value: Any) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _render(context: dict[str, Any]) -> str:
    here = files("emoray.tables.report")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(here.joinpath("template.html").read_text("utf-8"))
    return template.render(
        **context,
        words=words,
        style=here.joinpath("style.css").read_text("utf-8"),
        script=here.joinpath("script.js").read_text("utf-8"),
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


def _context(run_folder: Path, most: int) -> dict[str, Any]:
    """What the template says; the PNGs are written on the way."""
    tables = {name: _table(run_folder, name) for name in TABLES}
    points = tables["points"].to_pandas()
    kinds = list(points.groupby(["corpus", "taxonomy"], sort=False).indices.items())
    share = max(most // max(len(kinds), 1), 200)
    stories = [_story(points.iloc[rows], tables, run_folder, share) for _, rows in kinds]
    specs = {}
    for story in stories:
        for figure in story.figures:
            panels = specs_of(figure)
            for k, spec in enumerate(panels):
                specs[f"{figure.name}-{k}"] = on_page(spec, figure.title)
            if panels:
                save_png(figure, panels, run_folder / "figures")
    return {
        "run": run_folder.name,
        "runs": tables["runs"].to_pandas().to_dict("records"),
        "failures": tables["failures"].to_pandas().to_dict("records"),
        "corpora": sorted(points["corpus"].unique()),
        "stories": stories,
        "specs": _script_safe(specs),
    }


def draw_run(run: Place) -> Place:
    """Draw a run's report wherever the run lies; returns where the report lies."""
    with landing(run) as folder:
        if not table_path(folder, "points").is_file():
            gather(run, folder)
        return run / write_report(folder).name


def write_report(run_folder: Path, *, most: int = MOST) -> Path:
    """Draw the run's tables: `report.html` and `figures/*.png`, with about `most` dots at most.

    A run that was stopped before its tables were merged is drawn as far as it came.
    """
    run_folder = Path(run_folder)
    if not table_path(run_folder, "points").is_file():
        if not part_files(run_folder, "points"):
            raise ValueError(
                f"a run's folder holds points.parquet or parts of it, got {run_folder} with "
                "neither: name the folder of a sweep, or run the sweep first"
            )
        compact(run_folder)
    drawing = _drawing_code()
    context = _context(run_folder, most)
    code = drawing.result().replace("</script", "<\\/script")
    return _write(_render(context | {"drawing": code}), run_folder / "report.html")
