import asyncio
import errno
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path

import pytest

from emoray.distributed.single_flight import (
    Begun,
    Failed,
    SingleFlight,
    Status,
    Tally,
    first_line,
)
from emoray.storage.location import Place
from emoray.storage.store.keys import Stage, key_of
from emoray.storage.store.local import Done
from emoray.storage.store.opening import open_store
from tests.storage.store.counting import Fail, Join, Write, made

HELLO = Write(text="hello")
JOIN = Join(parts=(HELLO, Write(text=", ")), last=Write(text="world"))


class InProcess:
    """Runs stages here, one event loop turn after they were asked for, and notes them."""

    def __init__(self) -> None:
        self.started: list[str] = []

    async def __call__(self, store: Place, stage: Stage, begun: Begun) -> Done:
        self.started.append(stage.name)
        begun()
        await asyncio.sleep(0.01)
        return open_store(store).run(stage)


def asked(root: Path, *stages: Stage) -> tuple[SingleFlight, list[Done | Failed], list[str]]:
    """Ask for all stages at once."""
    runner = InProcess()
    flights: list[SingleFlight] = []

    async def ask() -> list[Done | Failed]:
        flights.append(SingleFlight(root, runner))
        asking: list[Awaitable[Done | Failed]] = [flights[0].make(stage) for stage in stages]
        return list(await asyncio.gather(*asking))

    found = asyncio.run(ask())
    return flights[0], found, runner.started


def counts(flight: SingleFlight) -> tuple[int, int, int]:
    status = flight.tally.status((), "")
    return status.run, status.cached, status.failed


def test_who_asks_second_awaits_the_first(tmp_path: Path) -> None:
    flight, found, started = asked(tmp_path, HELLO, HELLO, replace(HELLO))
    assert started == ["write"] == made(flight.store)
    assert len(set(found)) == 1
    assert counts(flight) == (1, 0, 0)


def test_inputs_come_first_and_once(tmp_path: Path) -> None:
    flight, (first, second), started = asked(tmp_path, JOIN, replace(JOIN, last=HELLO))
    assert started == ["write", "write", "write", "join", "join"]
    assert isinstance(first, Done) and isinstance(second, Done)
    assert (first.folder / "text").read_text() == "hello, world"
    assert (second.folder / "text").read_text() == "hello, hello"
    assert counts(flight) == (5, 0, 0) and flight.tally.status((), "").wall_seconds > 0


def test_what_is_in_the_store_is_found_and_its_inputs_left_alone(tmp_path: Path) -> None:
    asked(tmp_path, JOIN)
    flight, found, started = asked(tmp_path, JOIN)
    assert not started
    assert isinstance(found[0], Done) and found[0].cached
    assert counts(flight) == (0, 1, 0)


def test_a_failure_reaches_everyone_who_asked_and_counts_once(tmp_path: Path) -> None:
    fail = Fail(needs=HELLO)
    flight, found, started = asked(tmp_path, fail, fail, JOIN)
    assert found[0] == found[1] == Failed("fail", "ValueError: half of it is enough")
    assert isinstance(found[2], Done), "what does not need it goes on"
    assert started.count("fail") == 1
    assert counts(flight) == (4, 0, 1)


def test_the_failure_of_an_input_names_the_input(tmp_path: Path) -> None:
    above = replace(JOIN, last=Fail(needs=HELLO))  # type: ignore[arg-type]
    flight, found, started = asked(tmp_path, above)
    assert found == [Failed("fail", "ValueError: half of it is enough")]
    assert "join" not in started and counts(flight) == (2, 0, 1)


def test_status_tells_what_ran_what_runs_and_the_best_score(tmp_path: Path) -> None:
    async def watched() -> None:
        flight = SingleFlight(tmp_path, InProcess())
        task = asyncio.create_task(flight.make(HELLO))
        while not (await flight.status()).running:
            await asyncio.sleep(0.001)
        assert (await flight.status()).running == ("write",)
        await task
        await flight.count_model("one", 10, 0.5)
        await flight.count_model("two", 7, 0.4)
        await flight.count_model("two", 7, 0.4)  # its trial came back from the dead
        status = await flight.status()
        assert (status.run, status.running) == (1, ())
        assert (status.models, status.points, status.best) == (2, 17, 0.5)

    asyncio.run(watched())


