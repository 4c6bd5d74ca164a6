"""Each stage made once: a second request awaits the first.

Only paths and small facts travel; the store is the truth. Any event loop and any runner of a stage
will do: `Stages` gives it a loop of its own and Ray's workers.
"""

import asyncio
import errno
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from emoray.storage.location import Place
from emoray.storage.store.keys import Stage, inputs_of, key_of, name_in
from emoray.storage.store.local import Done
from emoray.storage.store.opening import open_store

FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}  # the disk, the largest file, the user's share


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCounts:
    """How many stages of one name ended, how many of these ran, and for how long together."""

    ended: int = 0
    run: int = 0
    wall_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What was done so far; seconds are summed over stages that ran.

    Attributes:
        run: stages that ran.
        cached: stages found in the store.
        failed: stages that failed.
        running: names of the stages that run now.
        wall_seconds: of stages that ran.
        cpu_seconds: of stages that ran.
        models: models whose points are written.
        points: of these models.
        best: best dev macro-F1 of these points.
        full: why nothing more runs, once a disk was full.
        stages: counts by the stages' names.
    """

    run: int = 0
    cached: int = 0
    failed: int = 0
    running: tuple[str, ...] = ()
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    models: int = 0
    points: int = 0
    best: float = 0.0
    full: str = ""
    stages: Mapping[str, StageCounts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """A stage that could not be made, by its name and the first line of its error."""

    stage: str
    error: str


@dataclass(slots=True, kw_only=True)
class Tally:
    """What `Status` counts, each thing under its key: counted again, it counts once.

    Attributes:
        made: key of a stage -> wall and processor seconds.
        cached: keys of stages found in the store.
        failed: keys of stages that failed.
        models: model -> number of its points, best dev macro-F1 among them.
    """

    made: dict[str, tuple[float, float]] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    models: dict[str, tuple[int, float]] = field(default_factory=dict)

    def counts(self) -> dict[str, StageCounts]:
        """Counts by the stages' names."""
        ended = Counter(name_in(key) for key in {*self.made, *self.cached, *self.failed})
        run = Counter(map(name_in, self.made))
        seconds: defaultdict[str, float] = defaultdict(float)
        for key, (wall, _) in self.made.items():
            seconds[name_in(key)] += wall
        return {
            name: StageCounts(ended=ended[name], run=run[name], wall_seconds=seconds[name])
            for name in ended
        }

    def status(self, running: tuple[str, ...], full: str) -> Status:
        """Sum up."""
        return Status(
            run=len(self.made),
            cached=len(self.cached - set(self.made)),
            failed=len(self.failed - set(self.made)),
            running=running,
            wall_seconds=sum(wall for wall, _ in self.made.values()),
            cpu_seconds=sum(cpu for _, cpu in self.made.values()),
            models=len(self.models),
            points=sum(points for points, _ in self.models.values()),
            best=max((best for _, best in self.models.values()), default=0.0),
            full=full,
            stages=self.counts(),
        )


Begun = Callable[[], None]  # a runner calls it when the stage has left the queue
Runner = Callable[[Place, Stage, Begun], Awaitable[Done]]


class SingleFlight:
    """Find or make stages, each once however many ask. One event loop owns it."""

    def __init__(self, store: Place, runner: Runner) -> None:
        self.place = store
        self.store = open_store(store)
        self.runner = runner
        self.tally = Tally()
        self.flights: dict[str, asyncio.Task[Done | Failed]] = {}
        self.running: dict[str, str] = {}
        self.full = ""

    async def make(self, stage: Stage) -> Done | Failed:
        """The finished stage, or what stopped it. Never raises for a stage's own error."""
        flight = self.flights.get(key_of(stage))
        if flight is not None and flight.done():
            await self._damaged(stage, self.store.seek)
        return await asyncio.shield(self._flight(stage))

    def _flight(self, stage: Stage) -> asyncio.Task[Done | Failed]:
        key = key_of(stage)
        if key not in self.flights:
            self.flights[key] = asyncio.get_running_loop().create_task(self._make(stage, key))
        return self.flights[key]

    async def _damaged(self, stage: Stage, look: Callable[[Stage], Done | None]) -> bool:
        """Whether a stage that was made is no longer whole.

        Its flight is then forgotten, so that the next request makes it again.

        Args:
            stage: its flight may be unknown, or under way.
            look: finds the stage in the store, None where it is missing or damaged.

        Returns:
            False for a stage that is whole, or that failed.
        """
        flight = self.flights.get(key := key_of(stage))
        if flight is None or not flight.done():
            return True  # forgotten a moment ago, or on its way again
        if isinstance(flight.result(), Failed):
            return False
        if await asyncio.to_thread(look, stage) is not None:
            return False
        if self.flights.get(key) is flight:
            del self.flights[key]
        return True

    async def _make(self, stage: Stage, key: str) -> Done | Failed:
        try:
            if done := await self._found(stage):
                self.tally.cached.add(key)
                return done
            if failed := await self._failed_input(stage):
                return failed
            try:
                done = await self._run(stage, key)
            except Exception:
                needs, find = inputs_of(stage).values(), self.store.find  # to the last byte
                damaged = [await self._damaged(needed, find) for needed in needs]
                if not any(damaged):
                    raise
                if failed := await self._failed_input(stage):
                    return failed
                done = await self._run(stage, key)
        except Exception as error:
            inner = innermost(error)
            if isinstance(inner, OSError) and inner.errno in FULL:
                self.full = first_line(error)
            self.tally.failed.add(key)
            with suppress(OSError):  # on a full disk the run stops, and its counts with it
                await asyncio.to_thread(self.store.record_failed, stage, first_line(error))
            return Failed(stage.name, first_line(error))
        if done.cached:  # by another job, meanwhile
            self.tally.cached.add(key)
        else:
            self.tally.made[key] = (done.wall_seconds, done.cpu_seconds)
        return done

    async def _found(self, stage: Stage) -> Done | None:
        """Find the stage in the store, checked in a thread.

        Most are not there, which a disk shows at once: a thread would cost more than the look.

        Returns:
            The finished stage, None where it is missing or damaged.
        """
        if isinstance(self.place, Path) and not self.store.folder(stage).exists():
            return None
        return await asyncio.to_thread(self.store.seek, stage)

    async def _failed_input(self, stage: Stage) -> Failed | None:
        """Make the inputs; return the first that failed."""
        if self.full:
            return Failed(stage.name, self.full)
        flights = [self._flight(needed) for needed in inputs_of(stage).values()]
        for flight in flights:
            if isinstance(made := await asyncio.shield(flight), Failed):
                return made
        return None

    async def _run(self, stage: Stage, key: str) -> Done:
        try:
            return await self.runner(self.place, stage, partial(self._begun, key, stage.name))
        finally:
            self.running.pop(key, None)

    def _begun(self, key: str, name: str) -> None:
        self.running[key] = name

    async def count_model(self, model: str, points: int, best: float) -> None:
        """Count a finished model: how many points, and the best dev macro-F1 among them."""
        self.tally.models[model] = (points, best)

    async def status(self) -> Status:
        """What was done so far, and what is running."""
        return self.tally.status(tuple(self.running.values()), self.full)


def innermost(error: BaseException) -> BaseException:
    """The original error: a task's error holds the one of its stage."""
    cause = getattr(error, "cause", None) or error.__cause__
    if isinstance(cause, BaseException) and cause is not error:
        return innermost(cause)
    return error


def first_line(error: BaseException) -> str:
    """The innermost message of an error, one line: what a table can hold."""
    error = innermost(error)
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:300]
