"""Which stage goes to Ray next: of those that are ready, the one nearest to a finished model.

Ray runs tasks about in the order in which it gets them. So few are submitted ahead of the
processors, and the others wait here: what has begun is then finished before more is begun.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

import ray
from ray.exceptions import RayError

from emoray.distributed.ask_ahead import LOOK_SECONDS, STAGES, Ahead
from emoray.distributed.resources import CPU, GPU, Resources
from emoray.storage.store.keys import Stage, inputs_of, key_of


def places(resources: Resources, cluster: Mapping[str, float]) -> int:
    """How many attempts that hold `resources` fit on the cluster at a time."""
    holds = {CPU: resources.cpus, GPU: resources.gpus}
    fits = [cluster.get(name, 0.0) / held for name, held in holds.items() if held]
    return int(min(fits, default=cluster.get(CPU, 0.0)))


@dataclass(slots=True, kw_only=True)
class Lane:
    """Attempts that hold the same resources; those of others never keep them waiting here.

    Attributes:
        at_once: how many may be submitted at a time.
        submitted: how many are.
        waiting: a heap of (minus their depth, number, their turn).
    """

    at_once: int
    submitted: int = 0
    waiting: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)

    def fill(self) -> None:
        """Give turns as long as there is room."""
        while self.waiting and self.submitted < self.at_once:
            *_, turn = heappop(self.waiting)
            if not turn.done():  # else nothing awaits it any more
                self.submitted += 1
                turn.set_result(None)

    def give_back(self) -> None:
        """One of those submitted has ended."""
        self.submitted -= 1
        self.fill()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Gives each attempt its turn. One event loop owns it, on which `look` runs.

    Attributes:
        ahead: how many attempts are submitted beyond what fits on the cluster.
        cluster: its resources when last looked at.
        lanes: by what the attempts hold.
        depths: of stages, by key.
        numbers: of attempts: equals go in the order in which they became ready.
    """

    ahead: Ahead = STAGES
    cluster: dict[str, float] = field(default_factory=dict)
    lanes: dict[Resources, Lane] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=count)

    def depth(self, stage: Stage) -> int:
        """How many stages stand in the longest chain that ends with this one."""
        key = key_of(stage)
        if key not in self.depths:
            below = (self.depth(needed) for needed in inputs_of(stage).values())
            self.depths[key] = 1 + max(below, default=0)
        return self.depths[key]

    async def take(self, stage: Stage, resources: Resources) -> Lane:
        """Wait for the stage's turn; whoever has got it gives it back to the lane at its end."""
        if resources not in self.lanes:
            self.lanes[resources] = Lane(at_once=self._at_once(resources))
        lane = self.lanes[resources]
        turn = asyncio.get_running_loop().create_future()
        heappush(lane.waiting, (-self.depth(stage), next(self.numbers), turn))
        lane.fill()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it came in the same moment
                lane.give_back()
            raise
        return lane

    def _at_once(self, resources: Resources) -> int:
        return self.ahead.at_once(places(resources, self.cluster))

    def resize(self, cluster: Mapping[str, float]) -> None:
        """Follow the cluster as nodes come and go."""
        self.cluster.clear()
        self.cluster.update(cluster)
        for resources, lane in self.lanes.items():
            lane.at_once = self._at_once(resources)
            lane.fill()

    async def look(self) -> None:
        """Look at the cluster as long as something waits; runs until it is cancelled."""
        while True:
            if not self.cluster or any(lane.waiting for lane in self.lanes.values()):
                with suppress(RayError):  # the head is out of reach: the next look finds it
                    self.resize(await asyncio.to_thread(ray.cluster_resources))
            await asyncio.sleep(LOOK_SECONDS)
