"""What a column of a table says of itself: its meaning, its unit, and which way is better."""

from dataclasses import field
from typing import Any

CHANGE = "share, -1 to 1; 0.01 is a point"  # of what is a share itself, such as F1
SHARE = "share, 0 to 1"
PROBABILITY = "probability, 0 to 1"
LOGITS = "logits"
TIMES = "times"


def _field(text: str, unit: str, direction: str = "") -> Any:
    said = {"description": text, "direction": direction, "unit": unit}
    return field(metadata={name: words for name, words in said.items() if words})


def note(text: str, *, unit: str = "") -> Any:
    """A column that describes. unit: where its name does not say it."""
    return _field(text, unit)


def gain(text: str, *, unit: str = "") -> Any:
    """A column of which more is better."""
    return _field(text, unit, "maximize")


def cost(text: str, *, unit: str = "") -> Any:
    """A column of which less is better."""
    return _field(text, unit, "minimize")
