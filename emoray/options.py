"""An option of a job, declared once, on the field of the settings that it fills.

A field says `layers: Annotated[tuple[int, ...], Option(help="Hidden layers.")] = ()`; the command
line of a job is made of the fields of its settings (`jobs/declared.py`, and
`emoray/serving/__main__.py` where no job is installed).
"""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from typing import Annotated, Any, TypeVar, get_args, get_origin

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How a command line asks for a field.

    Attributes:
        help: what `--help` says of it, Markdown.
        names: as they are typed, `--field-name` where none is given; a switch with names has no
            `--no-` form.
        argument: its name in the usage line, for one that is given by position.
        least: of a number.
        most: of a number.
        variable: of the environment, read where the option is left out.
    """

    help: str
    names: tuple[str, ...] = ()
    argument: str | None = None
    least: float | None = None
    most: float | None = None
    variable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A field that is built of several options: those of its own class.

    Attributes:
        only: the fields that this job asks for; all where empty.
        instead: options by field that this job declares differently.
    """

    only: tuple[str, ...] = ()
    instead: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One option: where its value goes, its type and its default."""

    path: tuple[str, ...]
    kind: Any
    default: Any
    option: Option

    @property
    def parameter(self) -> str:
        """Name of the command line function's parameter."""
        return "__".join(self.path)


def _marked(one: Field[Any]) -> tuple[Any, Option | Group] | None:
    """Type and mark of a field; None for one without an option."""
    if get_origin(one.type) is not Annotated:
        return None
    kind, *marks = get_args(one.type)
    return next(((kind, m) for m in marks if isinstance(m, Option | Group)), None)


def _ordered(settings: type) -> list[Field[Any]]:
    """Fields of the class itself first, then those that it shares with others."""
    every = {one.name: one for one in fields(settings)}
    names = [n for cls in settings.__mro__ for n in inspect.get_annotations(cls) if n in every]
    return [every[name] for name in dict.fromkeys(names)]


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


def _class_of(kind: Any) -> type:
    """`Cluster` of `Cluster` and of `Cluster | None`."""
    return next(k for k in (get_args(kind) or (kind,)) if k is not type(None))


def options_of(settings: type) -> Iterator[Declared]:
    """Every option of a settings class, in the order in which help names them."""
    for one in _ordered(settings):
        if (found := _marked(one)) is None:
            continue
        kind, mark = found
        if isinstance(mark, Option):
            yield Declared(path=(one.name,), kind=kind, default=_default(one), option=mark)
            continue
        optional = type(None) in get_args(kind)
        for inner in options_of(_class_of(kind)):
            name = inner.path[0]
            if mark.only and name not in mark.only:
                continue
            missing = inner.default is MISSING and optional
            yield replace(
                inner,
                path=(one.name, *inner.path),
                default=None if missing else inner.default,
                option=mark.instead.get(name, inner.option),
            )


def filled(settings: type[S], values: Mapping[str, Any]) -> S:
    """Build settings, and the groups in them, from the value of each option.

    Args:
        settings: a class whose options `options_of` lists.
        values: by `Declared.parameter`.

    Returns:
        The settings. A value that they refuse is a ValueError.
    """
    own: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for one in options_of(settings):
        first, *inner = one.path
        at = groups.setdefault(first, {}) if inner else own
        at[inner[0] if inner else first] = values[one.parameter]
    kinds = {one.name: found[0] for one in fields(settings) if (found := _marked(one))}  # type: ignore[arg-type]
    for name, inner_values in groups.items():
        cls = _class_of(kinds[name])
        own[name] = getattr(cls, "from_options", cls)(**inner_values)
    return settings(**own)
