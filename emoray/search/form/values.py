"""Values of the recipes' and decisions' classes in plain data, read and written by their types.

A value is a number, a word (`weighted_bce0.4`, as tables show it), or its class and fields:
`{type: WeightedBCE, power: 0.4}`. Several of a field that takes one are a list of choices; of a
field that takes several (`pools`) a list of lists.
"""

from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from emoray.quant.policy import Adaptive, Scheme
from emoray.quant.scheme import ModelScheme
from emoray.search.form.document import FormError, Trail, nearest
from emoray.search.form.schemes import name_of_scheme, scheme_called, short_names
from emoray.search.form.words import classes_of, value_of, vocabulary
from emoray.storage.store.keys import tag_of

TYPE = "type"
PLAIN: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
}


def hints_of(kind: Any) -> dict[str, Any]:
    """The type of each field of a dataclass, in their order."""
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}


def members(hint: Any) -> tuple[Any, ...]:
    """The types of a union; a type alone is its only one."""
    return (hint,) if isinstance(hint, type) or get_origin(hint) is tuple else get_args(hint)


def several(hint: Any) -> bool:
    """Whether a field takes several values."""
    return any(get_origin(part) is tuple for part in members(hint))


def allowed(hint: Any) -> str:
    """What a value of this type may be, in words."""
    plain = [PLAIN[part] for part in members(hint) if part in PLAIN]
    named = [*list(short_names())[:6], "…"] if hint == Scheme else vocabulary(hint)
    empty = ["nothing"] if type(None) in members(hint) else []
    return " or ".join([*plain, *([", ".join(named)] if named else []), *empty])


def _number(hint: Any, data: Any) -> Any:
    """The data as a plain type of the hint; None where it is of none."""
    kinds = members(hint)
    if isinstance(data, bool):
        return data if bool in kinds else None
    if isinstance(data, int) and int in kinds:
        return data
    if float in kinds:
        try:
            return float(data)  # YAML takes 1e-3 for text
        except (TypeError, ValueError):
            return None
    return None


def _refuse(hint: Any, data: Any, at: Trail, what: str) -> None:
    known = [*short_names()] if hint == Scheme else vocabulary(hint)
    more = f": {nearest(data, known)}" if isinstance(data, str) and known else ""
    raise FormError(at, f"{what} is {allowed(hint)}, got {data!r}{more}")


def read_value(hint: Any, data: Any, at: Trail) -> Any:
    """Read one value.

    Args:
        hint: its type.
        data: a number, a word, a mapping with `type`, a list for a field that takes several, or
            the value itself, from Python.
        at: where it stands.

    Returns:
        The value; a FormError is raised where it is none of this type.
    """
    what = str(next((k for k in reversed(at) if isinstance(k, str)), "a value"))
    if several(hint):
        return _several(hint, data, at)
    if isinstance(data, tuple(classes_of(hint))) or (data is None and type(None) in members(hint)):
        return data
    if isinstance(data, dict) and (kinds := classes_of(hint)):
        return _structured(kinds, data, at, what)
    if (number := _number(hint, data)) is not None:
        return number
    found = None
    if isinstance(data, str):
        found = scheme_called(data) if hint == Scheme else value_of(data, hint)
        if found is None and str in members(hint):
            found = data
    if found is None:
        _refuse(hint, data, at, what)
    return found


def _several(hint: Any, data: Any, at: Trail) -> tuple[Any, ...]:
    (kind,) = (part for part in members(hint) if get_origin(part) is tuple)
    inner = get_args(kind)
    parts = data if isinstance(data, list | tuple) else [data]
    if inner[-1] is Ellipsis:
        return tuple(read_value(inner[0], part, (*at, i)) for i, part in enumerate(parts))
    if len(parts) != len(inner):
        raise FormError(at, f"{at[-1]} holds lists of {len(inner)}, got one of {len(parts)}")
    pairs = enumerate(zip(inner, parts, strict=True))
    return tuple(read_value(each, part, (*at, i)) for i, (each, part) in pairs)


def _structured(kinds: list[type], data: dict[str, Any], at: Trail, what: str) -> Any:
    known = {tag_of(kind): kind for kind in kinds}
    tag = data.get(TYPE, next(iter(known)) if len(known) == 1 else None)
    if tag not in known:
        raise FormError(
            (*at, TYPE) if TYPE in data else at,
            f"{what} has one of the types {', '.join(known)}, got {tag!r}: {nearest(tag, known)}",
        )
    given = {name: value for name, value in data.items() if name != TYPE}
    hints = hints_of(known[tag])
    for name in given:
        require_known(name, hints, at, f"{tag}")
    values = {name: read_value(hints[name], v, (*at, name)) for name, v in given.items()}
    return built(known[tag], values, at)


def require_known(name: str, known: Any, at: Trail, what: str) -> None:
    """Refuse a key that is none."""
    if name not in known:
        names, do = ", ".join(known) or "no fields", nearest(name, known) if known else "drop it"
        raise FormError((*at, name), f"{what} has {names}, got {name!r}: {do}")


def built(kind: type, values: dict[str, Any], at: Trail) -> Any:
    """The value of a class; what it refuses is said where it stands."""
    try:
        return kind(**values)
    except TypeError as error:
        raise FormError(at, f"{tag_of(kind)} lacks a field ({error}): write it") from error
    except ValueError as error:
        first = str(error).split(" ", 1)[0]
        inner = first in values and at[-1:] != (first,)
        raise FormError((*at, first) if inner else at, str(error)) from error


def written_value(value: Any, hint: Any) -> Any:
    """A value as plain data that `read_value` reads as the same."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        (kind,) = (part for part in members(hint) if get_origin(part) is tuple)
        inner = get_args(kind)
        each = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return [written_value(part, h) for part, h in zip(value, each, strict=True)]
    assert is_dataclass(value) and not isinstance(value, type)
    if isinstance(value, ModelScheme | Adaptive):
        if (name := name_of_scheme(value)) is not None:
            return name
    elif value_of(str(value), hint) == value:
        return str(value)
    return {TYPE: tag_of(type(value)), **changed(value)}


def default_of(kind: type, name: str) -> Any:
    """The default of a field; MISSING where it has none."""
    (found,) = (f for f in fields(kind) if f.name == name)
    return found.default if found.default_factory is MISSING else found.default_factory()


def changed(value: Any) -> dict[str, Any]:
    """The fields of a value that differ from its class's defaults, as plain data."""
    kind, hints = type(value), hints_of(type(value))
    found = {name: getattr(value, name) for name in hints}
    return {
        name: written_value(part, hints[name])
        for name, part in found.items()
        if part != default_of(kind, name)
    }


def choices(hint: Any, data: Any, at: Trail) -> tuple[Any, ...]:
    """Read the values that a field may have: several are a list."""
    lists = isinstance(data, list) and (
        not several(hint) or any(isinstance(part, list | tuple) for part in data)
    )
    if not lists:
        return (read_value(hint, data, at),)
    if not data:
        raise FormError(at, f"{at[-1]} has values, got an empty list: name one, or leave it out")
    return tuple(read_value(hint, part, (*at, i)) for i, part in enumerate(data))
