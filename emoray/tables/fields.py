"""What a column of a table says of itself: its meaning, and which way is better."""

from dataclasses import field
from typing import Any


def note(text: str) -> Any:
    """A column that describes."""
    return field(metadata={"description": text})


def gain(text: str) -> Any:
    """A column of which more is better."""
    return field(metadata={"description": text, "direction": "maximize"})


def cost(text: str) -> Any:
    """A column of which less is better."""
    return field(metadata={"description": text, "direction": "minimize"})
