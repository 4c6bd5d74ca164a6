"""Where a model decides: temperature × threshold, and what its probabilities are worth."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from emoray.report.style import BLUE, GREY, ReportFigure, csv_of

DARK = "#1c2530"  # on the heat map, whose colours are the same by day and night
SURFACE, RELIABILITY = "Temperature and threshold", "Are the probabilities true?"


def _edges(values: np.ndarray) -> np.ndarray:
    """Edges halfway between sorted `values`, as far out as in."""
    if len(values) == 1:
        return np.array([values[0] - 0.05, values[0] + 0.05])
    middles = (values[1:] + values[:-1]) / 2
    first, last = 2 * values[0] - middles[0], 2 * values[-1] - middles[-1]
    return np.concatenate([[first], middles, [last]])


def _tiles(surface: pd.DataFrame) -> tuple[pd.DataFrame, list[float], list[float]]:
    """The surface with its tiles' edges, and the spans of both axes. Temperatures go by ratio."""
    temperatures = np.sort(surface["temperature"].unique())
    thresholds = np.sort(surface["threshold"].unique())
    across, up = np.exp(_edges(np.log(temperatures))), np.clip(_edges(thresholds), 0, 1)
    column = np.searchsorted(temperatures, surface["temperature"])
    row = np.searchsorted(thresholds, surface["threshold"])
    left, right, low, high = across[column], across[column + 1], up[row], up[row + 1]
    # Tiles reach under the next ones, so that no seams show between them.
    right, high = right * (right / left) ** 0.5, high + 0.5 * (high - low)
    tiles = surface.assign(left=left, right=right, low=low, high=high)
    return (
        tiles.sort_values(["left", "low"]),
        [float(across[0]), float(across[-1])],
        [float(up[0]), float(up[-1])],
    )


def surface_figure(
    surface: pd.DataFrame, picked: pd.Series, thresholds: pd.DataFrame, prefix: str
) -> ReportFigure:
    """Dev macro-F1 with one threshold for all labels; dots where the picked row's own ones lie."""
    name = f"{prefix}-surface"
    if surface.empty:
        return ReportFigure(
            name=name, title=SURFACE, missing="No surface was recorded for the picked model."
        )
    tiles, across, up = _tiles(surface)
    x = alt.X(
        "left:Q", title="temperature (log)", axis=alt.Axis(grid=False, format="~g", tickCount=6)
    )
    x = x.scale(type="log", nice=False, domain=across)
    y = alt.Y("low:Q", title="threshold", axis=alt.Axis(grid=False, tickCount=5))
    y = y.scale(nice=False, domain=up)
    tooltip = [
        alt.Tooltip("temperature:Q", format=".3g"),
        alt.Tooltip("threshold:Q", format=".3g"),
        alt.Tooltip("dev_macro_f1:Q", title="dev macro-F1", format=".4f"),
        alt.Tooltip("test_macro_f1:Q", title="test macro-F1", format=".4f"),
    ]
    legend = alt.Legend(format=".2f", gradientLength=180, tickCount=4)
    colour = alt.Color("dev_macro_f1:Q", title="macro-F1 on dev", legend=legend)
    heat = alt.Chart(csv_of(tiles.drop(columns="model"), 5)).mark_rect(clip=True)
    heat = heat.encode(
        x=x,
        x2="right:Q",
        y=y,
        y2="high:Q",
        color=colour.scale(scheme="cividis"),
        tooltip=tooltip,
    )
    top = surface.loc[surface["dev_macro_f1"].idxmax()]
    mark = pd.DataFrame({"left": [top["temperature"]], "low": [top["threshold"]]})
    ring = alt.Chart(csv_of(mark, 6)).encode(x=x, y=y)
    layers = [
        heat,
        ring.mark_point(size=190, strokeWidth=5, color="#ffffff", opacity=0.9),
        ring.mark_point(size=190, strokeWidth=2.4, color=DARK, opacity=1),
    ]
    own = thresholds.assign(left=float(picked["temperature"]), low=thresholds["threshold"])
    if len(own):
        dots = alt.Chart(csv_of(own[["left", "low", "label"]], 6)).mark_circle(
            color="#ffffff", stroke=DARK, strokeWidth=1, size=42, clip=True, opacity=0.95
        )
        of_label = [alt.Tooltip("label:N"), alt.Tooltip("low:Q", title="threshold", format=".3f")]
        layers.append(dots.encode(x=x, y=y, tooltip=of_label))
    caption = (
        f"Macro-F1 on dev of the picked model if one threshold served every label, before "
        f"anything is fitted. "
        f"The ring marks the best such pair ({top['dev_macro_f1']:.3f} at temperature "
        f"{top['temperature']:.2f}, "
        f"threshold {top['threshold']:.2f}): a ridge, since temperature and threshold trade "
        f"against each other."
    )
    if len(own):
        caption += (
            f" White dots: the thresholds the picked row really uses, at its temperature "
            f"{picked['temperature']:.2f}."
        )
    panel = alt.layer(*layers).properties(height=330)
    return ReportFigure(name=name, title=SURFACE, caption=caption, panels=(panel,))


