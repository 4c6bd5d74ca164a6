"""How much work is submitted at once, and how much ahead of the processors there are.

More is submitted than can run: so a node that joins has work within seconds, and an autoscaler sees
demand. How much more follows the processors, so that neither the store fills with what is half done
nor the head with what waits.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import ray

LOOK_SECONDS = 1.0  # between two looks at how many processors there are
RESTARTS = 2  # of work that raised
WRITERS = 16  # threads that write rows: most of it is waiting for a disk or a bucket
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """How much is begun beyond one piece for each processor.

    Ray's own autoscaler at most doubles a cluster, unless configured otherwise: a share of 1 never
    holds it back.

    Attributes:
        least: pieces begun ahead at least.
        share: pieces begun ahead for each processor.
        first: pieces begun where there is no processor yet: nodes are started for them.
    """

    least: int
    share: float
    first: int

    def at_once(self, processors: int) -> int:
        """How many pieces are in progress at a time with so many processors."""
        if not processors:
            return self.first
        return processors + max(self.least, int(self.share * processors))


STAGES = Ahead(least=2, share=1.0, first=8)  # few: what Ray has been given waits in its turn


def processors() -> int:
    """CPUs of all nodes at this moment; 0 where the head has none and no worker has joined yet."""
    return int(ray.cluster_resources().get("CPU", 0))


async def _again(work: Callable[[T], Awaitable[object]], item: T) -> None:
    """Do it, up to RESTARTS times more where it raised: finished stages are found in the store."""
    for left in reversed(range(RESTARTS + 1)):
        try:
            await work(item)
            return
        except Exception:
            if not left:
                raise
        await asyncio.sleep(LOOK_SECONDS)


@dataclass(slots=True)
class _Capacity:
    """How many pieces may be in progress, looked up again as nodes come and go."""

    ahead: Ahead
    pieces: int = 0
    looked: float = -LOOK_SECONDS

    async def now(self) -> int:
        if time.monotonic() - self.looked >= LOOK_SECONDS:
            self.pieces = self.ahead.at_once(await asyncio.to_thread(processors))
            self.looked = time.monotonic()
        return self.pieces


async def _fewer(begun: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Tasks left when one has ended, or all after LOOK_SECONDS; raises the error of one ended."""
    ended, left = await asyncio.wait(
        begun, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    for task in ended:
        task.result()
    return left


async def each(work: Callable[[T], Awaitable[object]], items: Iterable[T], *, ahead: Ahead) -> None:
    """Run `work` on every item, begun in order, as many at once as `ahead` allows.

    An item is drawn when it can begin: a searcher then knows most. The error of an item that keeps
    raising is raised; the others are then cancelled.
    """
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(WRITERS))
    capacity, begun = _Capacity(ahead), set[asyncio.Task[None]]()
    try:
        drawn = iter(items)
        while True:
            while len(begun) >= await capacity.now():
                begun = await _fewer(begun)
            try:
                item = next(drawn)
            except StopIteration:
                break
            begun.add(asyncio.create_task(_again(work, item)))
        while begun:
            begun = await _fewer(begun)
    finally:
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; in a notebook, whose own loop runs, in a thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def together(*work: Coroutine[Any, Any, T]) -> list[T]:
    """Run coroutines side by side; the first error is raised once all have ended."""
    ended = await asyncio.gather(*work, return_exceptions=True)
    for each in ended:
        if isinstance(each, BaseException):
            raise each
    return [each for each in ended if not isinstance(each, BaseException)]
