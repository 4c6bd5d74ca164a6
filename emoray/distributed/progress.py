"""Where the run stands: a live bar on a terminal, one line per half minute in a log."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from emoray.distributed.single_flight import Status
from emoray.distributed.stages import Stages

LOG_SECONDS = 30.0
POLL_SECONDS = 1.0


def eta(done: int, total: int, seconds: float) -> str:
    """Time left at the pace so far, `1:05`; a dash before anything is done."""
    if not done or done >= total:
        return "-" if not done else "0:00"
    left = int(seconds / done * (total - done))
    return f"{left // 60}:{left % 60:02d}"


def line(status: Status, total: int, seconds: float) -> str:
    """One line for a log: done/total, cached, failed, best score, time left."""
    running = ", ".join(sorted(set(status.running))) or "waiting"
    return (
        f"{status.models}/{total} models · {status.points:,} points · {status.run} stages run, "
        f"{status.cached} cached, {status.failed} failed · best dev macro-F1 {status.best:.4f} · "
        f"{running} · ETA {eta(status.models, total, seconds)}"
    )


@contextmanager
def following(stages: Stages, total: int, console: Console) -> Iterator[None]:
    """Show progress while the block runs."""
    stop, start = threading.Event(), time.monotonic()
    live = console.is_terminal
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        disable=not live,
    )

    def follow() -> None:
        task = bar.add_task("models", total=total)
        spoken = time.monotonic()
        while not stop.wait(POLL_SECONDS):
            status = stages.status()
            text = line(status, total, time.monotonic() - start)
            bar.update(task, completed=status.models, description=text.split(" · ", 1)[1])
            if not live and time.monotonic() - spoken >= LOG_SECONDS:
                console.print(text, highlight=False, soft_wrap=True)
                spoken = time.monotonic()

    with bar:
        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(timeout=15)
