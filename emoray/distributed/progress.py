"""Where a run stands, as its stages tell it."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from emoray.console.progress import Progress, progress
from emoray.distributed.single_flight import Status
from emoray.distributed.stages import Stages


def status_words(status: Status) -> str:
    """Say what stands behind the count of models: points, stages, best score, what runs."""
    running = ", ".join(sorted(set(status.running))) or "waiting"
    return (
        f"{status.points:,} points · {status.run} stages run, {status.cached} cached, "
        f"{status.failed} failed · best dev macro-F1 {status.best:.4f} · {running}"
    )


@contextmanager
def following(stages: Stages, total: int, console: Console) -> Iterator[None]:
    """Show progress while the block runs."""

    def look(shown: Progress) -> None:
        status = stages.status()
        shown.update(status.models, notes=status_words(status))

    with progress(console, unit="models", total=total, look=look):
        yield
