"""Short words of plain values, those that tables show: `weighted_bce0.4`, `conv64`, `per_label`.

Nothing is listed here: a class is asked for its `str`, at its default and at other numbers, and a
word is read as the value whose `str` it is.
"""

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from itertools import islice, product
from typing import Any, get_args, get_type_hints

NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
MOST = 2000  # examples of a class
PROBES = (0, 1, 4, 0.5, 99)  # numbers of which some lie within any field's limits


def classes_of(hint: Any) -> list[type]:
    """The dataclasses that a type may be, itself or as one of a union."""
    parts = get_args(hint) if not isinstance(hint, type) else (hint,)
    return [part for part in parts if isinstance(part, type) and is_dataclass(part)]


def _made(kind: type, values: dict[str, Any]) -> Any:
    try:
        return kind(**values)
    except (TypeError, ValueError):
        return None


def _options(name: str, hint: Any, required: bool) -> list[dict[str, Any]]:
    """Ways to say one field: not at all, and others that change how the value is called."""
    found: list[Any] = []
    if hint is bool:
        found = [True, False]
    elif hint in (int, float):
        found = [hint(probe) for probe in PROBES if hint is float or isinstance(probe, int)]
    else:
        found = [example for each in classes_of(hint) for example in examples(each)]
    said = [{name: value} for value in found]
    return said if required else [{}, *said]


def _shape(value: Any) -> str:
    return NUMBER.sub("#", str(value))


def _telling(kind: type, options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ways that each lead to a word of another shape; all of a class without defaults."""
    made = [(said, _made(kind, said)) for said in options]
    shapes = {_shape(value): said for said, value in reversed(made) if value is not None}
    return list(reversed(shapes.values())) or options


@cache
def examples(kind: type) -> tuple[Any, ...]:
    """Values of a class that differ in how they are called."""
    hints = get_type_hints(kind)
    options = [
        _telling(kind, _options(f.name, hints[f.name], f.default is f.default_factory is MISSING))
        for f in fields(kind)
    ]
    found: dict[str, Any] = {}
    for said in islice(product(*options), MOST):
        value = _made(kind, {name: v for each in said for name, v in each.items()})
        if value is not None:
            found.setdefault(_shape(value), value)
    return tuple(found.values())


def _leaves(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Numbers within a value, and the fields that lead to each."""
    for f in fields(value):
        part = getattr(value, f.name)
        if is_dataclass(part):
            yield from _leaves(part, (*at, f.name))
        elif isinstance(part, int | float) and not isinstance(part, bool):
            yield (*at, f.name), part


def _with(value: Any, at: tuple[str, ...], number: str) -> Any:
    first, *rest = at
    part = getattr(value, first)
    kind = get_type_hints(type(value))[first]
    new = _with(part, tuple(rest), number) if rest else (kind if kind is int else float)(number)
    return replace(value, **{first: new})


def _renumbered(example: Any, word: str) -> Any:
    """The example with the numbers of a word of the same shape; None where it cannot have them."""
    were, wanted = NUMBER.findall(str(example)), NUMBER.findall(word)
    leaves = list(_leaves(example))
    places = [[at for at, part in leaves if f"{part:.10g}" == was] for was in were]
    for chosen in product(*places):
        if len(set(chosen)) < len(chosen):
            continue
        value = example
        try:
            for at, number in zip(chosen, wanted, strict=True):
                value = _with(value, at, number)
        except ValueError:
            continue
        if str(value) == word:
            return value
    return None


@cache
def value_of(word: str, hint: Any) -> Any:
    """The value of a type that is called so; None where none is."""
    shape = _shape(word)
    for kind in classes_of(hint):
        for example in examples(kind):
            if str(example) == word:
                return example
            if _shape(example) != shape:
                continue
            if (found := _renumbered(example, word)) is not None:
                return found
    return None


def vocabulary(hint: Any) -> list[str]:
    """Words of a type, for messages: what each of its classes is called at its defaults."""
    found = []
    for kind in classes_of(hint):
        default = _made(kind, {})
        found += [str(default)] if default is not None else []
    return found
