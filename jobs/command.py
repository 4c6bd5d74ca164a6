"""One command for all jobs: `emoray sweep …` is `python -m jobs.sweep …`."""

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import jobs
from jobs.errors import USAGE
from jobs.reader import ended_by_reader


def all_jobs() -> dict[str, ModuleType]:
    """The jobs by the name that one types: `improve-f1` for `jobs/improve_f1.py`."""
    modules = (
        import_module(f"jobs.{m.name}") for m in iter_modules(jobs.__path__) if m.name[0] != "_"
    )
    return {m.__name__[5:].replace("_", "-"): m for m in modules if hasattr(m, "app")}


def _help() -> str:
    found = all_jobs()
    width = max(map(len, found))
    lines = [
        f"  {name:{width}}  {(module.__doc__ or '').strip().splitlines()[0]}"
        for name, module in found.items()
    ]
    return "\n".join(
        (
            "emoray JOB …: search, compress, compare and ship emotion classifiers.",
            "",
            *lines,
            "",
            "`emoray JOB --help` explains a job and its options, `emoray --version` the version.",
        )
    )


def main(words: Sequence[str] | None = None) -> None:
    """Run the job that the first word names; ends the process."""
    first, *rest = (sys.argv[1:] if words is None else words) or ["--help"]
    with ended_by_reader():
        if first in ("--help", "-h"):
            print(_help())
            raise SystemExit(0)
        if first == "--version":
            from emoray import __version__

            print(f"emoray {__version__}")
            raise SystemExit(0)
    name, found = first.replace("_", "-"), all_jobs()
    if name not in found:
        near = get_close_matches(name, found, n=1)
        say = f"do you mean {near[0]}?" if near else "`emoray --help` lists them"
        print(f"error: a job is named first, got {first!r}: {say}", file=sys.stderr)
        raise SystemExit(USAGE)
    sys.argv = [f"emoray {name}", *rest]
    found[name].app()


if __name__ == "__main__":
    main()
