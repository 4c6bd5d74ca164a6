"""The command line of a job, made of the fields of its settings, and the settings of what is typed.

A field is an option where its type is `Annotated` with an `Option`, several with a `Group`.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import typer

from emoray.options import Group, Option
from emoray.storage.location import place_of
from emoray.storage.s3 import S3Folder

S = TypeVar("S")
USUAL_NAME = "{usual}"  # in a help text: replaced by the class' default name of a run's folder


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


def _typed(kind: Any) -> Any:
    """The type that the parser reads for a field's type."""
    if get_origin(kind) is tuple:
        return list[_typed(get_args(kind)[0])]  # type: ignore[misc]
    if S3Folder in get_args(kind):
        return str
    return kind


def _word(value: Any) -> Any:
    """A default as it would be typed."""
    if isinstance(value, tuple):
        return [_word(each) for each in value]
    return str(value) if isinstance(value, Path | S3Folder) else value


def _read(kind: Any, typed: Any) -> Any:
    """Convert a typed value to the field's type."""
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], each) for each in typed or ())
    if S3Folder in get_args(kind) and typed is not None:
        return place_of(typed)
    return typed


def _parameter(one: Declared, usual: str, at_once: Callable[[], None] | None) -> inspect.Parameter:
    option, kind = one.option, _typed(one.kind)
    default = one.default if one.default is MISSING else _word(one.default)
    if default is None or default == []:
        kind, default = kind | None, None
    settings: dict[str, Any] = {"help": option.help.replace(USUAL_NAME, usual)}
    settings |= {"show_default": False} if "[default:" in option.help else {}
    limits = {"min": option.least, "max": option.most}
    settings |= {name: limit for name, limit in limits.items() if limit is not None}
    if option.variable:
        settings["envvar"] = option.variable
    mark: Any
    if option.argument:
        mark = typer.Argument(metavar=option.argument, **settings)
    else:
        if at_once is not None:
            settings |= {"is_eager": True, "callback": _ending(at_once)}
        # The parser's own name for it comes of the field, which may be a word of Python's.
        names = option.names or (f"--{one.path[-1].replace('_', '-')}",)
        if bool in (kind, *get_args(kind)) and not option.names:
            names = (f"{names[0]}/--no-{names[0][2:]}",)
        mark = typer.Option(*names, **settings)
    return inspect.Parameter(
        one.parameter,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is MISSING else default,
        annotation=Annotated[kind, mark],
    )


def _ending(act: Callable[[], None]) -> Callable[[bool], None]:
    def ended(asked: bool) -> None:
        if asked:
            act()
            raise typer.Exit

    return ended


def parameters_of(
    settings: type, at_once: Mapping[str, Callable[[], None]]
) -> list[inspect.Parameter]:
    """Parameters of the command line's function; `at_once` are actions of switches, by field."""
    usual = getattr(settings, "USUAL_NAME", "")
    return [_parameter(one, usual, at_once.get(one.path[0])) for one in options_of(settings)]


def filled_settings(settings: type[S], typed: Mapping[str, Any]) -> S:
    """The settings of a job from the values of its command line; ValueError for a mistake."""
    values: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for one in options_of(settings):
        value = _read(one.kind, typed[one.parameter])
        first, *inner = one.path
        if inner:
            groups.setdefault(first, {})[inner[0]] = value
        else:
            values[first] = value
    kinds = {one.name: found[0] for one in fields(settings) if (found := _marked(one))}  # type: ignore[arg-type]
    for name, inner_values in groups.items():
        cls = _class_of(kinds[name])
        values[name] = getattr(cls, "from_options", cls)(**inner_values)
    return settings(**values)
