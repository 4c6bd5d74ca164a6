"""What the page says of one taxonomy: its picks, its explorer, its front and its figures."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoray.tables import words
from emoray.tables.baselines import Beside, searched
from emoray.tables.front import BASELINE as BASELINES
from emoray.tables.front import Pick, picks
from emoray.tables.report.cards import COLUMNS, Column, columns_of, front_table, pick_cards
from emoray.tables.report.clipping import clipping
from emoray.tables.report.decision import reliability_figure, surface_figure
from emoray.tables.report.depth import depth
from emoray.tables.report.ensembles import ENSEMBLE, ensembles
from emoray.tables.report.explorer import explorer
from emoray.tables.report.labels import labels_figure, with_intervals
from emoray.tables.report.latency import BASELINE, latency_figure
from emoray.tables.report.look import Figure
from emoray.tables.report.refining import refining
from emoray.tables.report.seeds import with_seeds
from emoray.tables.report.squeeze import squeeze
from emoray.tables.report.studies import study_figures
from emoray.tables.report.thinning import thin
from emoray.tables.report.tradeoff import front_rows, tradeoff
from emoray.tables.report.training import training_figure
from emoray.tables.report.weights import schemes_to_show, weights

# Tables that are drawn from, besides `points`.
NEEDED = (
    *("repeats", "labels", "layers", "surface", "reliability", "trainings", "members", "latency"),
    *("comparisons", "label_changes", "predictions", "study", "importances"),
)
DETAILS_BYTES = 2_000_000  # of all taxonomies together, for what cards say label by label


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the page says of one taxonomy. Without a scored row there is neither front nor figure.

    front: the figure that is explored on the page and a picture elsewhere; explorer: its data;
    beside: the baselines.
    """

    name: str
    corpus: str
    title: str
    labels: int
    points: int
    trainings: int
    models: int
    cards: list[dict[str, Any]]
    columns: tuple[Column, ...]
    rows: list[dict[str, Any]]
    front: Figure | None
    explorer: dict[str, Any] | None
    figures: tuple[Figure, ...]
    beside: Beside | None = None

    @property
    def untold(self) -> str:
        """The figures that this run has nothing for, and why, in one line."""
        told = [f"{figure.title}: {figure.missing}" for figure in self.figures if figure.missing]
        return f"Not drawn. {' '.join(told)}" if told else ""


def _where(table: pa.Table, column: str, values: list[Any]) -> pd.DataFrame:
    kept = pc.is_in(table.column(column), pa.array(values, table.schema.field(column).type))
    return table.filter(kept).to_pandas()


def _figures(
    points: pd.DataFrame, tables: dict[str, pa.Table], chosen: dict[str, Pick], name: str
) -> tuple[Figure, ...]:
    """All figures but the front; the details are those of the smallest row within 1 point."""
    taxonomy = name
    picked = chosen["smallest within 1 point"].row
    rule, model = picked["threshold_rule"], picked["model"]
    repeats = _where(tables["repeats"], "taxonomy", [picked["taxonomy"]])
    repeats = repeats[repeats["corpus"] == picked["corpus"]]
    repeats = repeats[~repeats["family"].isin([ENSEMBLE, BASELINES])]  # of no depth and dimension
    siblings = points[points["training_id"] == picked["training_id"]]
    models = schemes_to_show(siblings, model)
    timed = [BASELINE, *(p.row["model"] for p in chosen.values())]
    own_labels = _where(tables["labels"], "point", [picked["point"]])
    trainings = _where(tables["trainings"], "training_id", list(points["training_id"].unique()))
    members = _where(tables["members"], "point", list(points["point"]))
    together = (ensembles(points, members, rule, taxonomy),) if len(members) else ()
    return (
        *together,
        *study_figures(tables["study"], tables["importances"], taxonomy),
        depth(repeats, rule, taxonomy),
        squeeze(points, rule, taxonomy),
        clipping(points, rule, taxonomy),
        refining(points, rule, taxonomy),
        weights(_where(tables["layers"], "model", models), model, taxonomy),
        surface_figure(_where(tables["surface"], "model", [model]), picked, own_labels, taxonomy),
        reliability_figure(
            _where(tables["reliability"], "model", [model]), taxonomy, ships=picked["temperature"]
        ),
        labels_figure(with_intervals(own_labels, picked, tables), taxonomy),
        training_figure(trainings, picked, taxonomy),
        latency_figure(_where(tables["latency"], "model", timed), chosen, taxonomy),
    )


def baselines(points: pd.DataFrame) -> pd.DataFrame:
    """The rows that are drawn as marks to beat, never as rows of the search."""
    return points[(points["family"] == BASELINES) & points["test_macro_f1"].notna()]


def story_of(
    points: pd.DataFrame,
    tables: dict[str, pa.Table],
    name: str,
    *,
    most: int,
    budget: int,
    wanted: Collection[str] = (),
) -> Story:
    """points: all of one corpus and taxonomy. name: of this story on its page. most: dots to draw,
    `wanted` among them; budget: bytes of label tables."""
    first = points.iloc[0]
    compared_with = Beside.of(points)
    beside, points = baselines(points), searched(points)
    points = with_seeds(points, tables["repeats"].to_pandas())
    chosen = picks(points)
    labels = tables["labels"]
    own = pc.is_in(labels.column("point"), pa.array(points["point"].unique(), pa.string()))
    told = Story(
        name=name,
        title=words.NAMES.get(first["taxonomy"], first["taxonomy"]),
        corpus=first["corpus"],
        labels=pc.count_distinct(labels.column("label").filter(own)).as_py(),
        points=int(points["point"].nunique()),
        trainings=int(points.loc[points["family"] != ENSEMBLE, "training_id"].nunique()),
        models=int(points["model"].nunique()),
        cards=pick_cards(chosen),
        columns=COLUMNS,
        rows=[],
        front=None,
        explorer=None,
        figures=(),
        beside=compared_with,
    )
    if not chosen:
        return told
    front = front_rows(points)
    asked = {*wanted, *front["point"], *(pick.row["point"] for pick in chosen.values())}
    drawn, left_out = thin(points[points["test_macro_f1"].notna()], most, asked)
    ids = list(drawn["point"])
    details = {
        "labels": _where(labels, "point", ids),
        "label_changes": _where(tables["label_changes"], "after", ids),
        "comparisons": _where(tables["comparisons"], "after", ids),
    }
    return replace(
        told,
        columns=columns_of(front),
        rows=front_table(front, chosen),
        front=tradeoff(drawn, front, chosen, told.name, left_out, beside),
        explorer=explorer(
            drawn, front, chosen, details, beside, name=name, of=len(points), budget=budget
        ),
        figures=_figures(points, tables, chosen, name),
    )
