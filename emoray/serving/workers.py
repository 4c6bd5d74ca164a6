"""Who scores what is asked, and when so many wait that the next is refused."""

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from emoray.serving.engine import Engine, Scored

QUOTA = Path("/sys/fs/cgroup/cpu.max")
QUOTA_V1 = Path("/sys/fs/cgroup/cpu")
NAMES_V1 = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
SHORT = 0.005  # seconds for which nobody minds that the event loop stands still
TURNS = 5  # of the event loop, from a client that knocks to its request: accept, open, read, ask


def granted_processors() -> int:
    """Whole processors that this process may use: of its affinity and its control group's quota."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = max(1, usable or 1)
    try:
        if QUOTA.exists():
            quota, period = QUOTA.read_text().split()
        else:
            quota, period = ((QUOTA_V1 / name).read_text().strip() for name in NAMES_V1)
        if quota not in ("max", "-1"):
            found = min(found, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass  # no control group, or none that can be read
    return found


class BusyError(Exception):
    """As many requests wait as may."""


@dataclass(frozen=True, slots=True)
class _Short:
    """A request that waits for the event loop."""

    engine: Engine
    texts: Sequence[str]
    found: asyncio.Future[Scored]


@dataclass(kw_only=True, eq=False)
class Workers:
    """Threads that score, one request each; a single one is the event loop itself.

    To hand a short request to a thread and back takes as long as a small model, and Python lets one
    of both run at a time. So a short request is scored in the event loop where nobody is before it,
    and, of a single thread, always: one at a time, after all who came meanwhile were heard, or
    refused.

    Attributes:
        threads: requests that are scored at once.
        patience: seconds that a request may wait for a thread, by what those before it take.
        at_work: requests that are scored or wait.
    """

    threads: int
    patience: float
    at_work: int = field(init=False, default=0)
    _ahead: float = field(init=False, default=0.0)  # seconds of those at work, as expected
    _in_threads: int = field(init=False, default=0)
    _line: deque[_Short] = field(init=False, default_factory=deque)
    _listening: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="predict")

    @property
    def full(self) -> bool:
        """Whether the next request is refused: it would wait too long."""
        if self.at_work < 2 * self.threads:
            return False  # one for each thread may always wait
        return self._ahead > self.patience * self.threads

    async def scored(self, engine: Engine, texts: Sequence[str]) -> Scored:
        """Score some texts.

        Returns:
            What `engine.score` does.

        Raises:
            BusyError: too many requests wait.
        """
        if self.full:
            raise BusyError
        expected = engine.expected(texts)
        short = expected <= SHORT and not self._in_threads
        if short and not self.at_work and not self._listening:
            self._listen(TURNS)
            return self._score(engine, texts)
        self.at_work += 1
        self._ahead += expected
        if not short or self.threads > 1:
            return await self._in_thread(engine, texts, expected)
        try:
            return await self._in_line(engine, texts)
        finally:
            self._ended(expected)

    def _ended(self, expected: float) -> None:
        self.at_work -= 1
        self._ahead = self._ahead - expected if self.at_work else 0.0

    def _score(self, engine: Engine, texts: Sequence[str]) -> Scored:
        found = engine.score(texts)
        engine.learn(texts, found.seconds)
        return found

    async def _in_line(self, engine: Engine, texts: Sequence[str]) -> Scored:
        loop = asyncio.get_running_loop()
        one = _Short(engine, texts, loop.create_future())
        self._line.append(one)
        if not self._listening:
            self._listen(TURNS)
        return await one.found

    def _listen(self, turns: int) -> None:
        """Let the event loop turn so often, then score the first in line."""
        self._listening = turns > 0 or bool(self._line)
        if turns:
            asyncio.get_running_loop().call_soon(self._listen, turns - 1)
        elif self._line:
            one = self._line.popleft()
            if not one.found.cancelled():
                try:
                    one.found.set_result(self._score(one.engine, one.texts))
                except Exception as error:
                    one.found.set_exception(error)
            self._listen(TURNS)

    async def _in_thread(self, engine: Engine, texts: Sequence[str], expected: float) -> Scored:
        loop = asyncio.get_running_loop()

        def done(work: Future[Scored]) -> None:  # perhaps long after nobody waits any more
            self._in_threads -= 1
            self._ended(expected)
            if not work.cancelled() and work.exception() is None:
                engine.learn(texts, work.result().seconds)

        self._in_threads += 1
        work = self._pool.submit(engine.score, texts)
        work.add_done_callback(lambda work: loop.call_soon_threadsafe(done, work))
        return await asyncio.wrap_future(work)

    def close(self) -> None:
        """Let what is at work end; begin nothing else."""
        self._pool.shutdown(wait=True, cancel_futures=True)
