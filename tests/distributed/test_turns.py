"""Which attempt goes next, and how many at once; no Ray is needed to see it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from ray.exceptions import RaySystemError

from emoray.distributed import turns as turns_file
from emoray.distributed.ask_ahead import Ahead
from emoray.distributed.resources import Resources
from emoray.distributed.single_flight import Begun, Failed, SingleFlight
from emoray.distributed.turns import Turns, places
from emoray.storage.location import Place
from emoray.storage.store.keys import Stage
from emoray.storage.store.local import Done
from emoray.storage.store.opening import open_store
from tests.storage.store.counting import Fail, Join, Write

TWO = Ahead(least=1, share=0.0, first=3)
CPU, GPU = Resources(), Resources(gpus=0.5)
RECIPES, MODELS = 8, 4


def join(number: int, model: int) -> Join:
    """A model: one more step after a stage that it shares with others of its recipe."""
    return Join(parts=(Write(text=f"recipe {number}"),), last=Write(text=f"model {model}"))


@asynccontextmanager
async def held(turns: Turns, stage: Stage, resources: Resources = CPU) -> AsyncIterator[None]:
    lane = await turns.take(stage, resources)
    try:
        yield
    finally:
        lane.give_back()


class OnSlots:
    """Runs attempts on so many slots, in the order in which they are submitted, as Ray does."""

    def __init__(self, slots: int) -> None:
        self.turns = Turns(ahead=TWO)
        self.turns.resize({"CPU": float(slots)})
        self.slots = asyncio.Semaphore(slots)
        self.begun: list[Stage] = []
        self.most = self.submitted = 0

    async def run(self, stage: Stage) -> None:
        async with held(self.turns, stage):
            self.submitted += 1
            self.most = max(self.most, self.submitted)
            async with self.slots:
                self.begun.append(stage)
                for _ in range(10):
                    await asyncio.sleep(0)
            self.submitted -= 1

    async def __call__(self, store: Place, stage: Stage, begun: Begun) -> Done:
        await self.run(stage)
        return open_store(store).run(stage)

    async def recipe(self, number: int) -> None:
        """All that is asked for of one recipe: what its models share first, then the models."""
        await self.run(Write(text=f"recipe {number}"))
        await asyncio.gather(*(self.run(join(number, model)) for model in range(MODELS)))


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_what_has_begun_is_finished_before_more_is_begun(slots: int) -> None:
    async def story() -> OnSlots:
        runner = OnSlots(slots)
        await asyncio.gather(*(runner.recipe(number) for number in range(RECIPES)))
        return runner

    runner = asyncio.run(story())
    assert runner.most == slots + 1, "one more than there are slots waits its turn"
    assert len(runner.begun) == len(set(runner.begun)) == RECIPES * (1 + MODELS)
    opened = models = 0
    for stage in runner.begun:
        opened, models = opened + isinstance(stage, Write), models + isinstance(stage, Join)
        assert opened <= 2 * slots + 1 + models / MODELS, "few recipes are open at a time"


def test_stages_that_fail_or_are_dropped_give_their_turn_back(tmp_path: Path) -> None:
    async def story() -> None:
        runner = OnSlots(1)
        flight = SingleFlight(tmp_path, runner)
        failing = [flight.make(Fail(needs=Write(text=f"{i}"))) for i in range(5)]
        assert {type(made) for made in await asyncio.gather(*failing)} == {Failed}
        turns, over = runner.turns, asyncio.Event()

        async def hold(number: int) -> None:
            async with held(turns, Write(text=f"held {number}")):
                await over.wait()

        holding = [asyncio.create_task(hold(number)) for number in range(6)]
        await asyncio.sleep(0.01)
        (lane,) = turns.lanes.values()
        assert lane.submitted == 2
        for task in (holding[0], holding[4], holding[5]):  # one submitted, two that wait
            task.cancel()
        await asyncio.sleep(0.01)
        assert lane.submitted == 2, "the next has its turn"
        over.set()
        await asyncio.gather(*holding, return_exceptions=True)
        assert lane.submitted == 0 and not lane.waiting

    asyncio.run(story())


def test_who_is_cancelled_in_the_moment_of_its_turn_gives_it_on() -> None:
    async def story() -> None:
        turns, entered = Turns(ahead=Ahead(least=0, share=0.0, first=1)), []
        turns.resize({"CPU": 1.0})

        async def once(number: int) -> None:
            async with held(turns, Write(text=f"{number}")):
                entered.append(number)
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(once(number)) for number in range(3)]
        while not entered:
            await asyncio.sleep(0)
        (lane,) = turns.lanes.values()
        lane.give_back()  # gives the second its turn, which is cancelled before it can take it
        tasks[1].cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks, return_exceptions=True)
        assert entered == [0, 2]

    asyncio.run(story())


def test_those_that_wait_for_gpus_keep_no_processor_idle() -> None:
    async def story() -> None:
        turns, over = Turns(ahead=TWO), asyncio.Event()
        turns.resize({"CPU": 2.0, "GPU": 1.0})

        async def hold(number: int, resources: Resources) -> None:
            async with held(turns, Write(text=f"{number} {resources}"), resources):
                await over.wait()

        tasks = [asyncio.create_task(hold(number, GPU)) for number in range(9)]
        tasks += [asyncio.create_task(hold(number, CPU)) for number in range(9)]
        await asyncio.sleep(0.01)
        assert {of: lane.submitted for of, lane in turns.lanes.items()} == {GPU: 3, CPU: 3}
        turns.resize({"CPU": 4.0, "GPU": 2.0})  # a node joins
        assert {of: lane.submitted for of, lane in turns.lanes.items()} == {GPU: 5, CPU: 5}
        turns.resize({})  # all are gone: what is submitted is Ray's, and demand
        assert {lane.at_once for lane in turns.lanes.values()} == {TWO.first}
        over.set()
        await asyncio.gather(*tasks)

    asyncio.run(story())


def test_places_are_as_many_as_every_resource_allows() -> None:
    cluster = {"CPU": 8.0, "GPU": 2.0, "memory": 1.0}
    assert places(Resources(), cluster) == places(Resources(cpus=0.0), cluster) == 8
    assert places(Resources(cpus=3.0), cluster) == 2
    assert places(Resources(gpus=0.5), cluster) == 4
    assert places(Resources(gpus=1.0), {"CPU": 8.0}) == places(Resources(), {}) == 0


def test_the_cluster_is_looked_at_again_though_the_head_was_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[dict[str, float]] = []

    def resources() -> dict[str, float]:
        seen.append({"CPU": float(len(seen))})
        if len(seen) == 2:
            raise RaySystemError("out of reach")
        return seen[-1]

    async def story() -> None:
        monkeypatch.setattr(turns_file, "LOOK_SECONDS", 0.001)
        monkeypatch.setattr(turns_file.ray, "cluster_resources", resources)
        turns, over = Turns(ahead=TWO), asyncio.Event()

        async def hold(number: int) -> None:
            async with held(turns, Write(text=f"{number}")):
                await over.wait()

        looking = asyncio.create_task(turns.look())
        tasks = [asyncio.create_task(hold(number)) for number in range(9)]
        async with asyncio.timeout(30):
            while turns.lanes.get(CPU) is None or turns.lanes[CPU].submitted < 9:
                await asyncio.sleep(0.001)
        looking.cancel()
        over.set()
        await asyncio.gather(*tasks)
        with suppress(asyncio.CancelledError):
            await looking

    asyncio.run(story())
    assert len(seen) > 2
