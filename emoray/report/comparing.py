"""Changes with their intervals, one below the other: a forest plot of a comparison in pairs."""

from pathlib import Path

import altair as alt
import pandas as pd

from emoray.metrics.change import (
    BETTER,
    EQUIVALENT,
    UNDECIDED,
    WORSE,
    are_equivalent,
    verdicts,
)
from emoray.report.style import BLUE, GREY, ORANGE, ReportFigure, csv_of, save_png, specs_of
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.files import read_table

COLOUR_OF_VERDICT = {
    BETTER: BLUE,
    WORSE: ORANGE,
    EQUIVALENT: "#009E73",
    UNDECIDED: GREY,
}
SHOWN = 4  # comparisons whose labels are drawn
ROW, LEAST = 24, 90  # pixels


def _points(frame: pd.DataFrame, **columns: str) -> pd.DataFrame:
    """Columns of F1 under new names, in points."""
    return frame.assign(**{name: 100 * frame[column] for name, column in columns.items()})


def forest(
    frame: pd.DataFrame, order: list[str], title: str, colour: alt.Color, margin: float | None
) -> alt.LayerChart:
    """A dot and its interval for each `row`; behind them zero and, where given, the margin."""
    y = alt.Y("row:N", sort=order, title=None, axis=alt.Axis(ticks=False, labelLimit=320))
    x = alt.X("change:Q", title=title, scale=alt.Scale(zero=True))
    base = alt.Chart(csv_of(frame)).encode(y=y, color=colour)
    zero = alt.Chart(csv_of(pd.DataFrame({"zero": [0.0]})))
    layers: list[alt.Chart] = []
    if margin is not None:
        band = pd.DataFrame({"low": [-100 * margin], "high": [100 * margin]})
        layers.append(
            alt.Chart(csv_of(band))
            .mark_rect(color=GREY, opacity=0.18)
            .encode(x="low:Q", x2="high:Q")
        )
    layers.append(zero.mark_rule(style="ink", strokeDash=[3, 3], opacity=0.6).encode(x="zero:Q"))
    layers.append(
        base.mark_rule(strokeWidth=1.6).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    )
    if "narrow_low" in frame:
        layers.append(
            base.mark_rule(strokeWidth=5, opacity=0.55).encode(x="narrow_low:Q", x2="narrow_high:Q")
        )
    layers.append(base.mark_circle(size=80, opacity=1).encode(x=x))
    return alt.layer(*layers).properties(height=max(ROW * len(order), LEAST))


def verdict_colour(*, legend: bool) -> alt.Color:
    """By verdict. One scale for all panels, which share it when they are drawn as one picture."""
    scale = alt.Scale(domain=list(COLOUR_OF_VERDICT), range=list(COLOUR_OF_VERDICT.values()))
    shown = alt.Legend(title="verdict", direction="horizontal") if legend else None
    return alt.Color("verdict:N", scale=scale, sort=list(COLOUR_OF_VERDICT), legend=shown)


def _sided(frame: pd.DataFrame) -> pd.DataFrame:
    """With a verdict by the side of 0 on which each interval lies: for what has no margin here."""
    low, high = frame["low"].to_numpy(), frame["high"].to_numpy()
    return frame.assign(verdict=verdicts(low, high, are_equivalent(low, high, None)))


def comparisons_figure(rows: pd.DataFrame) -> ReportFigure:
    """Macro-F1 with margin, 95 % (thin) and 90 % (thick) intervals, and micro-F1 below."""
    before, margin = rows["before"].iloc[0], float(rows["margin"].iloc[0])
    named = rows.assign(row=rows["after"] + ", " + rows["thresholds"] + " thresholds")
    order = named["row"].tolist()
    macro = _points(
        named,
        change="macro_f1_change",
        low="macro_f1_low",
        high="macro_f1_high",
        narrow_low="equivalence_low",
        narrow_high="equivalence_high",
    )
    micro = _points(named, change="micro_f1_change", low="micro_f1_low", high="micro_f1_high")
    own = ["row", "change", "low", "high"]
    return ReportFigure(
        name="comparisons",
        title=f"Beside {before}",
        panels=(
            forest(
                macro[[*own, "verdict", "narrow_low", "narrow_high"]],
                order,
                f"macro-F1, points gained on {before}; grey band: margin of ±{100 * margin:g}",
                verdict_colour(legend=True),
                margin,
            ),
            forest(
                _sided(micro[own]),
                order,
                "micro-F1, points gained",
                verdict_colour(legend=False),
                None,
            ),
        ),
    )


def label_changes_figure(rows: pd.DataFrame) -> ReportFigure:
    """F1 of each label at own thresholds, a panel for each of the first few comparisons."""
    own = rows[rows["thresholds"] == "own"]
    panels = []
    for after in own["after"].unique()[:SHOWN]:
        pair = _points(own[own["after"] == after], change="change", low="low", high="high")
        named = pair.assign(row=pair["label"] + " (" + pair["support"].astype(str) + ")")
        panels.append(
            forest(
                _sided(named[["row", "change", "low", "high"]]),
                named["row"].tolist(),
                f"F1 of each label (texts), points gained by {after}",
                verdict_colour(legend=False),
                None,
            )
        )
    return ReportFigure(name="label-changes", title="Label by label", panels=tuple(panels))


def draw_comparisons(folder: Path) -> list[Path]:
    """Draw a comparison's tables: `figures/comparisons.png` and `figures/label-changes.png`."""
    rows = read_table(folder / "comparisons.parquet", ComparisonRow).to_pandas()
    labels = read_table(folder / "label_changes.parquet", LabelChangeRow).to_pandas()
    figures = comparisons_figure(rows), label_changes_figure(labels)
    return [save_png(figure, specs_of(figure), folder / "figures") for figure in figures]
