"""Stages made for this process, each once however often it is requested.

Single flight on Ray's workers, on an event loop in a thread of the driver. A process of its own
would cost memory and a message for each stage, and Ray ends first what began last when a node's
memory is full: that would have been an actor that every call begins anew. The driver is none of
Ray's workers; its unfinished stages end with it.
"""

import asyncio
import errno
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Self, TypeVar

from emoray.distributed.actor_pool import StageLimits
from emoray.distributed.single_flight import Failed, SingleFlight, Status
from emoray.distributed.workers import LIMITS, Workers
from emoray.storage.location import Place
from emoray.storage.store.keys import Stage
from emoray.storage.store.local import Done

T = TypeVar("T")

ENDING_SECONDS = 1.0  # for a look at the store that is under way


class Stages:
    """Makes stages while its block runs; then those that are not finished are dropped.

    `gpus` is what a stage that trains with torch holds, see `resources_of`. Plain code takes the
    `result()` of what `make` returns, a coroutine awaits `asyncio.wrap_future` of it.
    """

    def __init__(
        self, store: Place, *, limits: StageLimits = LIMITS, gpus: float | None = None
    ) -> None:
        self._workers = Workers(limits=limits, gpus=gpus)
        self._flight = SingleFlight(store, self._workers)
        self._flight.store.owner = self._workers.signs.owner
        self._loop, self._over = asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="stages", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(ENDING_SECONDS)

    def make(self, stage: Stage) -> Future[Done | Failed]:
        """Request a stage; its own error is never raised, but returned as `Failed`."""
        return self._ask(self._flight.make(stage))

    def count_model(self, model: str, points: int, best: float) -> None:
        """Count a finished model: how many points, and the best dev macro-F1 among them."""
        self._ask(self._flight.count_model(model, points, best)).result()

    def status(self) -> Status:
        """What was done so far, and what is running."""
        return self._ask(self._flight.status()).result()

    def refuse_full(self) -> None:
        """Raise OSError once a stage met a full disk: each further one would meet it too."""
        if full := self.status().full:
            raise OSError(errno.ENOSPC, f"a stage needs room for its files ({full})")

    def _ask(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _serve(self) -> None:
        """Run the loop in the thread; what still runs at its end is cancelled, its tasks killed."""

        async def until_over() -> None:
            looks = self._workers.signs.look(), self._workers.turns.look()
            looking = [asyncio.create_task(look) for look in looks]
            await self._over.wait()
            for each in looking:
                each.cancel()

        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(until_over())
