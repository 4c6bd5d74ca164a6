"""Trials that die between the moment a stage is published and the moment its rows are written."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emoray.fleet import trials
from emoray.fleet.trials import Desk


def once(mark: Path) -> bool:
    """Whether this is the first time that anyone asks."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@contextmanager
def _before_rows(strike: Callable[[Desk], None]) -> Iterator[None]:
    write_rows = trials.write_rows

    def strike_first(desk: Desk, *rest: Any) -> Any:
        strike(desk)
        return write_rows(desk, *rest)

    trials.write_rows = strike_first
    try:
        yield
    finally:
        trials.write_rows = write_rows


def kills_itself(config: dict[str, str], *, desk: Desk, **space: Any) -> None:
    """A grid trial whose process is killed once in the run, a model published and not written."""

    def strike(desk: Desk) -> None:
        if once(desk.run_folder / "_killed_trial"):
            os.kill(os.getpid(), signal.SIGKILL)

    with _before_rows(strike):
        trials.grid_trial(config, desk=desk, **space)


def kills_its_driver(config: dict[str, str], *, desk: Desk, **space: Any) -> None:
    """A grid trial that kills the driver, by the number in `_driver`, at the same point."""

    def strike(desk: Desk) -> None:
        if once(desk.run_folder / "_killed_driver"):
            os.kill(int((desk.run_folder / "_driver").read_text()), signal.SIGKILL)
            signal.pause()  # the raylet notices that its driver is gone

    with _before_rows(strike):
        trials.grid_trial(config, desk=desk, **space)
