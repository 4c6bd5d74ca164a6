"""How far long work is: one look for all of it, a bar on a terminal and lines in a log."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar

from emoray.console.wording import seconds as duration

LOG_SECONDS = 30.0  # between two lines of a log
TICK_SECONDS = 1.0  # between two looks; others may be timing
Say = Callable[[str], None]  # `Progress.step` of the work that a function is part of


def time_left(done: int, total: int, seconds: float) -> float | None:
    """Seconds left at the pace so far; None before anything is done."""
    return seconds / done * max(0, total - done) if done else None


def progress_line(
    what: str,
    unit: str,
    done: int,
    total: int | None,
    notes: str,
    seconds: float,
    left: float | None,
) -> str:
    """Say in one line how far the work is.

    Args:
        what: is being done, before the count.
        unit: of what is counted; empty where nothing is.
        done: of them.
        total: of them, where it is known.
        notes: behind the count.
        seconds: since the work began.
        left: seconds until it ends; None as long as nothing is known that they could follow from.

    Returns:
        `what 5/10 units · notes · ETA 1:05`, or with the time spent where none is known.
    """
    count = f"{done:,}{f'/{total:,}' if total else ''} {unit}" if unit else ""
    end = f"{duration(seconds)} so far"
    if left is not None:
        end = f"ETA {int(left) // 60}:{int(left) % 60:02d}"
    return " · ".join(part for part in (f"{what} {count}".strip(), notes, end) if part)


class Progress:
    """What is shown of one piece of work. Any thread may update it, as often as it likes.

    `found` of what is done was finished before this work began, and says nothing of its pace;
    `forecast`, where it is set, tells the seconds left better than the pace can.
    """

    def __init__(
        self, console: Console, what: str, *, unit: str, total: int | None, every: float
    ) -> None:
        self.what, self.unit, self.notes = what, unit, ""
        self.done, self.found, self.total = 0, 0, total
        self.forecast: Callable[[], float | None] | None = None
        self._console, self._every, self._lock = console, every, threading.Lock()
        self._began = self._spoken = time.monotonic()
        columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}", markup=False))
        self.bar = Bar(
            *columns,
            console=console,
            transient=True,
            refresh_per_second=1,
            disable=not console.is_terminal,
        )
        self._task = self.bar.add_task(self.line, total=total)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    @property
    def line(self) -> str:
        """How far it is, now."""
        return progress_line(
            *(self.what, self.unit, self.done, self.total, self.notes, self.seconds, self.left)
        )

    @property
    def left(self) -> float | None:
        """Seconds until it ends, where something is known of that."""
        if self.forecast is not None:
            return self.forecast()
        if not (self.unit and self.total):
            return None
        return time_left(self.done - self.found, self.total - self.found, self.seconds)

    def update(self, done: int | None = None, *, notes: str | None = None, found: int = 0) -> None:
        """Say how much is done by now, and what stands behind the count."""
        self.done = self.done if done is None else done
        self.notes = self.notes if notes is None else notes
        self.found = found or self.found
        self.draw()

    def step(self, what: str) -> None:
        """Say what is done from now on: the next of `total` steps, a line of its own in a log."""
        self.done += bool(self.what)
        self.what = what
        if self._console.is_terminal:
            self.draw()
        else:
            self._say(f"… {what}")

    def draw(self) -> None:
        """Show it as it is now; in a log once in a while."""
        if self._console.is_terminal:
            self.bar.update(
                self._task, completed=self.done, total=self.total, description=self.line
            )
        elif time.monotonic() - self._spoken >= self._every:
            self.say()

    def say(self) -> None:
        """Print the line that a log gets."""
        self._say(self.line if self.unit else f"… {self.line}")

    def _say(self, text: str) -> None:
        with self._lock:
            self._spoken = time.monotonic()
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def progress(
    console: Console,
    what: str = "",
    *,
    unit: str = "",
    total: int | None = None,
    look: Callable[[Progress], None] | None = None,
    every: float | None = None,
) -> Iterator[Progress]:
    """Show how far the block is, until it ends. A log gets nothing where the block is quick.

    Args:
        console: a terminal gets a bar, which goes when the block ends; a log gets lines.
        what: is being done.
        unit: of what is counted, in the plural; without one the time spent is said alone.
        total: how many there are, for the time left.
        look: brings it up to date, once a second; none where the block calls `update` or `step`.
        every: seconds between two lines of a log, `LOG_SECONDS` where it is None.

    Yields:
        What is shown, to be updated by the block.
    """
    every = LOG_SECONDS if every is None else every
    shown, stop = Progress(console, what, unit=unit, total=total, every=every), threading.Event()

    def follow() -> None:
        while not stop.wait(min(max(every, 0.01), TICK_SECONDS)):
            if look is not None:
                look(shown)
            shown.draw()

    with shown.bar:
        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield shown
        finally:
            stop.set()
            thread.join(timeout=15)