def test_a_store_of_another_layout_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text('{"layout": 99}')
    with pytest.raises(ValueError, match="must have layout"):
        asked(tmp_path, HELLO)


def test_an_error_becomes_one_line_of_its_innermost_cause() -> None:
    try:
        try:
            raise ValueError("\nthe rule\nthe rest")
        except ValueError as inner:
            raise RuntimeError("a worker failed") from inner
    except RuntimeError as error:
        assert first_line(error) == "ValueError: the rule"
    assert first_line(KeyError()) == "KeyError: "
    assert len(first_line(ValueError("x" * 1000))) == 300


class Spoils(InProcess):
    """Makes stages, and once, when a `join` is about to run, flips a byte of what it reads."""

    async def __call__(self, store: Place, stage: Stage, begun: Begun) -> Done:
        if isinstance(stage, Join) and "join" not in self.started:
            text = open_store(store).folder(stage.last) / "deep" / "text"
            text.write_text("W" + text.read_text()[1:])
        return await super().__call__(store, stage, begun)


def test_an_input_damaged_after_it_was_checked_is_made_again(tmp_path: Path) -> None:
    runner = Spoils()

    async def ask() -> Done | Failed:
        return await SingleFlight(tmp_path, runner).make(JOIN)

    done = asyncio.run(ask())
    assert isinstance(done, Done), done
    assert (done.folder / "text").read_text() == "hello, world"
    assert runner.started == ["write", "write", "write", "join", "write", "join"]


def test_a_stage_damaged_while_the_run_lasts_is_made_again_for_who_asks(tmp_path: Path) -> None:
    async def ask() -> list[str]:
        flight = SingleFlight(tmp_path, runner := InProcess())
        done = await flight.make(HELLO)
        assert isinstance(done, Done)
        (done.folder / "end").unlink()
        again = await asyncio.gather(flight.make(HELLO), flight.make(HELLO))
        assert all(isinstance(a, Done) and (a.folder / "end").exists() for a in again)
        return runner.started

    assert asyncio.run(ask()) == ["write", "write"]


class Full(InProcess):
    """A disk without room for any `join`."""

    async def __call__(self, store: Place, stage: Stage, begun: Begun) -> Done:
        if isinstance(stage, Join):
            self.started.append("full")
            raise RuntimeError("a worker failed") from OSError(errno.ENOSPC, "No space left")
        return await super().__call__(store, stage, begun)


def test_nothing_more_is_begun_once_a_disk_is_full(tmp_path: Path) -> None:
    runner = Full()

    async def ask() -> tuple[list[Done | Failed], Status]:
        flight = SingleFlight(tmp_path, runner)
        found = [await flight.make(s) for s in (JOIN, replace(JOIN, last=HELLO), Write(text="x"))]
        return found, await flight.status()

    found, status = asyncio.run(ask())
    assert [f.error for f in found if isinstance(f, Failed)] == [status.full] * 3
    assert status.full == "OSError: [Errno 28] No space left"
    assert runner.started == ["write", "write", "write", "full"] and status.failed == 1


def test_what_is_counted_twice_counts_once() -> None:
    tally = Tally(made={"a": (2.0, 1.0)}, models={"m": (5, 0.5)})
    tally.made["a"] = (2.0, 1.0)
    tally.cached |= {"a", "b"}  # made anew where it was damaged, and found at once
    tally.models["m"] = (5, 0.5)
    tally.failed |= {"a", "c"}  # what failed once and was made in the end has not failed
    status = tally.status((), "")
    assert status.failed == 1
    assert (status.run, status.cached, status.points, status.models) == (1, 1, 5, 1)


def test_the_journal_tells_what_each_job_on_a_store_made_and_could_not_make(tmp_path: Path) -> None:
    store, fail = open_store(tmp_path), Fail(needs=HELLO)
    for stage, owner in ((HELLO, "we"), (Write(text="x"), "they"), (HELLO, "they")):
        store.settle(stage, owner)
    store.owner = "we"
    store.record_failed(fail, "ValueError: half of it is enough")
    told = [(e["owner"], e["event"], e["key"]) for e in store.journal() if e["event"] != "started"]
    assert told == [
        ("we", "made", key_of(HELLO)),
        ("they", "made", key_of(Write(text="x"))),
        ("we", "failed", key_of(fail)),
    ]
