"""How the driver knows that a stage has begun, and ends it when its time is over.

A worker leaves a sign in the key-value store of Ray's head, where the driver looks for it now and
then: no process stands between them that Ray could end for want of memory.
"""

import asyncio
import faulthandler
import sys
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError
from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_list, _internal_kv_put

from emoray.distributed.single_flight import Begun

NAMESPACE = "emoray"  # of the signs, among all that Ray keeps there
SIGN_SECONDS = 1.0  # that a stage must last to be worth a word of its own
LOOK_SECONDS = 1.0  # between two looks for signs
GRACE_SECONDS = 60.0  # after its time, for a worker that cannot be reached


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSign:
    """How a worker says that an attempt has left the queue: to the job of that owner.

    seconds: of one attempt, 0 for no limit. Most stages end before they would have to say anything.
    """

    owner: str
    seconds: float
    attempt: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def after(self) -> float:
        """Seconds until the sign is given."""
        return SIGN_SECONDS if not self.seconds or self.seconds > 60 * SIGN_SECONDS else 0.0

    def give(self) -> None:
        with suppress(RayError):  # the head is out of reach: the clock that needs none goes on
            _internal_kv_put(f"{self.owner}/{self.attempt}", b"", namespace=NAMESPACE)

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
class AttemptClock:
    """The time of one attempt. It starts when the stage has left the queue, where it may wait for
    as long as it takes; when it is over the worker is killed, whatever it is doing."""

    task: Any
    seconds: float
    begun: Begun
    started: bool = False
    over: bool = False
    timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        if self.started:
            return
        self.started = True
        self.begun()
        if self.seconds:
            self.timer = asyncio.get_running_loop().call_later(self.seconds, self.end)

    def end(self) -> None:
        self.over = True
        ray.cancel(self.task, force=True)

    def stop(self) -> None:
        if self.timer:
            self.timer.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptClocks:
    """The clocks of all attempts of a job that are in the queue or at work, by attempt.

    owner: in whose name its stages are claimed, too.
    """

    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    clocks: dict[str, AttemptClock] = field(default_factory=dict)

    async def look(self) -> None:
        """Start each clock once its sign is there; goes on until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if all(clock.started for clock in self.clocks.values()):
                continue
            with suppress(RayError):  # the head is out of reach: the next look will tell
                seen = await asyncio.to_thread(_given, self.owner)
                for name in seen:
                    if clock := self.clocks.get(name.rpartition("/")[2]):
                        clock.start()
                await asyncio.to_thread(_taken_away, seen)


def _given(owner: str) -> list[str]:
    """The signs of that owner that nobody has taken away."""
    names = _internal_kv_list(f"{owner}/", namespace=NAMESPACE)
    return [name.decode() for name in names]


def _taken_away(names: Iterable[str]) -> None:
    for name in names:
        _internal_kv_del(name, namespace=NAMESPACE)
