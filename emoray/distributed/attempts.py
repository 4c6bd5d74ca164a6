"""How the driver learns that a stage has begun, and ends it when its time is over.

A worker puts a sign into the key-value store of Ray's head, which the driver polls: no process
stands between them that Ray could end for want of memory.
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
SIGN_SECONDS = 1.0  # that a stage must last before it gives a sign
LOOK_SECONDS = 1.0  # between two polls for signs
GRACE_SECONDS = 60.0  # after its time, for a worker that cannot be reached


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSign:
    """How a worker signals that an attempt has left the queue. Most stages end before they need to.

    Attributes:
        owner: of the job that waits for it.
        seconds: limit of one attempt, 0 for none.
        attempt: its id.
    """

    owner: str
    seconds: float
    attempt: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def after(self) -> float:
        """Seconds until the sign is given."""
        return SIGN_SECONDS if not self.seconds or self.seconds > 60 * SIGN_SECONDS else 0.0

    def give(self) -> None:
        """Put the sign into the head's key-value store."""
        with suppress(RayError):  # the head is out of reach: the timer that needs none goes on
            _internal_kv_put(f"{self.owner}/{self.attempt}", b"", namespace=NAMESPACE)

    @contextmanager
    def given(self) -> Iterator[None]:
        """Give the sign while the block runs, and end the process where it hangs.

        Code that holds Python's global lock from the start would never give it: a timer that needs
        no lock ends such a process GRACE_SECONDS after its time.
        """
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
    """The time limit of one attempt. It starts when the stage has left the queue.

    When the time is over the task is cancelled and its worker killed.
    """

    task: Any
    seconds: float
    begun: Begun
    started: bool = False
    over: bool = False
    timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start the time limit; does nothing the second time."""
        if self.started:
            return
        self.started = True
        self.begun()
        if self.seconds:
            self.timer = asyncio.get_running_loop().call_later(self.seconds, self.end)

    def end(self) -> None:
        """Kill the worker: the time is over."""
        self.over = True
        ray.cancel(self.task, force=True)

    def stop(self) -> None:
        """Stop the timer: the attempt has ended."""
        if self.timer:
            self.timer.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptClocks:
    """The time limits of all attempts of a job that are queued or running.

    Attributes:
        owner: in whose name the job's stages are claimed, too.
        clocks: by the attempt's id.
    """

    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    clocks: dict[str, AttemptClock] = field(default_factory=dict)

    async def look(self) -> None:
        """Start each time limit once its sign is there; runs until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if all(clock.started for clock in self.clocks.values()):
                continue
            with suppress(RayError):  # the head is out of reach: the next poll finds it
                seen = await asyncio.to_thread(_given, self.owner)
                for name in seen:
                    if clock := self.clocks.get(name.rpartition("/")[2]):
                        clock.start()
                await asyncio.to_thread(_remove, seen)


def _given(owner: str) -> list[str]:
    """Keys of that owner's signs that were not removed yet."""
    names = _internal_kv_list(f"{owner}/", namespace=NAMESPACE)
    return [name.decode() for name in names]


def _remove(names: Iterable[str]) -> None:
    for name in names:
        _internal_kv_del(name, namespace=NAMESPACE)
