"""Who is scored where, and who is refused."""

import asyncio
import threading
from pathlib import Path

import pytest

from emoray.serving.engine import Engine, Scored
from emoray.serving.workers import BusyError, Workers
from tests.serving import made

LONG = ["a " * 3000] * 200  # longer than the event loop may stand still


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(folder=made.artifact(tmp_path_factory.mktemp("artifact") / "a"))


class Watched(Engine):
    """Remembers which threads scored."""

    def score(self, texts: list[str]) -> Scored:  # type: ignore[override]
        self.__dict__.setdefault("threads", []).append(threading.current_thread().name)
        return super().score(texts)


@pytest.mark.parametrize(
    ("threads", "texts", "elsewhere"),
    [(1, ["joy"], False), (2, ["joy"], False), (1, LONG, True), (2, LONG, True)],
    ids=["one thread, short", "two, short", "one, long", "two, long"],
)
def test_a_short_request_is_scored_at_once_and_a_long_one_elsewhere(
    threads: int, texts: list[str], elsewhere: bool, tmp_path: Path
) -> None:
    engine = Watched(folder=made.artifact(tmp_path / "a"))
    before = len(engine.__dict__["threads"])
    workers = Workers(threads=threads, patience=1)
    asyncio.run(workers.scored(engine, texts))
    workers.close()
    (name,) = engine.__dict__["threads"][before:]
    assert name.startswith("predict") == elsewhere


def test_those_who_come_at_once_are_all_scored_and_each_gets_its_own(engine: Engine) -> None:
    async def all_at_once(workers: Workers) -> list[Scored]:
        return await asyncio.gather(*(workers.scored(engine, [f"joy {i} !" * i]) for i in range(9)))

    for threads in (1, 2):
        workers = Workers(threads=threads, patience=1)
        for i, found in enumerate(asyncio.run(all_at_once(workers))):
            alone = engine.score([f"joy {i} !" * i])
            assert found.logits_NK.tolist() == alone.logits_NK.tolist()
        assert workers.at_work == 0 and not workers.full
        workers.close()


@pytest.mark.parametrize("texts", [["joy"], LONG], ids=["short", "long"])
def test_without_patience_one_for_each_thread_may_wait(engine: Engine, texts: list[str]) -> None:
    async def four(workers: Workers) -> list[Scored | BaseException]:
        first = [asyncio.ensure_future(workers.scored(engine, LONG)) for _ in range(2)]
        await asyncio.sleep(0)
        more = [workers.scored(engine, texts) for _ in range(2)]
        return await asyncio.gather(*first, *more, return_exceptions=True)

    workers = Workers(threads=1, patience=0)
    found = asyncio.run(four(workers))
    assert [type(one) for one in found] == [Scored, Scored, BusyError, BusyError]
    assert workers.at_work == 0
    workers.close()


def test_one_that_nobody_waits_for_any_more_leaves_its_place(engine: Engine) -> None:
    async def given_up(workers: Workers) -> Scored:
        long = asyncio.ensure_future(workers.scored(engine, LONG))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(workers.scored(engine, ["joy"]), 0)
        await long
        await asyncio.sleep(0.01)
        assert workers.at_work == 0
        return await workers.scored(engine, ["joy"])

    workers = Workers(threads=1, patience=0)
    assert asyncio.run(given_up(workers)).readings
    workers.close()


class Failing(Engine):
    """Fails where a text says so."""

    def score(self, texts: list[str]) -> Scored:  # type: ignore[override]
        if "fail" in texts[0]:
            raise RuntimeError("as asked")
        return super().score(texts)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_model_that_fails_fails_its_own_request_alone(threads: int, tmp_path: Path) -> None:
    engine = Failing(folder=made.artifact(tmp_path / "a"))

    async def several(workers: Workers) -> list[Scored | BaseException]:
        asked = [workers.scored(engine, [text]) for text in ("joy", "fail", "sad", "fail", "joy")]
        return await asyncio.gather(*asked, return_exceptions=True)

    workers = Workers(threads=threads, patience=1)
    found = asyncio.run(several(workers))
    assert [type(one) for one in found] == [Scored, RuntimeError, Scored, RuntimeError, Scored]
    workers.close()
    assert workers.at_work == 0
