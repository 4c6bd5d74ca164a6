"""Which labels the picked row is good at."""

import altair as alt
import numpy as np
import pandas as pd

from emoray.metrics.bootstrap import symmetric_interval, usual_weights
from emoray.metrics.resampled import resampled
from emoray.report.source import ReportSource
from emoray.report.style import BLUE, ORANGE, ReportFigure, csv_of
from emoray.tables.predictions import kept_predictions, label_names

TITLE = "Label by label"


def with_intervals(labels: pd.DataFrame, picked: pd.Series, source: ReportSource) -> pd.DataFrame:
    """Add 95 % intervals of F1 over test texts where the row's predictions are kept.

    A bootstrap stratified by rarest label, as for every other interval.

    Args:
        labels: rows of `labels` of one point.
        picked: its row of `points`.
        source: the tables of the page.

    Returns:
        `labels` with columns `low` and `high`, NaN where no predictions are kept.
    """
    nothing = labels.assign(low=np.nan, high=np.nan)
    model = picked["model"]
    kept = kept_predictions(lambda name: source.where(name, "model", [model]), model)
    if kept is None or labels.empty:
        return nothing
    truth_NK, logits_NK = kept
    names = label_names(source.whole, picked["taxonomy"])
    if set(names) != set(labels["label"]):
        return nothing
    cut = labels.set_index("label")["cut"]
    cuts_1K = np.array([[cut[name] for name in names]])
    drawn = resampled((logits_NK, cuts_1K), truth_NK, usual_weights(truth_NK))
    low_K, high_K = symmetric_interval(drawn.scores.f1_RK[0], drawn.label_deviation()[0])
    ends = pd.DataFrame({"low": np.clip(low_K, 0, 1), "high": np.clip(high_K, 0, 1)}, index=names)
    return labels.join(ends, on="label")


def labels_figure(labels: pd.DataFrame, prefix: str) -> ReportFigure:
    """Draw F1 as bars, support as numbers, thresholds as ticks, best label first."""
    name = f"{prefix}-labels"
    if labels.empty:
        missing = "Labels are recorded for fitted threshold rules; the picked row has none."
        return ReportFigure(name=name, title=TITLE, missing=missing)
    shown = labels.drop(columns="point").sort_values(["f1", "label"], ascending=[False, True])
    shown = shown.assign(label=shown["label"] + shown["support"].map(" ({:,})".format))
    order = list(shown["label"])
    known = bool(shown["low"].notna().all())
    y = alt.Y(
        "label:N", sort=order, title=None, axis=alt.Axis(grid=False, ticks=False, domain=False)
    )
    unit = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X(
        "f1:Q", title="F1 on test (bar) · threshold (tick)", scale=unit, axis=alt.Axis(tickCount=6)
    )
    tooltip = [
        alt.Tooltip("label:N"),
        alt.Tooltip("f1:Q", title="F1", format=".3f"),
        *([alt.Tooltip("low:Q", format=".3f"), alt.Tooltip("high:Q", format=".3f")] * known),
        alt.Tooltip("precision:Q", format=".3f"),
        alt.Tooltip("recall:Q", format=".3f"),
        alt.Tooltip("support:Q", title="support", format=",d"),
        alt.Tooltip("threshold:Q", format=".3f"),
        alt.Tooltip("ece:Q", title="ECE", format=".4f"),
    ]
    base = alt.Chart(csv_of(shown)).encode(y=y)
    bars = base.mark_bar(color=BLUE, opacity=0.85, height={"band": 0.68}, cornerRadiusEnd=2)
    bars = bars.encode(x=x, tooltip=tooltip)
    ticks = base.mark_tick(color=ORANGE, thickness=2.5, height={"band": 0.9}).encode(
        x=alt.X("threshold:Q", scale=unit), tooltip=tooltip
    )
    rare = shown[shown["support"] < 100]
    worst = labels.sort_values(["f1", "label"], ascending=[False, True]).iloc[-1]
    caption = (
        f"Blue bars: F1 on test of each label; orange ticks: the probability from which the row "
        f"gives it; "
        f"in brackets: test texts that carry it. Lowest: {worst['label']} ({worst['f1']:.2f}, n = "
        f"{worst['support']:,})."
    )
    if len(rare):
        few = f"{len(rare)} of {len(shown)} labels have fewer than 100 test texts"
        caption += f" {few}: their F1 is uncertain."
    layers = [bars, ticks]
    if known:
        whiskers = base.mark_rule(style="ink", strokeWidth=1.4)
        layers.insert(1, whiskers.encode(x=alt.X("low:Q", scale=unit), x2="high:Q"))
        caption += " Thin lines: 95 % bootstrap intervals of F1 over test texts."
    panel = alt.layer(*layers).properties(height=max(22 * len(shown), 110))
    return ReportFigure(name=name, title=TITLE, caption=caption, panels=(panel,))
