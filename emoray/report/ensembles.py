"""What an ensemble gains over its members: F1 against the number of members."""

import altair as alt
import pandas as pd

from emoray.console import wording
from emoray.console.wording import count
from emoray.report.style import BLUE, GREY, ORANGE, ReportFigure, csv_of

TITLE = "Several models as one"
ENSEMBLE = "ensemble"  # the family of their points
COLOURS = {
    "mean-logits": BLUE,
    "mean-probabilities": "#56B4E9",
    "weights-logits": "#009E73",
    "greedy-probabilities": ORANGE,
}


def ensemble_sizes(points: pd.DataFrame, members: pd.DataFrame, rule: str) -> pd.DataFrame:
    """One row per ensemble, by combination and size: its scores under one rule, calibrated."""
    columns = ["point", "combination", "size", "plan", "ensemble_disagreement"]
    plans = members[columns].drop_duplicates("point")
    same = points[(points["threshold_rule"] == rule) & (points["temperature_rule"] == "fitted")]
    return same.merge(plans, on="point").sort_values(["combination", "size"])


def member_scores(points: pd.DataFrame, members: pd.DataFrame, rule: str) -> pd.DataFrame:
    """One row per member, at its place in the plan: what it scores by itself."""
    drawn = ensemble_sizes(points, members, rule)["point"]
    own = members[members["point"].isin(drawn)].drop_duplicates("member")
    return own.assign(size=own["member"] + 1).sort_values("member")


def ensembles(points: pd.DataFrame, members: pd.DataFrame, rule: str, prefix: str) -> ReportFigure:
    """Draw test macro-F1 with its interval against ensemble size, a line per combination."""
    name = f"{prefix}-ensembles"
    drawn = ensemble_sizes(points, members, rule)
    if drawn.empty:
        return ReportFigure(
            name=name, title=TITLE, missing="No ensemble was decided by the picked rule."
        )
    single = member_scores(points, members, rule)
    order = [c for c in COLOURS if c in set(drawn["combination"])]
    order += sorted(set(drawn["combination"]) - set(order))
    scale = alt.Scale(domain=order, range=[COLOURS.get(c, GREY) for c in order])
    x = alt.X("size:O", title="members asked for", axis=alt.Axis(labelAngle=0, grid=False))
    aside = alt.XOffset("combination:N", sort=order, scale=alt.Scale(paddingOuter=0.9))
    floor, ceiling = drawn["test_macro_f1_low"].min(), drawn["test_macro_f1_high"].max()
    up = alt.Scale(domain=[round(floor - 0.004, 4), round(ceiling + 0.004, 4)], nice=False)
    y = alt.Y("test_macro_f1:Q", title="macro-F1 on test", scale=up)
    columns = ["size", "combination", "models", "test_macro_f1", "test_macro_f1_low"]
    columns += ["test_macro_f1_high", "dev_macro_f1", "size_bytes", "latency_p50_ms"]
    tooltip = [
        alt.Tooltip("combination:N"),
        alt.Tooltip("models:Q", title="distinct members"),
        alt.Tooltip("test_macro_f1:Q", title="test macro-F1", format=".4f"),
        alt.Tooltip("test_macro_f1_low:Q", title="95 % interval from", format=".4f"),
        alt.Tooltip("test_macro_f1_high:Q", title="to", format=".4f"),
        alt.Tooltip("dev_macro_f1:Q", title="dev macro-F1, cross-fitted", format=".4f"),
        alt.Tooltip("size_bytes:Q", title="bytes", format=",d"),
        alt.Tooltip("latency_p50_ms:Q", title="latency p50, ms", format=".3f"),
    ]
    base = alt.Chart(csv_of(drawn[columns], 6)).encode(
        x=x,
        xOffset=aside,
        color=alt.Color("combination:N", scale=scale, sort=order, title="combined by"),
    )
    bars = base.mark_rule(opacity=0.45, strokeWidth=1.4).encode(
        y=alt.Y("test_macro_f1_low:Q", scale=up), y2="test_macro_f1_high:Q"
    )
    lines = base.mark_line(strokeWidth=1.2, opacity=0.5).encode(y=y)
    dots = base.mark_circle(size=58, opacity=1).encode(y=y, tooltip=tooltip)
    lone = alt.Chart(csv_of(single[["size", "test_macro_f1", "recipe", "seed"]], 6))
    ticks = lone.mark_tick(
        clip=True, color=GREY, thickness=2.5, width={"band": 0.9}, opacity=0.8
    ).encode(
        x=x,
        y=y,
        tooltip=[
            alt.Tooltip("recipe:N"),
            alt.Tooltip("seed:Q"),
            alt.Tooltip("test_macro_f1:Q", title="alone, test macro-F1", format=".4f"),
        ],
    )
    best = drawn.sort_values(["dev_macro_f1", "size_bytes"], ascending=[False, True]).iloc[0]
    first = single.sort_values("dev_macro_f1", ascending=False).iloc[0]
    gain = 100 * (best["test_macro_f1"] - first["test_macro_f1"])
    caption = (
        f"Test macro-F1 with {wording.rule(rule)} and 95 % bootstrap intervals, by how many "
        f"members were asked for (plan {best['plan']}; greedy takes the best of all members, "
        "again and again). "
        "Grey: each member alone, in the plan's order. Best on dev: "
        f"{best['combination']} of {best['models']}, {best['test_macro_f1']:.3f} on test, "
        f"{gain:+.1f} points from the member that is best on dev "
        f"({first['test_macro_f1']:.3f}). Intervals say how far other texts could move a row, not "
        "whether two rows differ: they share their texts."
    )
    if low := int((single["test_macro_f1"] < floor - 0.004).sum()):
        caption += f" {count(low, 'member')} below {floor:.2f} not drawn."
    panel = alt.layer(ticks, lines, bars, dots).properties(height=340)
    return ReportFigure(name=name, title=TITLE, caption=caption, panels=(panel,))
