"""The page of a watched log: alarms first, then every measure over time."""

from collections.abc import Sequence
from pathlib import Path

import altair as alt
import pandas as pd

from emoray.report.job_page import JobPage, PageCell, PageColumn, PageTable, write_job_page
from emoray.report.style import BLUE, GREY, ORANGE, ReportFigure, csv_of

TITLES = {
    "positive_share": "Share of positives",
    "mean_probability": "Mean probability",
    "expected_f1": "Expected F1",
    "expected_precision": "Expected precision",
    "expected_recall": "Expected recall",
    "logit_ks": "Distance of the logits' distribution",
    "f1": "Earned F1",
    "expected_macro_f1": "expected macro-F1",
    "macro_f1": "earned macro-F1",
    "unknown_share": "share of unknown words",
    "truncated_share": "share of truncated texts",
    "label_mix": "labels' mix that moved",
    "characters_ks": "distance of lengths",
    "milliseconds_ks": "distance of latencies",
    "characters_mean": "mean characters",
    "milliseconds_mean": "mean milliseconds",
    "ece": "calibration error",
}
BY_LABEL = ("positive_share", "mean_probability", "expected_f1", "logit_ks", "f1")
WHOLE = ("positive_share", "expected_f1")  # drawn of every label, others where most is told
FEW = 9  # panels of the others
ACROSS = 3  # panels beside each other
HEIGHT = 70
NO_LABEL = "all texts"
LEGEND = "Blue: each window, with its 95 % interval where it has one. Dashed: the reference"


