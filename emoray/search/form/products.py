"""Lists of recipes, or decisions, as products: `seed: [0, 1]` beside `layers: [0, 1, 2]` is six."""

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from emoray.search.form.document import FormError, Trail
from emoray.search.form.values import (
    built,
    changed,
    choices,
    default_of,
    hints_of,
    require_known,
    written_value,
)


def of_fields(kind: type, data: Mapping[str, Any], at: Trail, what: str) -> dict[str, Any]:
    """The values of each field that is named, in the order of the class."""
    hints = hints_of(kind)
    for name in data:
        require_known(name, hints, at, what)
    return {n: choices(hint, data[n], (*at, n)) for n, hint in hints.items() if n in data}


def read_product(kind: type, data: Any, at: Trail, what: str) -> list[Any]:
    """Every combination of the fields' values; the last field changes first.

    Args:
        kind: class of what is combined.
        data: a value, or a list of values, by field.
        at: where it stands.
        what: the noun of it, for messages.

    Returns:
        Values of the class.

    Raises:
        FormError: a key or a value is none of the class, or a combination is refused.
    """
    if not isinstance(data, dict):
        raise FormError(at, f"{what} is written as its fields, got {data!r}: write key: value")
    found = of_fields(kind, data, at, what)
    return [
        built(kind, dict(zip(found, values, strict=True)), at)
        for values in product(*found.values())
    ]


def _is_product(values: Sequence[Any], names: Sequence[str]) -> bool:
    own = {name: list(dict.fromkeys(getattr(v, name) for v in values)) for name in names}
    if prod(map(len, own.values())) != len(values):
        return False
    said = [tuple(getattr(value, name) for name in names) for value in values]
    return said == list(product(*own.values()))


def _block(values: Sequence[Any], leave_out: Sequence[str]) -> dict[str, Any]:
    kind = type(values[0])
    found = {}
    for name, hint in hints_of(kind).items():
        own = list(dict.fromkeys(getattr(value, name) for value in values))
        if name in leave_out or own == [default_of(kind, name)]:
            continue
        plain = [written_value(each, hint) for each in own]
        found[name] = plain[0] if len(plain) == 1 else plain
    return found


def written_products(
    values: Sequence[Any], leave_out: Sequence[str] = ()
) -> list[tuple[type, dict[str, Any]]]:
    """The fewest runs of values, each a product, as class and plain data.

    Args:
        values: of dataclasses, in order.
        leave_out: fields that are said elsewhere.

    Returns:
        What `read_product` reads as the same values in the same order.
    """
    found, start = [], 0
    while start < len(values):
        kind = type(values[start])
        names = list(hints_of(kind))
        alike = next(
            (i for i in range(start, len(values)) if type(values[i]) is not kind), len(values)
        )
        end = next(e for e in range(alike, start, -1) if _is_product(values[start:e], names))
        found.append((kind, _block(values[start:end], leave_out)))
        start = end
    return found


def written_one(value: Any, leave_out: Sequence[str] = ()) -> dict[str, Any]:
    """The fields of one value that differ from the defaults."""
    return {name: part for name, part in changed(value).items() if name not in leave_out}
