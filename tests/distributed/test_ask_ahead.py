"""How much is begun at once while nodes come and go; no Ray is needed to see it."""

import asyncio

import pytest

from emoray.distributed import ask_ahead
from emoray.distributed.ask_ahead import STAGES, Ahead, each
from emoray.search.tune import RECIPES, TRIALS

FEW = Ahead(least=2, share=0.5, first=3)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask_ahead, "LOOK_SECONDS", 0.005)


class Cluster:
    """Processors that come and go while work is held open until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, processors: int = 0) -> None:
        self.processors = processors
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.may_end = asyncio.Event()
        monkeypatch.setattr(ask_ahead, "processors", lambda: self.processors)

    async def work(self, item: int) -> None:
        self.begun.append(item)
        await self.may_end.wait()
        self.ended.append(item)

    async def until(self, begun: int) -> None:
        """Wait until so many are open, and a little longer: no more may follow."""
        async with asyncio.timeout(30):
            while len(self.begun) < begun:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        assert len(self.begun) == begun


@pytest.mark.usefixtures("quick")
def test_work_is_asked_for_before_a_node_is_there_and_more_as_nodes_join(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        cluster = Cluster(monkeypatch)
        running = asyncio.create_task(each(cluster.work, range(100), ahead=FEW))
        await cluster.until(3)
        cluster.processors = 4
        await cluster.until(6)
        cluster.processors = 40
        await cluster.until(60)
        cluster.processors = 1  # what is begun goes on
        await cluster.until(60)
        cluster.may_end.set()
        await running
        assert cluster.begun == list(range(100)) == sorted(cluster.ended)

    asyncio.run(story())


@pytest.mark.parametrize("ahead", [STAGES, RECIPES, TRIALS], ids=["stages", "grid", "joint"])
@pytest.mark.parametrize("processors", [0, 1, 2, 16, 1000])
def test_there_is_always_more_to_do_than_processors_and_no_end_of_it(
    ahead: Ahead, processors: int
) -> None:
    assert processors < ahead.at_once(processors) <= 2 * processors + ahead.first
    assert ahead.at_once(processors) <= STAGES.at_once(processors), "each finds room for its stage"


@pytest.mark.usefixtures("quick")
def test_what_raised_is_done_again_and_stops_the_rest_only_when_it_always_raises(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Cluster(monkeypatch, processors=3)
    tried: list[int] = []

    async def story(times: int) -> None:
        async def work(item: int) -> None:
            tried.append(item)
            if item == 1 and tried.count(1) <= times:
                raise OSError("the disk is gone")
            if item == 2:
                await cluster.may_end.wait()
            cluster.ended.append(item)
            if item == 1:
                cluster.may_end.set()

        await each(work, range(4), ahead=FEW)

    asyncio.run(story(times=ask_ahead.RESTARTS))
    assert sorted(cluster.ended) == [0, 1, 2, 3] and tried.count(1) == 1 + ask_ahead.RESTARTS
    cluster = Cluster(monkeypatch, processors=3)
    tried.clear()
    with pytest.raises(OSError, match="the disk is gone"):
        asyncio.run(story(times=ask_ahead.RESTARTS + 1))
    assert 2 not in cluster.ended, "it does not go on alone"
