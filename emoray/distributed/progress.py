"""Where a run stands, as its stages tell it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

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


@dataclass(slots=True, kw_only=True)
class StageForecast:
    """How long the stages of a plan will take, by what such stages took so far.

    Models do not tell: a training opens many of them at once, and what is found takes no time.

    Attributes:
        planned: how many stages of each name belong to the models.
        models: how many models.
        began: seconds of the clock, and of stages that had run, at the first look that found any.
    """

    planned: Mapping[str, int]
    models: int
    began: tuple[float, float] | None = field(default=None)

    def left(self, status: Status, now: float) -> float | None:
        """Seconds left.

        Args:
            status: what was done so far.
            now: seconds of a clock.

        Returns:
            None until a stage of each name that is still to be made has run.
        """
        if self.began is None and status.run:
            self.began = now, status.wall_seconds
        since, before = self.began or (now, 0.0)
        if now <= since or status.wall_seconds <= before:
            return None
        share = max(0, self.models - status.models) / self.models  # a model found needs no stage
        work = 0.0
        for name, planned in self.planned.items():
            of = status.stages.get(name)
            if left := min(planned - (of.ended if of else 0), share * planned):
                if of is None or not of.run:
                    return None
                work += max(0.0, left) * of.wall_seconds / of.run
        return work * (now - since) / (status.wall_seconds - before)


@contextmanager
def following(
    stages: Stages, total: int, console: Console, planned: Mapping[str, int] | None = None
) -> Iterator[None]:
    """Show progress while the block runs.

    Args:
        stages: tell what was done.
        total: how many models there will be.
        console: the terminal.
        planned: how many stages of each name belong to them, if that is known: the time left then
            follows from these, else from the pace of the models.
    """
    forecast = StageForecast(planned=planned, models=total) if planned else None

    def look(shown: Progress) -> None:
        status = stages.status()
        if forecast is not None:
            left = forecast.left(status, shown.seconds)
            shown.forecast = lambda: left
        shown.update(status.models, notes=status_words(status))

    with progress(console, unit="models", total=total, look=look):
        yield
