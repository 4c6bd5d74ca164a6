"""What a few texts a label are worth, by way of training: scores on test against shots."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from emoray.console.wording import rule
from emoray.report.style import ReportFigure, csv_of

TITLE = "A few shots of each label"
PLAIN = "nothing else"
SCORES = {"test_macro_f1": "macro-F1 on test", "average_precision": "macro average precision"}


def chosen_rows(points: pd.DataFrame, threshold_rule: str) -> list[str]:
    """One point for each training on shots: the largest scheme, under one rule, calibrated."""
    few = points[
        (points["shots"] > 0)
        & (points["threshold_rule"] == threshold_rule)
        & (points["temperature_rule"] == "fitted")
    ]
    largest = few.sort_values(["size_bytes", "point"], ascending=[False, True])
    return list(largest.drop_duplicates("training_id")["point"])


def ways(recipes: Sequence[str]) -> list[str]:
    """What each recipe has that not all have, but for its shots and its digest."""
    words = [
        [word for word in recipe.split() if not word.startswith(("shots", "#"))]
        for recipe in recipes
    ]
    shared = set.intersection(*map(set, words)) if words else set()
    return [" ".join(w for w in own if w not in shared) or PLAIN for own in words]


def shots_curve(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over seeds of each score, by way, calibration and shots.

    Args:
        rows: whole points, one a training.
        labels: their labels.

    Returns:
        A row for each score, way and number of shots.
    """
    precision = labels.groupby("point")["average_precision"].mean()
    rows = rows.assign(
        way=ways(list(rows["recipe"])),
        average_precision=rows["point"].map(precision).astype(float),
    )
    on_dev = rows["calibrated_on"] == "dev"
    if on_dev.any() and not on_dev.all():
        rows["way"] += on_dev.map({True: ", calibrated on dev", False: ""})
    # Of recipes that are called the same the one that is best on what calibrates it.
    best = rows.sort_values("dev_macro_f1", ascending=False)
    best = best.drop_duplicates(["way", "shots", "seed"])
    found = []
    for score, name in SCORES.items():
        each = best.groupby(["way", "shots"])[score].agg(["mean", "std", "size"]).reset_index()
        found.append(each.assign(score=name))
    table = pd.concat(found, ignore_index=True)
    table["std"] = table["std"].fillna(0.0)
    return table.assign(low=table["mean"] - table["std"], high=table["mean"] + table["std"])


def shots_figure(
    rows: pd.DataFrame, labels: pd.DataFrame, threshold_rule: str, prefix: str
) -> ReportFigure:
    """Draw both scores against shots, a line for each way of training."""
    table = shots_curve(rows, labels)
    names = sorted(table["way"].unique())
    there = sorted(table["shots"].unique())
    x = alt.X(
        "shots:Q",
        title="texts of each label",
        scale=alt.Scale(type="log", base=2, domain=[there[0] / 1.2, there[-1] * 1.2]),
        axis=alt.Axis(values=there, format="d", grid=False),
    )
    colour = alt.Color("way:N", title="trained with", sort=names)
    panels = []
    for score in SCORES.values():
        base = alt.Chart(csv_of(table[table["score"] == score])).encode(x=x, color=colour)
        y = alt.Y("mean:Q", title=score, scale=alt.Scale(zero=False))
        tooltip = [
            alt.Tooltip("way:N", title="trained with"),
            alt.Tooltip("shots:Q", title="texts of each label"),
            alt.Tooltip("mean:Q", title="mean", format=".4f"),
            alt.Tooltip("std:Q", title="standard deviation", format=".4f"),
            alt.Tooltip("size:Q", title="draws"),
        ]
        spread = base.mark_rule(opacity=0.5).encode(y=alt.Y("low:Q", title=score), y2="high:Q")
        line = base.mark_line(opacity=0.7).encode(y=y)
        dots = base.mark_point(style="dot", filled=True, size=80, opacity=1).encode(
            y=y, tooltip=tooltip
        )
        panels.append(alt.layer(spread, line, dots).properties(height=280))
    most = table[(table["shots"] == there[-1]) & (table["score"] == SCORES["average_precision"])]
    best = most.loc[most["mean"].idxmax()]
    caption = (
        f"Models that learned so many texts of each label, {rule(threshold_rule)}: mean over draws "
        "of texts and seeds, bars of one standard deviation. Average precision needs no threshold; "
        "F1 also shows what thresholds of so few texts cost. At "
        f"{there[-1]} texts of each label the best average precision is {best['mean']:.3f}, with "
        f"{best['way']}."
    )
    return ReportFigure(
        name=f"{prefix}-shots", title=TITLE, caption=caption, panels=tuple(panels), columns=2
    )
