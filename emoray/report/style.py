"""How figures look: one palette, one set of type sizes, and a figure as a value.

Ink takes the page's colour (`currentColor`), so one drawing serves light, dark and print; PNGs are
light. Colours are Okabe and Ito's: colour-blind readers tell them apart, on white and on black.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from emoray.storage.names import part_of

FLOAT = "float"
COLOUR_OF_BITS = {
    "2": "#D55E00",
    "3": "#E69F00",
    "4": "#009E73",
    "5": "#44AA99",
    "6": "#56B4E9",
    "7": "#7A6FD0",
    "8": "#0072B2",
    FLOAT: "#8A8F98",
}
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#8A8F98"
RAMP = "blues"
SCHEMA = alt.SCHEMA_URL  # a name, never fetched
PNG_WIDTH = 760
FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFigure:
    """Panels under one caption, or a sentence that says why there is nothing to draw."""

    name: str
    title: str
    caption: str = ""
    panels: tuple[alt.TopLevelMixin, ...] = ()
    columns: int = 1
    missing: str = ""


def _config(ink: str, paper: str) -> dict[str, Any]:
    axis = {
        "labelColor": ink,
        "titleColor": ink,
        "domainColor": ink,
        "tickColor": ink,
        "gridColor": ink,
        "gridOpacity": 0.1,
        "domainOpacity": 0.45,
        "tickOpacity": 0.45,
        "labelOpacity": 0.8,
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 9,
        "labelPadding": 4,
    }
    legend = {
        "labelColor": ink,
        "titleColor": ink,
        "orient": "top",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelOpacity": 0.85,
        "symbolSize": 70,
        "symbolOpacity": 1,
        "symbolBaseFillColor": ink,
        "symbolBaseStrokeColor": ink,
        "layout": {"top": {"direction": "vertical", "margin": 6}},
        "labelLimit": 320,
        "offset": 10,
    }
    return {
        "background": "transparent" if ink == "currentColor" else paper,
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "legend": legend,
        "title": {"color": ink, "fontSize": 12, "fontWeight": "normal", "anchor": "start"},
        "style": {
            "dot": {"stroke": paper, "strokeWidth": 0.8},
            "ink": {"color": ink, "stroke": ink},
            "word": {"color": ink, "fontSize": 11, "stroke": None},
            "halo": {"color": paper, "stroke": paper, "fontSize": 11},
        },
    }


ON_PAGE = _config("currentColor", "var(--paper)")
ON_PAPER = _config("#1c2530", "#ffffff")


def bits_name(bits: pd.Series) -> pd.Series:
    """Bits as the legend spells them."""
    return bits.map(lambda b: FLOAT if b == 32 else str(int(b)))


def bits_colour(bits: pd.Series, title: str = "bits of the embedding") -> alt.Color:
    """Colour by bits, the legend holding only what is there."""
    there = [b for b in COLOUR_OF_BITS if b in set(bits)]
    scale = alt.Scale(domain=there, range=[COLOUR_OF_BITS[b] for b in there])
    return alt.Color("bits:N", scale=scale, sort=there, title=title)


def csv_of(frame: pd.DataFrame, digits: int = 4) -> alt.InlineData:
    """Rows as a CSV string inside the chart: a third of what JSON records take."""
    kinds = {c: "number" for c in frame.select_dtypes("number").columns}
    kinds |= {c: "boolean" for c in frame.select_dtypes("bool").columns}
    flags = {
        c: frame[c].map({True: "true", False: "false"}) for c in kinds if kinds[c] == "boolean"
    }
    text = frame.assign(**flags).to_csv(index=False, float_format=f"%.{digits}g")
    parse = {c: kinds.get(c, "string") for c in frame.columns}
    return alt.InlineData(values=text, format=alt.CsvDataFormat(type="csv", parse=parse))


def specs_of(figure: ReportFigure) -> list[dict[str, Any]]:
    """Return the figure's panels as Vega-Lite specifications.

    Each holds its data where it is drawn: named data sets would be lost among several panels.

    Returns:
        One specification per panel, without size, ink or schema.
    """
    with alt.data_transformers.enable(consolidate_datasets=False):
        specs = [panel.to_dict(validate=False) for panel in figure.panels]
    outside = ("$schema", "config")
    return [{k: v for k, v in spec.items() if k not in outside} for spec in specs]


def on_page(spec: dict[str, Any], description: str) -> dict[str, Any]:
    """A panel as wide as its place on the page, in the page's ink."""
    fit = {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    return {"$schema": SCHEMA, **spec, **fit, "config": ON_PAGE, "description": description}


def save_png(figure: ReportFigure, specs: list[dict[str, Any]], folder: Path) -> Path:
    """Write the panels in rows of `columns`, on white, at twice the size; return the file."""
    width = PNG_WIDTH // figure.columns - (60 if figure.columns > 1 else 0)
    sized = [spec | {"width": width} for spec in specs]
    side = {"concat": sized, "columns": figure.columns, "spacing": 28}
    chart = sized[0] if len(sized) == 1 else side
    chart = {"$schema": SCHEMA, **chart, "config": ON_PAPER, "padding": 14}
    path = folder / f"{part_of(figure.name)}.png"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(vl_convert.vegalite_to_png(json.dumps(chart), scale=2))
    return path