def _series(rows: pd.DataFrame, title: str) -> alt.LayerChart:
    """One measure over the windows: value, interval, reference, alarms as dots."""
    base = alt.Chart(csv_of(rows))
    x = alt.X("window:Q", title=None, axis=alt.Axis(tickMinStep=1, format="d", tickCount=4))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=3))
    tooltip = [
        alt.Tooltip("window:Q", format="d"),
        alt.Tooltip("begins:N"),
        alt.Tooltip("value:Q", format=".4f"),
        alt.Tooltip("texts:Q", format=",d"),
    ]
    layers: list[alt.Chart] = []
    if rows["low"].notna().any():
        band = base.mark_area(color=BLUE, opacity=0.18)
        layers.append(band.encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q"))
    if rows["reference"].notna().any():
        line = base.mark_line(color=GREY, strokeDash=[4, 3])
        layers.append(line.encode(x=x, y=alt.Y("reference:Q", title=None)))
    layers.append(base.mark_line(color=BLUE, strokeWidth=1.4).encode(x=x, y=y))
    layers.append(
        base.mark_circle(color=BLUE, size=16, opacity=1).encode(x=x, y=y, tooltip=tooltip)
    )
    if rows["alarm"].any():
        told = alt.Chart(csv_of(rows[rows["alarm"]])).mark_circle(color=ORANGE, size=70, opacity=1)
        layers.append(told.encode(x=x, y=y, tooltip=tooltip))
    return alt.layer(*layers).properties(title=title, height=HEIGHT)


def _panels(rows: pd.DataFrame, by: str, order: Sequence[str]) -> tuple[alt.LayerChart, ...]:
    kept = ["window", "begins", "value", "low", "high", "reference", "texts", "alarm"]
    return tuple(_series(rows.loc[rows[by] == name, kept], name) for name in order)


def _figure(rows: pd.DataFrame, measure: str) -> ReportFigure:
    told = rows.groupby("label").agg({"alarm": "any", "log10_e": "max"})
    order = told.sort_values(["alarm", "log10_e"], ascending=False).index.tolist()
    shown = order if measure in WHOLE else order[: max(FEW, int(told["alarm"].sum()))]
    rest = "" if len(shown) == len(order) else f" {len(order) - len(shown)} labels are not drawn."
    return ReportFigure(
        name=measure.replace("_", "-"),
        title=f"{TITLES[measure]}, label by label",
        caption=f"{LEGEND}. Orange: an alarm. Labels with the strongest evidence come first; each "
        f"panel has a scale of its own.{rest}",
        panels=_panels(rows, "label", shown),
        columns=ACROSS,
    )


def _texts_figure(rows: pd.DataFrame) -> ReportFigure:
    told = rows.groupby("measure")["alarm"].any()
    order = [m for m in TITLES if m in told.index]
    order.sort(key=lambda measure: not told[measure])
    return ReportFigure(
        name="all-texts",
        title="All texts",
        caption=f"{LEGEND}; of earned macro-F1 what was expected of the same texts. Orange: an "
        "alarm.",
        panels=_panels(
            rows.assign(named=rows["measure"].map(TITLES)), "named", [TITLES[m] for m in order]
        ),
        columns=ACROSS,
    )


def _cell(value: float | None, form: str = ".4f") -> PageCell:
    if value is None or pd.isna(value):
        return PageCell(shown="", key="")
    return PageCell(shown=format(value, form), key=float(value))


def _alarm_table(alarms: Sequence[tuple[str, ...]]) -> PageTable:
    heads = ("measure", "label", "since", "first told", "state", "reference", "change", "margin")
    numbers = {"first told", "reference", "change", "margin"}
    rows = []
    for measure, label, since, first, state, reference, change, margin in alarms:
        words = [TITLES[measure], label or NO_LABEL, since]
        cells = [PageCell(shown=word, key=word) for word in words]
        cells += [PageCell(shown=f"window {first}", key=float(first))]
        cells += [PageCell(shown=state, key=state)]
        cells += [
            _cell(None if not text else float(text), form)
            for text, form in ((reference, ".4f"), (change, "+.4f"), (margin, ".4f"))
        ]
        rows.append(tuple(cells))
    return PageTable(
        name="alarms",
        title="Alarms",
        columns=tuple(PageColumn(title=head, number=head in numbers) for head in heads),
        rows=tuple(rows),
        hint="Beyond chance, all labels, measures, windows and looks counted in, and beyond the "
        "margin.",
    )


def _last_table(rows: pd.DataFrame) -> PageTable:
    heads = ("label", "measure", "value", "low", "high", "reference", "change", "evidence")
    last = rows[rows["window"] == rows["window"].max()]
    cells = []
    for row in last.itertuples():
        named = row.label or NO_LABEL
        cells.append(
            (
                PageCell(shown=named, key=named),
                PageCell(shown=TITLES[row.measure], key=TITLES[row.measure]),
                _cell(row.value),
                _cell(row.low),
                _cell(row.high),
                _cell(row.reference),
                _cell(row.change, "+.4f"),
                _cell(row.log10_e, ".1f"),
            )
        )
    return PageTable(
        name="last-window",
        title="The last window",
        columns=tuple(PageColumn(title=head, number=i > 1) for i, head in enumerate(heads)),
        rows=tuple(cells),
        hint="Change: of the stretch with the strongest evidence. Evidence: decimal logarithm of "
        "its e-value.",
    )


def draw_drift(
    rows: pd.DataFrame,
    path: Path,
    *,
    title: str,
    result: str,
    sentences: Sequence[str],
    alarms: Sequence[tuple[str, ...]],
    facts: Sequence[tuple[str, str]],
    warnings: Sequence[str],
) -> Path:
    """Write the page.

    Args:
        rows: of `drift`.
        path: of the page, local.
        title: of the page.
        result: in a sentence.
        sentences: that follow, the strongest alarms.
        alarms: measure, label, since, first window, state, reference, change and margin of each,
            as text.
        facts: names and values of what it rests on.
        warnings: that put the result in doubt.

    Returns:
        The path.
    """
    of_labels = rows[rows["label"] != ""]
    figures = [_texts_figure(rows[rows["label"] == ""])]
    for measure in BY_LABEL:
        some = of_labels[of_labels["measure"] == measure]
        if len(some):
            figures.append(_figure(some, measure))
    page = JobPage(
        kicker="drift of a log",
        title=title,
        result=result,
        sentences=tuple(sentences),
        warnings=tuple(warnings),
        figures=tuple(figures),
        tables=(*([_alarm_table(alarms)] if alarms else []), _last_table(rows)),
        facts=tuple(facts),
        notes=(
            "Expected precision, recall and F1 come of calibrated probabilities alone: they hold "
            "as long as those do, and do not notice that a label means something else now. Labels "
            "that came in show it: earned F1 beside the expected one",
        ),
    )
    return write_job_page(page, path)
