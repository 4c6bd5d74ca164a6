"""What each scheme loses against its own float model, and how many bytes it saves."""

import re

import altair as alt
import pandas as pd

from emoray.console import wording
from emoray.console.wording import count, thresholds_anew
from emoray.report.style import GREY, ReportFigure, bits_colour, bits_name, csv_of

TITLE = "What compression costs"
FAR = 6.0  # points of loss beyond which a scheme is counted, not drawn


def _continued(scheme: str) -> str:
    """How long a scheme's weights trained on, equal for what is compared; "" for post-training."""
    found = re.search(r"~(?:qat|more)(\d+(?:-x[0-9.e+-]*[0-9])?)", scheme)
    return found[1] if found else ""


def losses(points: pd.DataFrame) -> pd.DataFrame:
    """Average over trainings what each scheme loses and how many bytes it saves.

    A row's parent is the float row of the same training and the same decision rule; for a row of
    quantization-aware training it is the float row whose training went on for as long.

    Args:
        points: rows of `points`, their parents among them.

    Returns:
        One row per scheme: `lost` and `lost_on_dev` (mean change of macro-F1 in points, negative is
        worse), `spread` (standard deviation of `lost`), `saved` (mean share of bytes), `rows`.
    """
    fixed = points["temperature"].map("{:g}".format)
    decided = points.assign(at=fixed.where(points["temperature_rule"] != "fitted", "fitted"))
    keys = ["training_id", "threshold_rule", "at"]
    decided = decided.drop_duplicates([*keys, "scheme"])
    keys.append("continued")
    decided["continued"] = decided["scheme"].map(_continued)
    is_float = decided["training"].isin(["none", "more"])
    columns = [*keys, "dev_macro_f1", "test_macro_f1", "size_bytes"]
    parents = decided.loc[is_float, columns].drop_duplicates(keys)
    both = decided[~is_float].merge(parents, on=keys, suffixes=("", "_parent"))
    both["lost"] = 100 * (both["test_macro_f1"] - both["test_macro_f1_parent"])
    both["lost_on_dev"] = 100 * (both["dev_macro_f1"] - both["dev_macro_f1_parent"])
    both["saved"] = 1 - both["size_bytes"] / both["size_bytes_parent"]
    groups = both.groupby("scheme", sort=True)
    table = groups[["bits", "embedding_bits", "grain", "ranges", "execution"]].first()
    table["lost"], table["spread"] = groups["lost"].mean(), groups["lost"].std(ddof=1)
    table["lost_on_dev"] = groups["lost_on_dev"].mean()
    table["saved"], table["rows"] = groups["saved"].mean(), groups.size()
    return table.reset_index()


def _verdict(table: pd.DataFrame) -> str:
    """For 8 and 4 bits, the scheme that loses least on dev, and what it loses on test."""
    sentences = []
    for bits in (8, 4):
        same = table[(table["bits"] == bits) & (table["embedding_bits"] == bits)]
        if len(same):
            best = same.loc[same["lost_on_dev"].idxmax()]
            sentences.append(
                f"At {bits} bits {best['scheme']} does best on dev: {wording.signed(best['lost'])} "
                f"points on test for {best['saved']:.0%} fewer bytes."
            )
    return " ".join(sentences)


def compression_figure(points: pd.DataFrame, threshold_rule: str, prefix: str) -> ReportFigure:
    """Draw change of test macro-F1 against bytes saved, one mark per scheme."""
    name = f"{prefix}-compression"
    fitted = points[points["threshold_rule"] == threshold_rule]
    table = losses(fitted)
    if table.empty:
        return ReportFigure(
            name=name,
            title=TITLE,
            missing="No compressed row has its float parent in this run, so no loss can be told.",
        )
    reach = table["spread"].fillna(0.0)  # of one training none is known, and no bar drawn
    table["low"], table["high"] = table["lost"] - reach, table["lost"] + reach
    drawn = table[table["lost"] >= -FAR]
    hidden = len(table) - len(drawn)
    drawn = (drawn if len(drawn) else table).assign(bits=lambda t: bits_name(t["embedding_bits"]))
    low = max(float(drawn["low"].min()), -FAR - 1) - 0.2
    y = alt.Y("lost:Q", title="change of test macro-F1, points", axis=alt.Axis(format="+.1f"))
    y = y.scale(domain=[min(low, -1.2), max(float(drawn["high"].max()) + 0.2, 0.4)], nice=False)
    x = alt.X(
        "saved:Q",
        title="bytes saved against float",
        axis=alt.Axis(format=".0%", grid=False, tickCount=7),
    )
    x = x.scale(zero=False, padding=14)
    lines = pd.DataFrame({"lost": [0.0, -0.3, -1.0], "name": ["float", "−0.3 points", "−1 point"]})
    drawn["grain"] = drawn["grain"].replace("none", "float")
    limits = alt.Chart(csv_of(lines)).encode(y=y)
    rules = limits.mark_rule(color=GREY, strokeDash=[3, 3])
    names = limits.mark_text(style="word", align="right", dy=-6, opacity=0.7).encode(
        x=alt.value("width"), text="name:N"
    )
    tooltip = [
        alt.Tooltip("scheme:N", title="scheme"),
        alt.Tooltip("lost:Q", title="change of F1, points", format="+.2f"),
        alt.Tooltip("spread:Q", title="standard deviation", format=".2f"),
        alt.Tooltip("saved:Q", title="bytes saved", format=".1%"),
        alt.Tooltip("execution:N", title="execution"),
        alt.Tooltip("rows:Q", title="trainings"),
    ]
    base = alt.Chart(csv_of(drawn)).encode(x=x)
    bars = base.mark_rule(opacity=0.55, clip=True).encode(
        y=alt.Y("low:Q"), y2="high:Q", color=bits_colour(drawn["bits"])
    )
    dots = base.mark_point(style="dot", filled=True, size=85, opacity=1).encode(
        y=y,
        color=bits_colour(drawn["bits"]),
        shape=alt.Shape("grain:N", title="dense weights share a scale by"),
        tooltip=tooltip,
    )
    caption = (
        f"Each mark is a scheme: test macro-F1 against the float model it came from, "
        f"{thresholds_anew(threshold_rule)}, mean over trainings with one standard deviation. Up "
        f"and to the right is better. {_verdict(table)}"
    )
    if hidden:
        caption += f" {count(hidden, 'scheme')} losing more than {FAR:.0f} points not drawn."
    panel = alt.layer(rules, names, bars, dots).properties(height=340)
    return ReportFigure(name=name, title=TITLE, caption=caption, panels=(panel,))
