"""How the trainings went."""

import altair as alt
import pandas as pd

from emoray.console.wording import count
from emoray.report.style import BLUE, GREY, ORANGE, ReportFigure, csv_of

TITLE = "Training curves"
OTHERS = 40
START = alt.Scale(zero=False, nice=False)


def _score_panel(mine: pd.DataFrame, others: pd.DataFrame) -> alt.LayerChart:
    x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, grid=False), scale=START)
    y = alt.Y("dev_macro_f1:Q", title="macro-F1 on dev, cross-fitted", scale=alt.Scale(zero=False))
    tooltip = [
        alt.Tooltip("recipe:N"),
        alt.Tooltip("seed:Q"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("dev_macro_f1:Q", title="dev macro-F1", format=".4f"),
    ]
    columns = ["training_id", "recipe", "seed", "epoch", "dev_macro_f1", "kept"]
    far = alt.Chart(csv_of(others[columns])).mark_line(color=GREY, opacity=0.45, strokeWidth=1)
    near = alt.Chart(csv_of(mine[columns])).encode(
        x=x, y=y, detail="training_id:N", tooltip=tooltip
    )
    layers = [near.mark_line(color=BLUE, strokeWidth=1.8)]
    if len(others):
        layers.insert(0, far.encode(x=x, y=y, detail="training_id:N", tooltip=tooltip))
    kept = near.mark_circle(color=BLUE, size=70, opacity=1).transform_filter("datum.kept")
    return alt.layer(*layers, kept).properties(height=270, title="Dev score")


def _loss_panel(mine: pd.DataFrame) -> alt.Chart:
    names = {"train_loss": "train", "dev_loss": "dev"}
    long = mine.rename(columns=names).melt(
        id_vars=["training_id", "seed", "epoch"],
        value_vars=list(names.values()),
        var_name="split",
        value_name="loss",
    )
    colour = alt.Color(
        "split:N",
        title=None,
        sort=["train", "dev"],
        scale=alt.Scale(domain=["train", "dev"], range=[ORANGE, BLUE]),
    )
    chart = alt.Chart(csv_of(long)).mark_line(strokeWidth=1.6, opacity=0.9)
    return chart.encode(
        x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, grid=False), scale=START),
        y=alt.Y("loss:Q", title="loss", scale=alt.Scale(zero=False)),
        color=colour,
        detail="training_id:N",
        tooltip=["split:N", "seed:Q", "epoch:Q", alt.Tooltip("loss:Q", format=".4f")],
    ).properties(height=255, title="Loss")


def training_figure(trainings: pd.DataFrame, picked: pd.Series, prefix: str) -> ReportFigure:
    """Dev score of the picked recipe's seeds over some other trainings, and the recipe's losses."""
    name = f"{prefix}-training"
    mine = trainings[trainings["recipe"] == picked["recipe"]]
    if mine.empty:
        return ReportFigure(
            name=name, title=TITLE, missing="No epochs were recorded for the picked recipe."
        )
    others = trainings[trainings["recipe"] != picked["recipe"]]
    ids = sorted(others["training_id"].unique())
    step = max(1, -(-len(ids) // OTHERS))
    some = others[others["training_id"].isin(ids[::step])]
    seeds, drawn = mine["training_id"].nunique(), some["training_id"].nunique()
    caption = (
        f"Blue: the picked recipe ({count(seeds, 'seed')}); dots: epochs whose weights were kept. "
    )
    if drawn:
        caption += f"Grey: {drawn} of {count(len(ids), 'other training')} for the same labels. "
    minutes = trainings.groupby("training_id")["wall_seconds"].sum()
    caption += f"A training took {minutes.median():.0f} s in the median."
    panels = (_score_panel(mine, some), _loss_panel(mine))
    return ReportFigure(name=name, title=TITLE, caption=caption, panels=panels, columns=2)
