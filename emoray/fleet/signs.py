"""How the `Stages` actor knows that a stage has begun, and ends it when its time is over."""

import asyncio
import faulthandler
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import ray

from emoray.fleet.single_flight import Begun

SIGN_SECONDS = 1.0  # that a stage must last to be worth a word of its own
GRACE_SECONDS = 60.0  # after its time, for a worker that cannot be reached


def name_of(owner: str) -> str:
    """Of the actor, by which its workers find it."""
    return f"Stages-{owner[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """How a worker says that a stage has left the queue: to the actor of that owner.

    seconds: of one attempt, 0 for no limit. Most stages end before they would have to say anything:
    a sign from each would be most of what the actor does.
    """

    owner: str
    key: str
    seconds: float

    @property
    def after(self) -> float:
        """Seconds until the sign is given."""
        return SIGN_SECONDS if not self.seconds or self.seconds > 60 * SIGN_SECONDS else 0.0

    def give(self) -> None:
        with suppress(ValueError):  # the run is over, and its actor gone
            ray.get_actor(name_of(self.owner)).begun.remote(self.key)

    @contextmanager
    def given(self) -> Iterator[None]:
        """Give it while the block lasts. Of what holds Python's lock from its first moment no sign
        would come: a clock that needs no lock ends such a process a little later."""
        timer = threading.Timer(self.after, self.give)
        if self.seconds:
            seconds = self.seconds + GRACE_SECONDS
            faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or sys.stderr)
        try:
            timer.start() if self.after else self.give()
            yield
        finally:
            timer.cancel()
            faulthandler.cancel_dump_traceback_later()


@dataclass(slots=True, kw_only=True)
class Clock:
    """The time of one attempt. It starts when the stage has left the queue, where it may wait for
    as long as it takes; when it is over the worker is killed, whatever it is doing."""

    task: Any
    seconds: float
    begun: Begun
    over: bool = False
    timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self.begun()
        if self.seconds and self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(self.seconds, self.end)

    def end(self) -> None:
        self.over = True
        ray.cancel(self.task, force=True)

    def stop(self) -> None:
        if self.timer:
            self.timer.cancel()
