"""`jobs.sweep` that meets a fault at one moment of its end: `python -m tests.faults.ending MOMENT
FAULT --space …`."""

import errno
import importlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs.sweep import app

# The module and function, and which call of it the fault comes before.
MOMENTS = {
    "merging": ("emoray.tables.compact", "write_chunks", 4),
    "shipping": ("emoray.workflows.ship_front", "give_card", 2),
    "predicting": ("emoray.stages.predictions", "write_table", 1),
    "drawing": ("emoray.report.page", "save_png", 3),
}
FILLER = "filler"


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fill() -> None:
    """Take all the room that is left on the file system of the results."""
    size = 1 << 20
    with (Path(sys.argv[sys.argv.index("--out") + 1]) / FILLER).open("ab", 0) as filler:
        while size:
            try:
                filler.write(b"x" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                size //= 2


FAULTS: dict[str, Callable[[], None]] = {"kill": kill, "fill": fill}


def struck(whole: Callable[..., Any], call: int, fault: Callable[[], None]) -> Callable[..., Any]:
    calls = 0

    def function(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            fault()
        return whole(*args, **kwargs)

    return function


if __name__ == "__main__":
    moment, fault, *sys.argv[1:] = sys.argv[1:]
    name, function, call = MOMENTS[moment]
    module = importlib.import_module(name)
    setattr(module, function, struck(getattr(module, function), call, FAULTS[fault]))
    app()
