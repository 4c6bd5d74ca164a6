"""What techniques gain: relative change with its interval, and the gain often promised."""

from pathlib import Path

import altair as alt
import pandas as pd

from emoray.report.style import BLUE, GREY, ORANGE, ReportFigure, csv_of, save_png, specs_of
from emoray.tables.files import read_table
from emoray.tables.improvement_rows import ALL_LABELS, ImprovementRow, ImprovementSeedRow

TITLE = "Relative change of test macro-F1"
LEGEND = "orange: often promised, grey: each seed, line: 95 %"
ROW = 46


def _by_seed(seeds: pd.DataFrame) -> pd.DataFrame:
    """Relative change of each seed of each technique over the baseline's of the same seed."""
    own = seeds["technique"] == "baseline"
    keys = ["family", "threshold_rule", "seed"]
    both = seeds[~own].merge(seeds[own], on=keys, suffixes=("", "_before"))
    both = both[both["test_macro_f1_before"] > 0]
    return both.assign(relative_change=both["test_macro_f1"] / both["test_macro_f1_before"] - 1)


def _panel(rows: pd.DataFrame, seeds: pd.DataFrame, title: list[str]) -> alt.LayerChart:
    y = alt.Y("technique:N", title=None, sort=None, axis=alt.Axis(grid=False, ticks=False))
    percent = alt.Axis(format="+.1~%")

    def x(name: str) -> alt.X:
        return alt.X(f"{name}:Q", title=title, axis=percent, scale=alt.Scale(zero=True))

    columns = [f"{end}_{side}" for end in ("relative", "expected") for side in ("low", "high")]
    data = csv_of(rows[["technique", "relative_change", "verdict", *columns]])
    base = alt.Chart(data).encode(y=y)
    promised = base.mark_bar(color=ORANGE, opacity=0.22, height=22).encode(
        x=x("expected_low"), x2="expected_high:Q"
    )
    span = base.mark_rule(color=BLUE, strokeWidth=3).encode(x=x("relative_low"), x2="relative_high")
    dot = base.mark_circle(color=BLUE, size=110, opacity=1).encode(
        x=x("relative_change"),
        tooltip=[
            alt.Tooltip("technique:N"),
            alt.Tooltip("relative_change:Q", format="+.1%"),
            alt.Tooltip("relative_low:Q", format="+.1%"),
            alt.Tooltip("relative_high:Q", format="+.1%"),
            alt.Tooltip("verdict:N"),
        ],
    )
    each = alt.Chart(csv_of(seeds[["technique", "relative_change"]])).encode(y=y)
    ticks = each.mark_tick(color=GREY, thickness=2, height=16).encode(x=x("relative_change"))
    nothing = alt.Chart(csv_of(pd.DataFrame({"zero": [0.0]}))).mark_rule(opacity=0.6)
    zero = nothing.encode(x=alt.X("zero:Q", title=title))
    layers = alt.layer(promised, zero, ticks, span, dot)
    return layers.properties(height=ROW * rows["technique"].nunique())


def improvement_figure(improvements: pd.DataFrame, seeds: pd.DataFrame) -> ReportFigure:
    """Draw a panel per family and threshold rule: interval, seeds, and the gain often promised."""
    whole = improvements[
        (improvements["label"] == ALL_LABELS) & improvements["relative_change"].notna()
    ]
    if whole.empty:
        return ReportFigure(name="improvements", title=TITLE, missing="The baseline finds nothing.")
    by_seed = _by_seed(seeds)
    panels = []
    for (family, rule), rows in whole.groupby(["family", "threshold_rule"], sort=False):
        own = by_seed[(by_seed["family"] == family) & (by_seed["threshold_rule"] == rule)]
        panels.append(_panel(rows, own, [f"{family}, thresholds {rule}", LEGEND]))
    return ReportFigure(
        name="improvements",
        title=TITLE,
        caption="Blue: mean over seeds with its 95 % interval over texts and seeds. Grey ticks: "
        "each seed. Orange: the gain often promised.",
        panels=tuple(panels),
        columns=2,
    )


def draw_improvements(folder: Path) -> list[Path]:
    """Draw `figures/improvements.png` from a folder's `improvements` tables."""
    improvements = read_table(folder / "improvements.parquet", ImprovementRow).to_pandas()
    seeds = read_table(folder / "improvement_seeds.parquet", ImprovementSeedRow).to_pandas()
    figure = improvement_figure(improvements, seeds)
    specs = specs_of(figure)
    return [save_png(figure, specs, folder / "figures")] if specs else []
