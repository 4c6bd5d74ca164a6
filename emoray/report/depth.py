"""Hidden layers × embedding dimension: what a bigger model gains, with the spread over seeds."""

import altair as alt
import pandas as pd

from emoray.console.wording import rule
from emoray.report.style import RAMP, ReportFigure, csv_of

TITLE = "Layers and embedding dimension"


def cells(repeats: pd.DataFrame) -> pd.DataFrame:
    """Per layers and dimension, of the repeats with most seeds the one that is best on dev."""
    by = ["seeds", "dev_macro_f1_mean", "recipe"]
    order = repeats.sort_values(by, ascending=[False, False, True])
    return order.drop_duplicates(["embedding_dim", "layers"]).sort_values(
        ["layers", "embedding_dim"]
    )


def depth(repeats: pd.DataFrame, threshold_rule: str, prefix: str) -> ReportFigure:
    """Mean test macro-F1 ± standard deviation over seeds, by layers and dimension."""
    name = f"{prefix}-layers"
    same = repeats[repeats["threshold_rule"] == threshold_rule]
    everywhere = len(same) and len(cells(same)) == len(cells(repeats))
    if repeats.empty:
        return ReportFigure(name=name, title=TITLE, missing="No repeats over seeds to average.")
    cell = cells(same if everywhere else repeats)
    seeds, fewest = int(cell["seeds"].max()), int(cell["seeds"].min())
    mean, std = cell["test_macro_f1_mean"], cell["test_macro_f1_std"]
    cell = cell.assign(
        words=[
            f"{m:.3f}|±{s:.3f}" if n > 1 else f"{m:.3f}"
            for m, s, n in zip(mean, std, cell["seeds"], strict=True)
        ]
    )
    middle = (mean.min() + mean.max()) / 2
    x = alt.X(
        "embedding_dim:O", title="embedding dimension", axis=alt.Axis(labelAngle=0, grid=False)
    )
    y = alt.Y("layers:O", title="hidden layers", sort="descending", axis=alt.Axis(grid=False))
    low, high = float(mean.min()), float(mean.max())
    colour = alt.Color(
        "test_macro_f1_mean:Q",
        title="mean macro-F1 on test",
        scale=alt.Scale(scheme=RAMP, domain=[low - 0.25 * (high - low) - 1e-3, high + 1e-3]),
        legend=alt.Legend(format=".3f", gradientLength=180, tickCount=3),
    )
    tooltip = [
        alt.Tooltip("test_macro_f1_mean:Q", title="mean test macro-F1", format=".4f"),
        alt.Tooltip("test_macro_f1_std:Q", title="standard deviation", format=".4f"),
        alt.Tooltip("dev_macro_f1_mean:Q", title="mean dev macro-F1", format=".4f"),
        alt.Tooltip("seeds:Q", title="seeds"),
        alt.Tooltip("scheme:N", title="scheme"),
        alt.Tooltip("recipe:N", title="recipe"),
    ]
    base = alt.Chart(csv_of(cell, 6)).encode(x=x, y=y)
    squares = base.mark_rect(stroke="var(--paper)", cornerRadius=2).encode(
        color=colour, tooltip=tooltip
    )
    text = base.mark_text(fontSize=12, lineBreak="|", dy=-6 if seeds > 1 else 0).encode(
        text="words:N",
        color=alt.condition(
            f"datum.test_macro_f1_mean > {middle}", alt.value("#ffffff"), alt.value("#10233a")
        ),
    )
    best = cell.loc[cell["dev_macro_f1_mean"].idxmax()]
    over = f"{fewest} to {seeds}" if fewest < seeds else f"{seeds}"
    spread = f"mean ± standard deviation over {over} seeds" if seeds > 1 else "one seed"
    how = rule(threshold_rule) if everywhere else "the threshold rule best on dev"
    caption = (
        f"Test macro-F1 by depth and width with {how}, {spread}; each cell shows "
        f"the recipe and scheme that are best on dev there. Best on dev: {best['embedding_dim']} "
        f"dimensions with {best['layers']} hidden layers, {best['test_macro_f1_mean']:.3f} on test."
    )
    height = 54 * cell["layers"].nunique()
    panel = alt.layer(squares, text).properties(height=max(height, 90))
    return ReportFigure(name=name, title=TITLE, caption=caption, panels=(panel,))