def _ece(bins: pd.DataFrame) -> float:
    weight = bins["decisions"] / max(bins["decisions"].sum(), 1)
    return float((weight * (bins["probability"] - bins["observed"]).abs()).sum())


def _named(found: list[float], ships: float | None) -> tuple[dict[float, str], str]:
    """Name the temperatures of which there are bins; note where the row's own has none."""
    near = {t: f"temperature {t:.2f}" for t in found[:2]}
    if found[0] == 1.0:
        near[1.0] = "before, temperature 1"
    mine = next((t for t in found if ships is not None and np.isclose(t, ships, rtol=1e-4)), None)
    if mine is None:
        if ships is None:
            return near, ""
        return near, (
            f" The picked row ships with temperature {ships:.2f}, of which no bins are kept."
        )
    if mine == 1.0:
        others = {t: f"if fitted, temperature {t:.2f}" for t in found if t != 1.0}
        return {1.0: "as it ships, temperature 1"} | dict(list(others.items())[:1]), ""
    near = {t: name for t, name in near.items() if t == 1.0}
    return near | {mine: f"as it ships, temperature {mine:.2f}"}, ""


def reliability_figure(
    bins: pd.DataFrame,
    prefix: str,
    named: Mapping[float, str] | None = None,
    *,
    ships: float | None = None,
) -> ReportFigure:
    """Draw observed share against predicted probability, before and after temperature scaling.

    Args:
        bins: rows of `reliability` of one model.
        prefix: of the figure's name.
        named: what to call one or two temperatures, first the one before; None: 1 is before.
        ships: the temperature of the row whose model this is.

    Returns:
        The reliability diagram and, to the right, how many decisions each bin holds.
    """
    name = f"{prefix}-reliability"
    filled = bins[bins["decisions"] > 0]
    if filled.empty:
        return ReportFigure(
            name=name, title=RELIABILITY, missing="No reliability bins were recorded."
        )
    found = sorted(filled["temperature"].unique(), key=lambda t: (t != 1.0, t))
    near, unbinned = _named(found, ships)
    near = dict(named) if named else near
    shown = filled[filled["temperature"].isin(near)]
    shown = shown.assign(which=shown["temperature"].map(near))
    names = [n for n in near.values() if n in set(shown["which"])]
    colours = [GREY, BLUE] if len(names) == 2 else [BLUE]
    diagonal = pd.DataFrame({"probability": [0.0, 1.0], "observed": [0.0, 1.0]})
    unit, few = alt.Scale(domain=[0, 1], nice=False), alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    x = alt.X("probability:Q", title="predicted probability", scale=unit, axis=few)
    y = alt.Y("observed:Q", title="share that carries the label", scale=unit, axis=few)
    even = alt.Chart(csv_of(diagonal)).mark_line(style="ink", strokeDash=[3, 3], opacity=0.5)
    base = alt.Chart(csv_of(shown.drop(columns="model"))).encode(x=x, y=y)
    colour = alt.Color(
        "which:N", title=None, sort=names, scale=alt.Scale(domain=names, range=colours)
    )
    tooltip = [
        alt.Tooltip("which:N", title="probabilities"),
        alt.Tooltip("probability:Q", title="predicted", format=".3f"),
        alt.Tooltip("observed:Q", title="observed", format=".3f"),
        alt.Tooltip("decisions:Q", title="decisions", format=",d"),
    ]
    area = alt.Size("decisions:Q", scale=alt.Scale(type="log", range=[18, 190]), legend=None)
    dots = base.mark_circle(opacity=1).encode(color=colour, size=area, tooltip=tooltip)
    lines = base.mark_line(strokeWidth=1.6).encode(color=colour)
    errors = "; ".join(
        f"{label}: {_ece(bins[bins['temperature'] == t]):.4f}"
        for t, label in near.items()
        if label in names
    )
    caption = (
        "Label decisions of test in 15 bins; on the dashed line a probability means what it says, "
        "below it the "
        f"model is overconfident. Larger dots hold more decisions; to the right, how many. "
        f"Expected calibration error: {errors}.{unbinned}"
    )
    curve = alt.layer(even.encode(x=x, y=y), lines, dots).properties(height=330)
    powers = alt.Axis(format="~s", values=[10.0**k for k in range(9)])
    held = alt.Chart(csv_of(shown.drop(columns="model"))).mark_line(strokeWidth=1.6, point=True)
    held = held.encode(
        x=x,
        y=alt.Y("decisions:Q", title="decisions in the bin (log)", axis=powers).scale(type="log"),
        color=colour,
        tooltip=tooltip,
    ).properties(height=330)
    return ReportFigure(
        name=name, title=RELIABILITY, caption=caption, panels=(curve, held), columns=2
    )
