"""The command line of a job, made of the fields of its settings, and the settings of what is typed.

A field is an option where its type is `Annotated` with an `Option`, several with a `Group`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import typer

from emoray.options import Declared, filled, options_of
from emoray.storage.location import place_of
from emoray.storage.s3 import S3Folder

S = TypeVar("S")
USUAL_NAME = "{usual}"  # in a help text: replaced by the class' default name of a run's folder


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
    options = list(options_of(settings))
    return filled(
        settings, {one.parameter: _read(one.kind, typed[one.parameter]) for one in options}
    )
