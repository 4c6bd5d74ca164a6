"""The service without the jobs' command line, whose packages an image need not hold."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING
from typing import Any, get_args

from emoray.options import Declared, Option, filled, options_of
from emoray.serving.extra import require_serve
from emoray.serving.settings import Service


def _number(kind: type, option: Option) -> Callable[[str], Any]:
    """Reads a value of the type, within the limits of the option."""

    def read(typed: str) -> Any:
        value = kind(typed)
        if option.least is not None and value < option.least:
            raise argparse.ArgumentTypeError(f"must be at least {option.least}, got {value}")
        if option.most is not None and value > option.most:
            raise argparse.ArgumentTypeError(f"must be at most {option.most}, got {value}")
        return value

    read.__name__ = kind.__name__  # argparse names it where the value is none
    return read


def _add(parser: argparse.ArgumentParser, one: Declared) -> None:
    option, help_text = one.option, one.option.help.replace("%", "%%")
    if option.argument:
        parser.add_argument(one.parameter, metavar=option.argument, help=help_text)
        return
    assert one.default is not MISSING
    names = option.names or (f"--{one.path[-1].replace('_', '-')}",)
    settings: dict[str, Any] = {"dest": one.parameter, "default": one.default}
    if one.kind is bool:
        parser.add_argument(*names, action="store_true", help=help_text, **settings)
        return
    if option.variable:
        settings["default"] = os.environ.get(option.variable) or one.default
    elif one.default is not None:
        help_text += "  [default: %(default)s]"
    kind = next(k for k in (get_args(one.kind) or (one.kind,)) if k is not type(None))
    settings |= {"type": _number(kind, option), "metavar": kind.__name__.upper()}
    parser.add_argument(*names, help=help_text, **settings)


def add_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Have a parser know all options of a service."""
    for one in options_of(Service):
        _add(parser, one)
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m emoray.serving", description="Serve an artifact over HTTP."
    )
    found = vars(add_options(parser).parse_args(words))
    try:
        service = filled(Service, found)
        require_serve()
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    from emoray.serving.server import serve_until_stopped

    return serve_until_stopped(service)


if __name__ == "__main__":
    sys.exit(main())
