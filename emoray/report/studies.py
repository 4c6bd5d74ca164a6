"""A joint search as it went: its trials in order, and which of its parameters mattered."""

from collections.abc import Iterator

import altair as alt
import pandas as pd
import pyarrow as pa

from emoray.console.wording import count
from emoray.report.style import BLUE, ORANGE, ReportFigure, csv_of

HISTORY, IMPORTANCE = "How the search went", "Which parameters mattered"
COVERED = "How fast the front grew"
OBJECTIVES = {"dev_macro_f1": "macro-F1 on dev", "size_bytes": "bytes"}
MOST = 12  # parameters of an objective


def _history(trials: pd.DataFrame, name: str) -> ReportFigure:
    """Dev macro-F1 of every trial, and the best so far."""
    done = trials[trials["dev_macro_f1"].notna()].sort_values("trial")
    best = done.assign(dev_macro_f1=done["dev_macro_f1"].cummax())
    x = alt.X("trial:Q", title="trial", axis=alt.Axis(tickMinStep=1, grid=False))
    y = alt.Y("dev_macro_f1:Q", title="macro-F1 on dev", scale=alt.Scale(zero=False))
    tooltip = [
        alt.Tooltip("trial:Q"),
        alt.Tooltip("dev_macro_f1:Q", title="dev macro-F1", format=".4f"),
        alt.Tooltip("size_bytes:Q", title="bytes", format=",d"),
        alt.Tooltip("parameters:N"),
    ]
    columns = ["trial", "dev_macro_f1", "size_bytes", "parameters"]
    dots = alt.Chart(csv_of(done[columns])).mark_circle(color=BLUE, opacity=0.75, size=46)
    line = alt.Chart(csv_of(best[["trial", "dev_macro_f1"]])).mark_line(
        color=ORANGE, interpolate="step-after", strokeWidth=1.8
    )
    top = done.loc[done["dev_macro_f1"].idxmax()]
    failed = len(trials) - len(done)
    caption = (
        f"Each dot is a trial in the order asked for; the line is the best score so far: "
        f"{top['dev_macro_f1']:.4f}, reached by trial {top['trial']} of {len(trials)}."
    )
    if failed:
        caption += f" {count(failed, 'trial')} failed."
    caption += (
        " The search had other objectives too: trials that score less may have been tried for them."
    )
    panel = alt.layer(line.encode(x=x, y=y), dots.encode(x=x, y=y, tooltip=tooltip))
    return ReportFigure(
        name=f"{name}-history",
        title=HISTORY,
        caption=caption,
        panels=(panel.properties(height=270),),
    )


def _covered(trials: pd.DataFrame, name: str) -> ReportFigure:
    """The hypervolume after every trial."""
    known = trials[trials["hypervolume"].notna()].sort_values("trial")
    last = float(known["hypervolume"].iloc[-1])
    near = int(known.loc[known["hypervolume"] >= 0.95 * last, "trial"].iloc[0])
    x = alt.X("trial:Q", title="trial", axis=alt.Axis(tickMinStep=1, grid=False))
    y = alt.Y("hypervolume:Q", title="hypervolume", scale=alt.Scale(domain=[0, 1], nice=False))
    tooltip = [alt.Tooltip("trial:Q"), alt.Tooltip("hypervolume:Q", format=".4f")]
    line = alt.Chart(csv_of(known[["trial", "hypervolume"]])).mark_line(
        color=BLUE, interpolate="step-after", strokeWidth=1.8
    )
    caption = (
        "The share of the box between the worst and the best value of each objective that the "
        f"trials so far dominate, sizes as logarithms: {last:.3f} at the end, 95 % of it by trial "
        f"{near} of {len(trials)}. Where the line is flat, more trials found nothing."
    )
    panel = line.encode(x=x, y=y, tooltip=tooltip).properties(height=200)
    return ReportFigure(name=f"{name}-hypervolume", title=COVERED, caption=caption, panels=(panel,))


def _bars(shares: pd.DataFrame, title: str) -> alt.Chart:
    shares = shares.sort_values("importance", ascending=False).head(MOST)
    y = alt.Y("parameter:N", sort=list(shares["parameter"]), title=None, axis=alt.Axis(grid=False))
    x = alt.X(
        "importance:Q", title="share of the variance", scale=alt.Scale(domain=[0, 1], nice=False)
    )
    bars = alt.Chart(csv_of(shares[["parameter", "importance"]])).mark_bar(color=BLUE, opacity=0.85)
    tooltip = [alt.Tooltip("parameter:N"), alt.Tooltip("importance:Q", format=".3f")]
    return bars.encode(x=x, y=y, tooltip=tooltip).properties(
        height=max(22 * len(shares), 90), title=title
    )


def _importance(importances: pd.DataFrame, name: str) -> ReportFigure:
    """A bar for each parameter, side by side for each objective."""
    found = list(dict.fromkeys(importances["objective"]))
    panels = tuple(
        _bars(importances[importances["objective"] == o], OBJECTIVES.get(o, o)) for o in found
    )
    trials = int(importances["trials"].max())
    caption = (
        f"How much of each objective's variance over {trials} trials one parameter accounts for "
        "(by a random forest; Breiman 2001). Only parameters that every trial has are counted."
    )
    if trials < 30:
        caption += " Of so few trials this is a guess."
    return ReportFigure(
        name=f"{name}-importance", title=IMPORTANCE, caption=caption, panels=panels, columns=2
    )


def study_figures(study: pa.Table, importances: pa.Table, name: str) -> Iterator[ReportFigure]:
    """History, hypervolume and importance; none of a run that was no joint search."""
    trials = study.to_pandas()
    trials = trials[trials["warm_start"].fillna("") == ""]
    if trials["dev_macro_f1"].notna().any():
        yield _history(trials, name)
    if trials["hypervolume"].notna().any():
        yield _covered(trials, name)
    if importances.num_rows:
        yield _importance(importances.to_pandas(), name)
