"""How each tensor's values are spread, and where the schemes clip them."""

import altair as alt
import numpy as np
import pandas as pd

from emoray.report.style import GREY, ReportFigure, bits_colour, bits_name, csv_of

TITLE = "Weights and where they are clipped"
PANELS = 6


def schemes_to_show(siblings: pd.DataFrame, picked: str, most: int = 5) -> list[str]:
    """The picked model and, of each other bit width, the one of its training best on dev."""
    order = siblings.sort_values(["dev_macro_f1", "model"], ascending=[False, True])
    order = order[order["training"] != "none"].drop_duplicates("model")
    order = order[order["embedding_bits"] < 32]
    bits = order.loc[order["model"] == picked, "embedding_bits"]
    others = order[~order["embedding_bits"].isin(bits)].drop_duplicates("embedding_bits")
    others = others.sort_values("embedding_bits")
    return [picked, *others["model"].head(most - 1)]


def _bins(layer: pd.Series) -> pd.DataFrame:
    counts = np.asarray(layer["histogram"], float)
    edges = np.linspace(layer["low"], layer["high"], len(counts) + 1)
    share = counts / max(counts.sum(), 1.0)
    return pd.DataFrame({"left": edges[:-1], "right": edges[1:], "share": share})


def _panel(name: str, rows: pd.DataFrame, picked: str) -> alt.LayerChart:
    """One tensor: its histogram, and per scheme two lines at the ends of the clipping range."""
    layer = (
        rows[rows["model"] == picked].iloc[0] if (rows["model"] == picked).any() else rows.iloc[0]
    )
    x = alt.X("left:Q", title="value", axis=alt.Axis(grid=False, tickCount=5))
    bars = alt.Chart(csv_of(_bins(layer), 5)).mark_rect(color=GREY, opacity=0.55)
    y = alt.Y(
        "share:Q", title="share of values (root scale)", axis=alt.Axis(format="~%", tickCount=4)
    )
    bars = bars.encode(
        x=x,
        x2="right:Q",
        y=y.scale(type="sqrt", zero=True),
        y2=alt.datum(0),
        tooltip=[alt.Tooltip("share:Q", format=".2%"), alt.Tooltip("left:Q", title="from")],
    )
    ends = rows[rows["bits"] < 32].assign(bits=bits_name(rows["bits"]))
    ends = ends.melt(
        id_vars=["model", "scheme", "bits", "share_clipped", "sqnr_db", "kurtosis"],
        value_vars=["alpha", "beta"],
        var_name="end",
        value_name="left",
    )
    ends["width"] = np.where(ends["model"] == picked, 2.6, 1.3)
    lines = alt.Chart(csv_of(ends.drop(columns="model"), 5)).mark_rule(opacity=0.95)
    lines = lines.encode(
        x=x,
        color=bits_colour(ends["bits"], "bits of the tensor"),
        strokeWidth=alt.StrokeWidth("width:Q", scale=None),
        tooltip=[
            alt.Tooltip("scheme:N", title="scheme"),
            alt.Tooltip("end:N", title="end of the range"),
            alt.Tooltip("left:Q", title="at", format=".4f"),
            alt.Tooltip("share_clipped:Q", title="values clipped", format=".3%"),
            alt.Tooltip("sqnr_db:Q", title="SQNR, dB", format=".1f"),
        ],
    )
    kurtosis = f"{layer['kurtosis']:.1f}".replace("-", "\N{MINUS SIGN}")
    quality = "" if layer["bits"] == 32 else f", SQNR {layer['sqnr_db']:.0f} dB"
    title = f"{name}, {layer['shape']}: kurtosis {kurtosis}{quality}"
    return alt.layer(bars, lines).properties(height=190, title=title)


def weights(layers: pd.DataFrame, picked: str, prefix: str) -> ReportFigure:
    """Histograms of the picked model's tensors with the clip lines of all models in `layers`."""
    name = f"{prefix}-weights"
    if layers.empty:
        return ReportFigure(
            name=name, title=TITLE, missing="No layers were recorded for the picked model."
        )
    size = layers.groupby("layer")["bytes_before"].max().sort_values(ascending=False)
    shown = list(size.index[:PANELS])
    panels = tuple(_panel(tensor, layers[layers["layer"] == tensor], picked) for tensor in shown)
    caption = (
        "Values of the float tensors. Lines mark the ends α and β of the clipping range, thick "
        "for the picked "
        "model, thin for the best scheme of other bit widths from the same training: what lies "
        "outside is "
        "clipped, what lies inside shares the codes. Over several slices the widest range is shown."
    )
    if len(size) > len(shown):
        caption += f" The {len(shown)} largest of {len(size)} tensors."
    columns = min(2, len(panels))
    return ReportFigure(name=name, title=TITLE, caption=caption, panels=panels, columns=columns)
