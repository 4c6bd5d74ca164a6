"""The front: what macro-F1 costs in bytes."""

import altair as alt
import pandas as pd

from emoray.report.style import ORANGE, ReportFigure, bits_colour, bits_name, csv_of
from emoray.tables.baselines import baseline_name
from emoray.tables.front import WITHIN, Pick, preferred

NAMES_AT = (-15, 18, -30)  # pixels below the ring, so that names of neighbours keep apart
TITLE = "What macro-F1 costs in bytes"
SHOWN, INTERVAL = ("size_bytes", "test_macro_f1"), ("test_macro_f1_low", "test_macro_f1_high")
CAPTION = (
    "Each dot is an operating point: point at it to read its row, click it (or reach it with the "
    "arrow keys and press Enter) for its card. The line is the front: rows that no other beats in "
    "both dev macro-F1 and bytes, with 95 % bootstrap intervals on "
    "test. It is chosen on dev and drawn at its test scores, so it may dip. Shaded: within 1 point "
    "of the best row's score and smaller than it. "
)


def front_rows(points: pd.DataFrame) -> pd.DataFrame:
    """The front by size: the rows that lie in `artifacts/`, the picks among them."""
    return preferred(points[points["on_front"]], by_score=False)


def _floor(points: pd.DataFrame, front: pd.DataFrame) -> float:
    """Lowest score worth drawing: half the front's own height below the front."""
    low, high = front["test_macro_f1_low"].min(), front["test_macro_f1_high"].max()
    return float(max(points["test_macro_f1"].min() - 0.005, low - max(0.5 * (high - low), 0.02)))


def _marked(chosen: dict[str, Pick], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """A ring and a name at each pick; picks that are one row share them."""
    names: dict[str, list[str]] = {}
    rows: dict[str, pd.Series] = {}
    for name, pick in chosen.items():
        names.setdefault(pick.row["point"], []).append(name)
        rows[pick.row["point"]] = pick.row
    columns = ["size_bytes", "test_macro_f1"]
    marks = pd.DataFrame([rows[p][columns] for p in names]).reset_index(drop=True)
    marks["name"] = [", ".join(n.split()[0] for n in both) for both in names.values()]
    marks = marks.sort_values("size_bytes")
    marks["size_bytes"] = marks["size_bytes"].astype(float)
    rings = alt.Chart(csv_of(marks, 7)).mark_point(size=190, strokeWidth=2, color=ORANGE)
    layers = [rings.encode(x=x, y=y)]
    for place, (_, mark) in enumerate(marks.iterrows()):
        text = alt.Chart(csv_of(pd.DataFrame([mark]), 7))
        style = {"dy": NAMES_AT[place % len(NAMES_AT)], "align": "center", "fontWeight": "bold"}
        where = {"x": x, "y": y, "text": "name:N"}
        layers.append(text.mark_text(style="halo", strokeWidth=4, **style).encode(**where))
        layers.append(text.mark_text(style="word", **style).encode(**where))
    return layers


def _to_beat(baselines: pd.DataFrame, up: alt.Scale) -> list[alt.Chart]:
    """Draw a dashed line and a name for each baseline."""
    if baselines.empty:
        return []
    marks = pd.DataFrame(
        {
            "f1": baselines["test_macro_f1"],
            "name": [baseline_name(r) for _, r in baselines.iterrows()],
        }
    )
    base = alt.Chart(csv_of(marks)).encode(y=alt.Y("f1:Q", scale=up))
    names = base.mark_text(style="word", align="left", x=4, dy=-6).encode(text="name:N")
    return [base.mark_rule(style="ink", strokeDash=[2, 4], opacity=0.65), names]


def baselines_sentence(baselines: pd.DataFrame) -> str:
    """The baselines in a sentence; nothing where there are none."""
    if baselines.empty:
        return ""
    scores = baselines.sort_values("test_macro_f1", ascending=False).iterrows()
    named = ", ".join(f"{baseline_name(row)} {row['test_macro_f1']:.3f}" for _, row in scores)
    return f" Dashed lines: baselines that need no search ({named} on test)."


def tradeoff(
    drawn: pd.DataFrame,
    front: pd.DataFrame,
    chosen: dict[str, Pick],
    prefix: str,
    left_out: str,
    baselines: pd.DataFrame,
) -> ReportFigure:
    """Draw macro-F1 on test against bytes, the front as a line, intervals at its rows.

    Args:
        drawn: rows to draw.
        front: `front_rows` of all rows.
        chosen: the picks, which get a ring and a name.
        prefix: of the figure's name.
        left_out: a sentence about rows that are not drawn.
        baselines: rows drawn as dashed lines where they lie within the picture.

    Returns:
        The figure, one panel.
    """
    floor, best = _floor(drawn, front), chosen["best"].row
    drawn = drawn[drawn["test_macro_f1"] >= floor].assign(bits=bits_name(drawn["embedding_bits"]))
    ceiling = float(max(front["test_macro_f1_high"].max(), drawn["test_macro_f1"].max()))
    ceiling += 0.07 * (ceiling - floor)  # room for the names of the picks
    x = alt.X(
        "size_bytes:Q", title="artifact, bytes (log)", axis=alt.Axis(format="~s", tickCount=6)
    )
    x = x.scale(type="log", nice=False, padding=18)
    y = alt.Y("test_macro_f1:Q", title="macro-F1 on test", axis=alt.Axis(format=".2f", tickCount=7))
    up = alt.Scale(domain=[round(floor, 4), round(ceiling, 4)], nice=False, zero=False)
    y = y.scale(up)
    region = pd.DataFrame(
        {
            "left": [float(drawn["size_bytes"].min())],
            "right": [float(best["size_bytes"])],
            "low": [best["test_macro_f1"] - WITHIN],
            "high": [best["test_macro_f1"]],
        }
    )
    band = alt.Chart(csv_of(region, 8)).mark_rect(color=ORANGE, opacity=0.13, clip=True)
    band = band.encode(x=alt.X("left:Q"), x2="right:Q", y=alt.Y("low:Q", scale=up), y2="high:Q")
    colour = bits_colour(drawn["bits"])
    cloud = alt.Chart(csv_of(drawn[[*SHOWN, "bits"]], 6)).mark_circle(size=26, opacity=0.5)
    cloud = cloud.encode(x=x, y=y, color=colour)
    on_front = front.assign(bits=bits_name(front["embedding_bits"]))
    base = alt.Chart(csv_of(on_front[[*SHOWN, *INTERVAL, "bits"]], 6)).encode(x=x)
    line = base.mark_line(style="ink", strokeWidth=1.2, opacity=0.55).encode(y=y)
    bars = base.mark_rule(style="ink", opacity=0.5, clip=True).encode(
        y=alt.Y("test_macro_f1_low:Q", scale=up), y2="test_macro_f1_high:Q"
    )
    dots = base.mark_circle(style="dot", size=64, opacity=1).encode(y=y, color=colour)
    lines_to_beat = _to_beat(baselines[baselines["test_macro_f1"].between(floor, ceiling)], up)
    chart = alt.layer(*lines_to_beat, band, cloud, line, bars, dots, *_marked(chosen, x, y))
    return ReportFigure(
        name=f"{prefix}-front",
        title=TITLE,
        caption=(CAPTION + left_out).strip() + baselines_sentence(baselines),
        panels=(chart.properties(height=430),),
    )
