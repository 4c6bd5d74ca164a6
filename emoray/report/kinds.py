"""What the explorer filters and colours by: columns that group rows, in words."""

import pandas as pd

from emoray.console import wording
from emoray.report.style import BLUE, COLOUR_OF_BITS, FLOAT, GREY, ORANGE

FILTERS = {
    "run": "Run",
    "family": "Family",
    "embedding_width": "Embedding bits",
    "width": "Weight bits",
    "quantized": "Quantized",
    "kernels": "Activations",
    "rule_kind": "Thresholds",
    "standing": "Beside the front",
}
COLOURS = ("embedding_width", "width", "family", "run", "quantized", "rule_kind")
PALETTE = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7A6FD0", GREY)
QUANTIZED = {
    "none": "not at all (float)",
    "ptq": "after training",
    "qat": "during training",
    "more": "not at all, trained on",
}
FIXED = "one fixed number"
FRONT, SAME, BELOW, ABOVE, UNKNOWN = (
    *("on the front", "not distinguishable from its front row", "worse than its front row"),
    *("better than its front row", "not compared with the front"),
)
STANDINGS = (FRONT, SAME, BELOW, ABOVE, UNKNOWN)


def standing(points: pd.DataFrame) -> pd.Series:
    """How each row compares with the front: on it, or as the paired interval on test shows."""
    known = points["distinguishable"].notna()
    apart = points["distinguishable"].astype("boolean").fillna(False).astype(bool)
    up = points["nearest_front_change"].astype(float) > 0
    found = pd.Series(UNKNOWN, points.index).mask(known, SAME)
    found = found.mask(apart & ~up, BELOW).mask(apart & up, ABOVE)
    return found.mask(points["on_front"].astype(bool), FRONT)


def _width(bits: pd.Series) -> pd.Series:
    return bits.map(lambda b: FLOAT if b == 32 else f"{int(b)} bits")


def _kernels(activations: str) -> str:
    kind = activations.split("-")[0]
    return "float (weights only)" if kind.startswith("weight") else f"{kind} ranges"


def kinds_of(points: pd.DataFrame) -> dict[str, pd.Series]:
    """Columns that group rows, in words."""
    return {
        "embedding_width": _width(points["embedding_bits"]),
        "width": _width(points["bits"]),
        "quantized": points["training"].map(lambda t: QUANTIZED.get(t, t)),
        "kernels": points["activations"].map(_kernels),
        "rule_kind": points["threshold_rule"].map(
            lambda r: FIXED if r.startswith("fixed") else wording.rule(r)
        ),
        "standing": standing(points),
    }


def _palette(column: str, values: set[str]) -> dict[str, str]:
    if column in ("embedding_width", "width"):
        bits = {f"{b} bits" if b != FLOAT else b: colour for b, colour in COLOUR_OF_BITS.items()}
        known = {name: colour for name, colour in bits.items() if name in values}
        return known | dict.fromkeys(sorted(values - set(known)), GREY)
    order = [s for s in STANDINGS if s in values] if column == "standing" else sorted(values)
    return {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(order)}


def palettes(columns: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Each grouping column's values that occur, in order, each with its colour."""
    return {name: _palette(name, set(columns[name])) for name in FILTERS}
