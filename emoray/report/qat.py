"""What quantization-aware training wins back, by bits."""

import altair as alt
import pandas as pd

from emoray.console import wording
from emoray.console.wording import thresholds_anew
from emoray.report.compression import losses
from emoray.report.style import BLUE, GREY, ORANGE, ReportFigure, csv_of

TITLE = "Quantized after training, and during"
AFTER, DURING = "after training (PTQ)", "during training (QAT)"


def qat_pairs(points: pd.DataFrame) -> pd.DataFrame:
    """Schemes that the run has by PTQ and by QAT: two rows each, which differ in `how`."""
    table = losses(points)
    if table.empty:
        return table.assign(how=[], plain=[])
    table["plain"] = table["scheme"].str.replace(r"~qat.*$", "", regex=True)
    table["how"] = table["scheme"].str.contains("~qat").map({True: DURING, False: AFTER})
    both = table.groupby("plain")["how"].transform("nunique") == 2
    return table[both].sort_values(["bits", "plain", "how"])


def qat_figure(points: pd.DataFrame, threshold_rule: str, prefix: str) -> ReportFigure:
    """Draw change of test macro-F1 against bits, with and without quantization-aware training."""
    name = f"{prefix}-qat"
    table = qat_pairs(points[points["threshold_rule"] == threshold_rule])
    if table.empty:
        return ReportFigure(
            name=name,
            title=TITLE,
            missing="No scheme of this run was also trained for its codes, beside float weights "
            "that trained on for as long.",
        )
    table["label"] = table["bits"].map("{} bits".format)
    order = [f"{bits} bits" for bits in sorted(table["bits"].unique(), reverse=True)]
    x = alt.X("label:N", sort=order, title="dense weights", axis=alt.Axis(labelAngle=0, grid=False))
    y = alt.Y("lost:Q", title="change of test macro-F1, points", axis=alt.Axis(format="+.1f"))
    colour = alt.Color(
        "how:N", title="quantized", scale=alt.Scale(domain=[AFTER, DURING], range=[ORANGE, BLUE])
    )
    tooltip = [
        alt.Tooltip("scheme:N", title="scheme"),
        alt.Tooltip("lost:Q", title="change of F1, points", format="+.2f"),
        alt.Tooltip("spread:Q", title="standard deviation", format=".2f"),
        alt.Tooltip("saved:Q", title="bytes saved", format=".1%"),
        alt.Tooltip("rows:Q", title="trainings"),
    ]
    base = alt.Chart(csv_of(table)).encode(x=x)
    zero = alt.Chart(csv_of(pd.DataFrame({"lost": [0.0]}))).mark_rule(color=GREY, strokeDash=[3, 3])
    line = base.mark_line(opacity=0.5).encode(y=y, color=colour, detail="how:N")
    dots = base.mark_point(style="dot", filled=True, size=110, opacity=1).encode(
        y=y, color=colour, tooltip=tooltip
    )
    won, on_dev = (
        table.pivot_table(index="plain", columns="how", values=values)
        for values in ("lost", "lost_on_dev")
    )
    most = (on_dev[DURING] - on_dev[AFTER]).idxmax()
    gain = float(won.loc[most, DURING] - won.loc[most, AFTER])
    caption = (
        "The same scheme fitted to the finished weights, and with the weights trained on under it: "
        "test macro-F1 against the float model, of the second against the float model trained on "
        f"for as long, {thresholds_anew(threshold_rule)}. Training wins most on dev with {most}: "
        f"{wording.signed(gain)} points on test."
    )
    panel = alt.layer(zero.encode(y=y), line, dots).properties(height=300)
    return ReportFigure(name=name, title=TITLE, caption=caption, panels=(panel,))
