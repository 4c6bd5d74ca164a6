"""Metadata of a table's column: description, unit, which way is better, an ensemble's value."""

from dataclasses import field, fields
from typing import Any, Literal, get_args

CHANGE = "share, -1 to 1; 0.01 is a point"  # of what is a share itself, such as F1
SHARE = "share, 0 to 1"
PROBABILITY = "probability, 0 to 1"
LOGITS = "logits"
TIMES = "times"

Aggregation = Literal["own", "first", "each", "same", "all", "sum", "max", "mean"]
"""How an ensemble has a column of its members: own = computed for the ensemble as for any model,
first = the first member's, each = every value once, same = the one value or `mixed`, all = true of
all, sum, max, mean = weighed by the bytes of their models."""


def _field(text: str, direction: str, **more: str | None) -> Any:
    metadata = {"description": text, "direction": direction, **more}
    return field(metadata={name: value for name, value in metadata.items() if value})


def note(text: str, *, unit: str = "", ensemble: Aggregation | None = None, after: str = "") -> Any:
    """A column that describes.

    Args:
        text: its description.
        unit: where its name has none.
        ensemble: how an ensemble gets its value; required for columns of points.
        after: the column of another row class that it follows where the two are joined.

    Returns:
        A field of the row class.
    """
    return _field(text, "", unit=unit, ensemble=ensemble, after=after)


def gain(text: str, *, unit: str = "", ensemble: Aggregation | None = None, after: str = "") -> Any:
    """A column of which more is better; see `note`."""
    return _field(text, "maximize", unit=unit, ensemble=ensemble, after=after)


def cost(text: str, *, unit: str = "", ensemble: Aggregation | None = None, after: str = "") -> Any:
    """A column of which less is better; see `note`."""
    return _field(text, "minimize", unit=unit, ensemble=ensemble, after=after)


def aggregations(row_class: type) -> dict[str, Aggregation]:
    """How an ensemble gets the value of each column of a row class.

    Args:
        row_class: all of its columns need `ensemble=`.

    Returns:
        The aggregation by column.

    Raises:
        ValueError: a column has none.
    """
    found: dict[str, Aggregation] = {}
    for column in fields(row_class):
        if "ensemble" not in column.metadata:
            raise ValueError(
                f"a column of {row_class.__name__} says how an ensemble has it, got nothing of "
                f"{column.name}: write ensemble= with one of {', '.join(get_args(Aggregation))}"
            )
        found[column.name] = column.metadata["ensemble"]
    return found
