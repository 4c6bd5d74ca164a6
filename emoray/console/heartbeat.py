"""A sign of life from work that says nothing itself: a spinner on a terminal, lines in a log."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from emoray.console.wording import seconds

LOG_SECONDS = 30.0


@contextmanager
def waiting(
    console: Console, what: Callable[[], str], *, every: float = LOG_SECONDS
) -> Iterator[None]:
    """Say what is being done, as `what()` has it by then, until the block ends.

    In a log that is a line every so many seconds, and none where the block is quicker.
    """
    if console.is_terminal:
        with console.status(what(), refresh_per_second=1):  # others may be timing
            yield
        return
    stop, begun = threading.Event(), time.monotonic()

    def speak() -> None:
        while not stop.wait(every):
            told = f"… {what()} · {seconds(time.monotonic() - begun)} so far"
            console.print(told, highlight=False, markup=False, soft_wrap=True)

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
