"""The actor that makes each stage once: who asks second awaits the first's task.

It holds no CPU; a stage runs as a Ray task that holds what the stage says it needs, so waiting
trials hold nothing and cannot block each other. Only paths and small facts travel; the store is the
truth.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import ray

from emoray.trial.store import Done, Stage, Store, inputs_of, key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the fleet has done so far; seconds are summed over stages that ran."""

    run: int = 0
    cached: int = 0
    failed: int = 0
    running: tuple[str, ...] = ()
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    models: int = 0
    points: int = 0
    best: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    """A stage that could not be made, by its name and the first line of its error."""

    stage: str
    error: str


def run_stage(root: Path, stage: Stage) -> Done:
    """One stage in this process; its inputs are in the store."""
    return Store(root).run(stage)


STAGE_TASK = ray.remote(run_stage)  # once: Ray exports every remote function anew
Runner = Callable[[Path, Stage], Awaitable[Done]]


async def as_ray_task(root: Path, stage: Stage) -> Done:
    """Run a stage on a worker with one CPU; a worker that dies is replaced twice."""
    task = STAGE_TASK.options(num_cpus=getattr(stage, "cpus", 1), max_retries=2, name=stage.name)
    done: Done = await task.remote(root, stage)
    return done


class SingleFlight:
    """Find or make stages, each once however many ask. One event loop owns it."""

    def __init__(self, root: Path, runner: Runner = as_ray_task) -> None:
        self.store = Store(root)
        self.runner = runner
        self.flights: dict[str, asyncio.Task[Done | Failed]] = {}
        self.running: dict[str, str] = {}
        self.run = self.cached = self.failed = self.models = self.points = 0
        self.wall_seconds = self.cpu_seconds = self.best = 0.0

    async def make(self, stage: Stage) -> Done | Failed:
        """The finished stage, or what stopped it. Never raises for a stage's own error."""
        return await asyncio.shield(self._flight(stage))

    def _flight(self, stage: Stage) -> asyncio.Task[Done | Failed]:
        key = key_of(stage)
        if key not in self.flights:
            self.flights[key] = asyncio.get_running_loop().create_task(self._make(stage, key))
        return self.flights[key]

    async def _make(self, stage: Stage, key: str) -> Done | Failed:
        try:
            if done := await asyncio.to_thread(self.store.find, stage):
                self.cached += 1
                return done
            flights = [asyncio.shield(self._flight(i)) for i in inputs_of(stage).values()]
            for needed in await asyncio.gather(*flights):
                if isinstance(needed, Failed):
                    return needed
            self.running[key] = stage.name
            done = await self.runner(self.store.root, stage)
        except Exception as error:
            self.failed += 1
            return Failed(stage.name, first_line(error))
        finally:
            self.running.pop(key, None)
        self.run += 1
        self.wall_seconds += done.wall_seconds
        self.cpu_seconds += done.cpu_seconds
        return done

    async def tell(self, points: int, best: float) -> None:
        """A trial finished a model: so many points, the best of them scoring this on dev."""
        self.models += 1
        self.points += points
        self.best = max(self.best, best)

    async def status(self) -> Status:
        return Status(
            run=self.run,
            cached=self.cached,
            failed=self.failed,
            running=tuple(self.running.values()),
            wall_seconds=self.wall_seconds,
            cpu_seconds=self.cpu_seconds,
            models=self.models,
            points=self.points,
            best=self.best,
        )


def first_line(error: BaseException) -> str:
    """The innermost message of an error, one line: what a table can hold."""
    cause = getattr(error, "cause", None) or error.__cause__
    if isinstance(cause, BaseException) and cause is not error:
        return first_line(cause)
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:300]


def start(root: Path) -> "ray.actor.ActorHandle[SingleFlight]":
    """The run's one actor; of its own name, because a run before it may have used another store."""
    name = f"Stages-{uuid.uuid4().hex[:8]}"
    actor = ray.remote(SingleFlight).options(name=name, num_cpus=0, max_concurrency=1000)
    return actor.remote(root)
