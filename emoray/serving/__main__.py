"""The service without the jobs' command line, whose packages an image need not hold."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any, get_args

from emoray.options import Group, Option
from emoray.serving.extra import require_serve
from emoray.serving.settings import Service


def _default(one: Any) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


def _add(parser: argparse.ArgumentParser, settings: type, prefix: str = "") -> None:
    """An argument for each field of a settings class that is an option."""
    for one in fields(settings):
        kind, mark = get_args(one.type)
        if isinstance(mark, Group):
            _add(parser, kind, f"{one.name}.")
            continue
        assert isinstance(mark, Option)
        help_text = mark.help.replace("%", "%%")
        if mark.argument:
            parser.add_argument(prefix + one.name, metavar=mark.argument, help=help_text)
            continue
        names = mark.names or (f"--{one.name.replace('_', '-')}",)
        common = {"dest": prefix + one.name, "help": help_text, "default": _default(one)}
        if mark.variable:
            common["default"] = os.environ.get(mark.variable) or common["default"]
        if kind is bool:
            parser.add_argument(*names, action="store_true", **common)
            continue
        if common["default"] is not None and not mark.variable:
            common["help"] += "  [default: %(default)s]"
        typed = next(k for k in (get_args(kind) or (kind,)) if k is not type(None))
        parser.add_argument(*names, type=typed, metavar=typed.__name__.upper(), **common)


def _read(settings: type, found: dict[str, Any], prefix: str = "") -> Any:
    values = {
        one.name: (
            _read(get_args(one.type)[0], found, f"{one.name}.")
            if isinstance(get_args(one.type)[1], Group)
            else found[prefix + one.name]
        )
        for one in fields(settings)
    }
    return settings(**values)


def main(words: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m emoray.serving", description="Serve an artifact over HTTP."
    )
    _add(parser, Service)
    found = vars(parser.parse_args(words))
    try:
        service = _read(Service, found)
        require_serve()
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    from emoray.serving.server import serve_until_stopped

    return serve_until_stopped(service)


if __name__ == "__main__":
    sys.exit(main())
