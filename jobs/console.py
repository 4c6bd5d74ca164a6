"""How every job starts and ends.

Exit codes: 0 when done, 1 with one clear line for a user's mistake, 2 for one on the command line,
70 for a bug of emoray, 128 and the number of the signal that stopped it: 130 after Ctrl-C, 143
after SIGTERM, 141 where its output is no longer read.
"""

import gc
import inspect
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from jobs.declared import filled_settings, parameters_of
from jobs.errors import USAGE, in_words, usage_in_words
from jobs.reader import ended_by_reader, stopped_reading
from jobs.unset import unset_empty, without_empty

S = TypeVar("S")


def _end(message: str, code: int) -> NoReturn:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(code) from None


def _parsed(
    parse: Callable[..., Any], words: Sequence[str] | None, params: Sequence[Any], program: str
) -> NoReturn:
    """Parse and run; ends the process. A usage error is one line, exit code 2."""
    unset_empty()
    given = list(without_empty(sys.argv[1:] if words is None else words, params))
    try:
        with ended_by_reader():
            code = parse(given)
    except Exception as error:
        if not hasattr(error, "format_message"):  # the parser's own errors have it
            raise
        names = getattr(getattr(error, "param", None), "opts", ())
        _end(usage_in_words(error.format_message(), names, given, program), USAGE)
    raise SystemExit(code or 0)


class JobCommand(TyperCommand):
    """A command whose usage errors look as all others do."""

    def main(self, args: Sequence[str] | None = None, **settings: Any) -> Any:  # type: ignore[override]
        """Parse and run; ends the process."""
        parse = partial(super().main, **settings | {"standalone_mode": False})
        program = f"python -m jobs.{(self.name or '').replace('-', '_')}"
        _parsed(parse, args, self.params, program)


class JobGroup(TyperGroup):
    """The commands of a job that has several: `python -m jobs.release add`."""

    def main(self, args: Sequence[str] | None = None, **settings: Any) -> Any:  # type: ignore[override]
        """Parse and run the command that is named first; ends the process."""
        words = sys.argv[1:] if args is None else args
        if list(words[:1]) == ["--version"]:  # which each of its commands has too
            _print_version()
            raise SystemExit(0)
        parse = partial(super().main, **settings | {"standalone_mode": False})
        named = self.commands.get(words[0]) if words else None
        function = next(iter(self.commands.values())).callback
        assert function is not None
        file = inspect.unwrap(function).__code__.co_filename
        program = f"python -m jobs.{Path(file).stem}"
        of_all = f"{program} {words[0]}" if named else program
        _parsed(parse, words, named.params if named else self.params, of_all)


def _print_version() -> None:
    from emoray import __version__

    print(f"emoray {__version__}")


def _say_version(wanted: bool) -> None:
    if wanted:
        _print_version()
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_say_version, is_eager=True, help="Say emoray's version and exit."
    ),
]
Debug = Annotated[bool, typer.Option(help="Show the traceback of an error.")]
# What every job offers beside its settings.
OFFERED = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
    for name, kind in (("debug", Debug), ("version", Version))
)


class Job(typer.Typer):
    """A command line: `app = Job()`, then `@app.command(Settings, epilog=…)`, once or for each."""

    def __init__(self, *, epilog: str | None = None) -> None:
        """Make it; epilog: of the help of a job that has several commands."""
        super().__init__(
            epilog=epilog,
            add_completion=False,
            rich_markup_mode="markdown",
            pretty_exceptions_enable=False,
            cls=JobGroup,
        )

    def command(  # type: ignore[override]
        self,
        settings: type[S],
        *,
        epilog: str,
        name: str | None = None,
        at_once: Mapping[str, Callable[[], None]] | None = None,
    ) -> Callable[[Callable[[S], None]], Callable[[S], None]]:
        """Make the command line of a settings class, which runs the function below.

        Args:
            settings: the class.
            epilog: of the help.
            name: of the command, where it is not the function's.
            at_once: actions of switches in place of the job, by field.

        Returns:
            A decorator.
        """
        register = super().command(name, epilog=epilog, cls=JobCommand)

        def job(work: Callable[[S], None]) -> Callable[[S], None]:
            @wraps(work)
            def parsed(*, debug: bool, version: bool, **typed: Any) -> None:
                run_job(lambda: work(filled_settings(settings, typed)), debug=debug)

            parameters = [*parameters_of(settings, at_once or {}), *OFFERED]
            parsed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
            parsed.__annotations__ = {}
            register(parsed)
            return work

        return job


def run_job(work: Callable[[], None], *, debug: bool) -> None:
    """Run `work`; SIGTERM, as `ray job stop` and batch systems send it, ends it as Ctrl-C does.

    Args:
        work: the job.
        debug: raise errors with their traceback; else each is one line.

    Raises:
        SystemExit: with the exit code of the error or signal.
    """
    stopped_by: int = signal.SIGINT

    def interrupt(signum: int, frame: Any) -> None:
        nonlocal stopped_by
        stopped_by = signum
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)
    with ended_by_reader():
        try:
            work()
        except KeyboardInterrupt:
            print(
                "\nstopped. Finished stages are kept: run the same command again to go on.",
                file=sys.stderr,
            )
            gc.freeze()  # or the interpreter looks for garbage on its way out, for a second
            raise SystemExit(128 + stopped_by) from None
        except Exception as error:
            if debug or stopped_reading(error):
                raise
            _end(*in_words(error))
