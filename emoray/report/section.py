"""A taxonomy's section of the page: its picks, its explorer, its front and its figures."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from emoray.console import wording
from emoray.report.cards import COLUMNS, FrontColumn, front_columns, front_table, pick_cards
from emoray.report.clipping import clipping
from emoray.report.compression import compression_figure
from emoray.report.decision import reliability_figure, surface_figure
from emoray.report.depth import depth
from emoray.report.ensembles import ENSEMBLE, ensembles
from emoray.report.explorer import explorer
from emoray.report.labels import labels_figure, with_intervals
from emoray.report.latency import BASELINE, latency_figure
from emoray.report.qat import qat_figure
from emoray.report.seeds import with_seeds
from emoray.report.shots import chosen_rows, shots_figure
from emoray.report.source import ReportSource
from emoray.report.studies import study_figures
from emoray.report.style import ReportFigure
from emoray.report.taxonomies import taxonomies_figure
from emoray.report.thinning import thin
from emoray.report.tradeoff import front_rows, tradeoff
from emoray.report.training import training_figure
from emoray.report.weights import schemes_to_show, weights
from emoray.tables.baselines import BaselineComparison, without_baselines
from emoray.tables.coded import as_text, coded
from emoray.tables.front import BASELINE as BASELINES
from emoray.tables.front import Pick, may_stand, on_front, picks

# Tables that are drawn from, besides `points`.
NEEDED = (
    *("repeats", "labels", "layers", "surface", "reliability", "trainings", "members", "latency"),
    *("comparisons", "label_changes", "predictions", "study", "importances"),
    "taxonomy_comparisons",
)
DETAILS_BYTES = 2_000_000  # of all taxonomies together, for what cards show label by label


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonomySection:
    """A taxonomy's section of the page. Without a scored row there is neither front nor figure.

    Attributes:
        front: the figure that is explored on the page and a picture elsewhere.
        explorer: its data.
        baselines: compared with the best row on dev.
    """

    name: str
    corpus: str
    title: str
    labels: int
    points: int
    trainings: int
    models: int
    cards: list[dict[str, Any]]
    columns: tuple[FrontColumn, ...]
    rows: list[dict[str, Any]]
    front: ReportFigure | None
    explorer: dict[str, Any] | None
    figures: tuple[ReportFigure, ...]
    baselines: BaselineComparison | None = None

    @property
    def not_drawn(self) -> str:
        """The figures that this run has nothing for, and why, in one line."""
        why = [f"{figure.title}: {figure.missing}" for figure in self.figures if figure.missing]
        return f"Not drawn. {' '.join(why)}" if why else ""


def _where(source: ReportSource, table: str, column: str, values: Collection[Any]) -> pd.DataFrame:
    return source.where(table, column, values).to_pandas()


def _stored(row: pd.Series) -> str:
    """Id of the model itself, whose tensors and times a derived row has too."""
    return str(row["derived_from"] or row["model"])


def stored_models(points: pd.DataFrame) -> pd.DataFrame:
    """Rows with the model itself in place of what decides on it in a coarser taxonomy."""
    own = points["derived_from"] == ""
    return points.assign(model=points["model"].where(own, points["derived_from"]))


def _figures(
    points: pd.DataFrame, source: ReportSource, chosen: dict[str, Pick], name: str
) -> tuple[ReportFigure, ...]:
    """Draw all figures but the front, the details for the smallest row within 1 point.

    Args:
        points: the columns `SEEN` of all points.
        source: the tables of the page.
        chosen: the picks.
        name: of the section, prefix of the figures' names.

    Returns:
        The figures in the page's order; one without data says so in `missing`.
    """
    taxonomy = name
    picked = chosen["smallest within 1 point"].row
    rule, model = picked["threshold_rule"], picked["model"]
    repeats = coded([source.where("repeats", "taxonomy", [picked["taxonomy"]])])
    repeats = repeats[repeats["corpus"] == picked["corpus"]]
    repeats = repeats[~repeats["family"].isin([ENSEMBLE, BASELINES])]  # of no depth and dimension
    siblings = stored_models(as_text(points[points["training_id"] == picked["training_id"]]))
    same_rule = as_text(points[points["threshold_rule"] == rule])
    stored = _stored(picked)
    models = schemes_to_show(siblings, stored)
    timed_picks = {
        name: replace(pick, row=pick.row.where(pick.row.index != "model", _stored(pick.row)))
        for name, pick in chosen.items()
    }
    timed = [BASELINE, *(pick.row["model"] for pick in timed_picks.values())]
    own_labels = _where(source, "labels", "point", [picked["point"]])
    trainings = _where(source, "trainings", "training_id", list(points["training_id"].unique()))
    combined = list(points.loc[points["family"] == ENSEMBLE, "point"])
    members = _where(source, "members", "point", combined)
    together: tuple[ReportFigure, ...] = ()
    if len(members):
        together = (ensembles(source.rows_of(combined), members, rule, taxonomy),)
    few = chosen_rows(as_text(points[points["shots"] > 0]), rule)
    drawn: tuple[ReportFigure, ...] = ()
    if few:
        by_label = _where(source, "labels", "point", few)
        drawn = (shots_figure(source.rows_of(few), by_label, rule, taxonomy),)
    beside = source.whole("taxonomy_comparisons").to_pandas()
    compared: tuple[ReportFigure, ...] = ()
    if (beside["taxonomy"] == picked["taxonomy"]).any():
        compared = (taxonomies_figure(beside, picked["taxonomy"], taxonomy),)
    return (
        *compared,
        *together,
        *drawn,
        *study_figures(source.whole("study"), source.whole("importances"), taxonomy),
        depth(repeats, rule, taxonomy),
        compression_figure(same_rule, rule, taxonomy),
        clipping(same_rule, rule, taxonomy),
        qat_figure(same_rule, rule, taxonomy),
        weights(_where(source, "layers", "model", models), stored, taxonomy),
        surface_figure(_where(source, "surface", "model", [model]), picked, own_labels, taxonomy),
        reliability_figure(
            _where(source, "reliability", "model", [model]), taxonomy, ships=picked["temperature"]
        ),
        labels_figure(with_intervals(own_labels, picked, source), taxonomy),
        training_figure(trainings, picked, taxonomy),
        latency_figure(_where(source, "latency", "model", timed), timed_picks, taxonomy),
    )


def baselines(points: pd.DataFrame) -> pd.DataFrame:
    """The rows that are drawn as marks to beat, never as rows of the search."""
    return points[(points["family"] == BASELINES) & points["test_macro_f1"].notna()]


def _baselines(
    points: pd.DataFrame, source: ReportSource
) -> tuple[BaselineComparison, pd.DataFrame]:
    """The baselines with the best row on dev, and those of them that can be drawn."""
    allowed = points.loc[may_stand(points), "dev_macro_f1"]
    best = allowed.index[allowed == allowed.max()]
    own = points.index[points["family"] == BASELINES]
    rows = source.rows_of(list(points.loc[own.union(best, sort=False), "point"]))
    return BaselineComparison.of(rows), baselines(rows)


def taxonomy_section(
    points: pd.DataFrame,
    source: ReportSource,
    name: str,
    *,
    most: int,
    budget: int,
    wanted: Collection[str] = (),
) -> TaxonomySection:
    """Make a taxonomy's section of the page.

    Args:
        points: the columns `SEEN` of all points of one corpus and taxonomy.
        source: the tables of the page.
        name: of this section on its page.
        most: dots to draw, `wanted` among them.
        budget: bytes of label tables.
        wanted: ids of points that are drawn in any case.

    Returns:
        The section; without figures where no row has a score.
    """
    first = points.iloc[0]
    comparison, drawn_baselines = _baselines(points, source)
    points = without_baselines(points)

    def whole(ids: Sequence[str]) -> pd.DataFrame:
        rows = source.rows_of(ids)
        return with_seeds(rows, _where(source, "repeats", "recipe", rows["recipe"].unique()))

    stands = on_front(points) | points["on_front"].to_numpy(bool)
    standing = whole(list(points.loc[stands, "point"]))
    chosen = picks(standing)
    front = front_rows(standing)
    asked = {*wanted, *front["point"], *(pick.row["point"] for pick in chosen.values())}
    drawn, left_out = points.head(0), ""
    if chosen:
        drawn, left_out = thin(points[points["test_macro_f1"].notna()], most, asked)
    ids = list(drawn["point"] if chosen else points["point"].head(most))
    labels = _where(source, "labels", "point", ids)
    section = TaxonomySection(
        name=name,
        title=wording.NAMES.get(first["taxonomy"], first["taxonomy"]),
        corpus=first["corpus"],
        labels=labels["label"].nunique(),
        points=int(points["point"].nunique()),
        trainings=int(points.loc[points["family"] != ENSEMBLE, "training_id"].nunique()),
        models=int(points["model"].nunique()),
        cards=pick_cards(chosen),
        columns=COLUMNS,
        rows=[],
        front=None,
        explorer=None,
        figures=(),
        baselines=comparison,
    )
    if not chosen:
        return section
    details = {
        "labels": labels,
        "label_changes": _where(source, "label_changes", "after", ids),
        "comparisons": _where(source, "comparisons", "after", ids),
    }
    drawn = whole(ids)
    return replace(
        section,
        columns=front_columns(front),
        rows=front_table(front, chosen),
        front=tradeoff(drawn, front, chosen, section.name, left_out, drawn_baselines),
        explorer=explorer(
            drawn,
            front,
            chosen,
            details,
            drawn_baselines,
            name=name,
            of=len(points),
            budget=budget,
        ),
        figures=_figures(points, source, chosen, name),
    )
