"""Where to clip: ways to choose ranges compared at equal bytes."""

import altair as alt
import pandas as pd

from emoray.console import wording
from emoray.console.wording import rule
from emoray.report.compression import losses
from emoray.report.style import BLUE, GREY, ReportFigure, csv_of

TITLE = "Where to clip, at equal bytes"
POLICY, PLAIN = "adaptive", "minmax"
NAMES = {POLICY: "policy", PLAIN: "min/max", "mse": "least error", "entropy": "entropy"}
COLOURS = {"policy": BLUE, "min/max": GREY, "least error": "#009E73", "entropy": "#E69F00"}
FAR = 12.0  # points of loss beyond which a mark is not drawn


def clipping_pairs(points: pd.DataFrame) -> pd.DataFrame:
    """Weight-only schemes of one grain, per channel, with as many bits in the embedding."""
    plain = points[
        (points["activations"].isin(["weight_only"]))
        & (points["bits"] == points["embedding_bits"])
        & (points["grain"].isin(["channel", "none"]))
        & (points["training"] != "qat")
    ]
    table = losses(plain)
    if table.empty:
        return table.assign(name=[])
    share = table["ranges"].str.extract(r"^p([\d.]+)$")[0]
    table["name"] = table["ranges"].map(NAMES).fillna("percentile " + share)
    return table.dropna(subset=["name"]).sort_values(["name", "saved"])


def clipping(points: pd.DataFrame, threshold_rule: str, prefix: str) -> ReportFigure:
    """Change of test macro-F1 against bytes saved, a line for each way to choose ranges."""
    name = f"{prefix}-clipping"
    table = clipping_pairs(points[points["threshold_rule"] == threshold_rule])
    if table.empty or POLICY not in set(table["ranges"]):
        return ReportFigure(
            name=name, title=TITLE, missing="No model of this run was compressed by the policy."
        )
    drawn = table[table["lost"] >= -FAR]
    names = sorted(drawn["name"].unique(), key=lambda n: (n != "policy", n))
    spare = ["#D55E00", "#CC79A7", "#56B4E9", "#7A6FD0"]
    colours = [COLOURS.get(n) or spare[i % len(spare)] for i, n in enumerate(names)]
    colour = alt.Color("name:N", title="range", scale=alt.Scale(domain=names, range=colours))
    x = alt.X("saved:Q", title="bytes saved against float", axis=alt.Axis(format=".0%"))
    y = alt.Y("lost:Q", title="change of test macro-F1, points", axis=alt.Axis(format="+.1f"))
    tooltip = [
        alt.Tooltip("scheme:N", title="scheme"),
        alt.Tooltip("lost:Q", title="change of F1, points", format="+.2f"),
        alt.Tooltip("saved:Q", title="bytes saved", format=".1%"),
        alt.Tooltip("rows:Q", title="trainings"),
    ]
    base = alt.Chart(csv_of(drawn)).encode(
        x=x.scale(zero=False, padding=14), y=y, color=colour, detail="name:N"
    )
    panel = alt.layer(
        base.mark_line(opacity=0.45),
        base.mark_point(style="dot", filled=True, size=90, opacity=1).encode(tooltip=tooltip),
    ).properties(height=320)
    hidden = len(table) - len(drawn)
    caption = (
        "Weights only, one scale a channel, equal bits in dense weights and embedding; the policy "
        "spends the same bytes where they help most. Test macro-F1 against the float model, "
        f"thresholds found anew on dev ({rule(threshold_rule)}). {_verdict(table)}"
    )
    if hidden:
        caption += (
            f" {wording.count(hidden, 'scheme')} losing more than {FAR:.0f} points not drawn."
        )
    return ReportFigure(name=name, title=TITLE, caption=caption, panels=(panel,))


def _verdict(table: pd.DataFrame) -> str:
    """At the fewest bits that the policy and min/max share: what each loses."""
    shared = set(table.loc[table["ranges"] == POLICY, "bits"])
    shared &= set(table.loc[table["ranges"] == PLAIN, "bits"])
    if not shared:
        return ""
    bits = min(shared)
    at = table[table["bits"] == bits].groupby("name")["lost"].max()
    losses_in_words = ", ".join(
        f"{name} {wording.signed(float(lost))}" for name, lost in at.items()
    )
    return f"At {bits} bits: {losses_in_words} points."
