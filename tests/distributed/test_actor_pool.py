"""A pool loses actors and shards turn out poisoned: what can be made is made, once, in order."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
import ray

from emoray.distributed.actor_pool import Pool, ShardResult, StageLimits, dispatch
from emoray.distributed.single_flight import Failed
from emoray.storage.store.local import Done, Store

pytestmark = pytest.mark.usefixtures("local_ray")

TWO = Pool(actors=2)
CRASHED = "killed, crashed, or out of memory: see the worker's log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Writes the numbers from `start` to `stop`. Some numbers raise, kill or hang, so many times.

    A number's failed are counted in files of the folder `luck`.
    """

    name: ClassVar[str] = "count"
    version: ClassVar[int] = 1

    start: int
    stop: int
    raises: tuple[int, ...] = ()
    kills: tuple[int, ...] = ()
    hangs: tuple[int, ...] = ()
    times: int = 1000
    luck: Path = Path("/nowhere")

    def mishap(self, number: int) -> bool:
        if number not in (*self.raises, *self.kills, *self.hangs):
            return False
        had = len(list(self.luck.glob(f"{number}-*")))
        if had < self.times:
            (self.luck / f"{number}-{had}").touch()
        return had < self.times

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        for number in range(self.start, self.stop):
            if self.mishap(number):
                if number in self.raises:
                    raise ArithmeticError(f"{number} cannot be counted")
                if number in self.hangs:
                    time.sleep(600)
                os.kill(os.getpid(), signal.SIGKILL)
        (out / "numbers").write_text(" ".join(map(str, range(self.start, self.stop))))


def halves(stage: Count) -> tuple[Count, ...]:
    middle = (stage.start + stage.stop) // 2
    if middle == stage.start:
        return ()
    return replace(stage, stop=middle), replace(stage, start=middle)


def numbers(results: list[ShardResult]) -> list[str]:
    """What each shard wrote, or its error."""
    return [
        (shard.result.folder / "numbers").read_text()
        if isinstance(shard.result, Done)
        else shard.result.error
        for shard in results
    ]


def executions(root: Path) -> Counter[str]:
    return Counter(e["key"] for e in Store(root).journal() if e["event"] == "started")


@pytest.fixture
def luck(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "luck"
    folder.mkdir()
    yield folder


def test_stages_come_back_in_their_order_and_each_once(tmp_path: Path) -> None:
    stages = [Count(start=i, stop=i + 2) for i in (6, 2, 4)]
    reported: list[ShardResult] = []
    results = dispatch([*stages, stages[0]], store=tmp_path, pool=TWO, on_result=reported.append)
    assert numbers(results) == ["6 7", "2 3", "4 5"]
    assert [shard.stage for shard in results] == stages
    assert sorted(shard.stage.start for shard in reported) == [2, 4, 6]
    assert set(executions(tmp_path).values()) == {1}


def test_what_the_store_holds_is_not_asked_for_again(tmp_path: Path) -> None:
    stages = [Count(start=i, stop=i + 1) for i in range(3)]
    first = dispatch(stages[:2], store=tmp_path, pool=TWO)
    again = dispatch(stages, store=tmp_path, pool=TWO)
    assert numbers(again)[:2] == numbers(first)
    assert set(executions(tmp_path).values()) == {1}


def test_an_actor_that_dies_is_replaced_and_its_stage_made(tmp_path: Path, luck: Path) -> None:
    stages = [Count(start=i, stop=i + 1, kills=(1, 3), times=1, luck=luck) for i in range(5)]
    results = dispatch(stages, store=tmp_path, pool=TWO)
    assert numbers(results) == ["0", "1", "2", "3", "4"]
    assert sorted(p.name for p in luck.iterdir()) == ["1-0", "3-0"]
    assert sorted(executions(tmp_path).values()) == [1, 1, 1, 2, 2]


def test_a_stage_that_hangs_is_killed_and_made_again(tmp_path: Path, luck: Path) -> None:
    stages = [Count(start=i, stop=i + 1, hangs=(1,), times=1, luck=luck) for i in range(2)]
    results = dispatch(stages, store=tmp_path, pool=TWO, limits=StageLimits(seconds=1.5))
    assert numbers(results) == ["0", "1"]
    assert [p.name for p in luck.iterdir()] == ["1-0"]


def test_what_uses_up_its_attempts_has_failed_and_the_others_go_on(
    tmp_path: Path, luck: Path
) -> None:
    stages = [Count(start=i, stop=i + 1, raises=(0,), kills=(1,), luck=luck) for i in range(3)]
    results = dispatch(stages, store=tmp_path, pool=TWO, limits=StageLimits(attempts=2))
    assert results[0].result == Failed("count", "ArithmeticError: 0 cannot be counted")
    assert results[1].result == Failed("count", CRASHED)
    assert numbers(results)[2] == "2"
    assert sorted(p.name for p in luck.iterdir()) == ["0-0", "0-1", "1-0", "1-1"]


def test_a_poisoned_shard_is_split_down_to_the_number(tmp_path: Path, luck: Path) -> None:
    stages = [Count(start=0, stop=2), Count(start=2, stop=10, raises=(7,), kills=(4,), luck=luck)]
    limits = StageLimits(attempts=1)
    results = dispatch(stages, store=tmp_path, pool=TWO, limits=limits, split=halves)
    said = ["0 1", "2 3", CRASHED, "5", "6", "ArithmeticError: 7 cannot be counted", "8 9"]
    assert numbers(results) == said
    made = {e["key"] for e in Store(tmp_path).journal() if e["event"] == "made"}
    assert len(made) == len([s for s in said if s[0].isdigit()])


def test_stages_follow_those_that_they_need_once_all_their_pieces_are_done(
    tmp_path: Path, luck: Path
) -> None:
    first = [Count(start=0, stop=4, raises=(2,), luck=luck), Count(start=10, stop=11)]
    seen: list[tuple[int, list[str]]] = []

    def follow(stage: Count, results: list[ShardResult]) -> list[Count]:
        seen.append((stage.start, numbers(results)))
        after = {10: [12, 13], 12: [14]}.get(stage.start, [])
        return [Count(start=start, stop=start + 1) for start in after]

    limits = StageLimits(attempts=1)
    results = dispatch(first, store=tmp_path, pool=TWO, limits=limits, split=halves, follow=follow)
    said = ["0 1", "ArithmeticError: 2 cannot be counted", "3"]
    assert numbers(results) == [*said, "10", "12", "13", "14"]
    assert sorted(seen) == [(0, said), (10, ["10"]), (12, ["12"]), (13, ["13"]), (14, ["14"])]
    again = dispatch(first[1:], store=tmp_path, pool=TWO, follow=follow)
    assert numbers(again) == ["10", "12", "13", "14"]
    made = {e["key"] for e in Store(tmp_path).journal() if e["event"] == "made"}
    assert len(made) == 6, "what follows is found in the store too"


def test_an_error_that_all_would_have_ends_the_whole_once_its_attempts_are_used_up(
    tmp_path: Path, luck: Path
) -> None:
    stages = [Count(start=0, stop=2, raises=(1,), luck=luck)]
    limits = StageLimits(attempts=2)
    with pytest.raises(ArithmeticError, match="1 cannot be counted"):
        dispatch(
            stages, store=tmp_path, pool=TWO, limits=limits, split=halves, fatal=(ArithmeticError,)
        )
    assert sorted(p.name for p in luck.iterdir()) == ["1-0", "1-1"]


def test_an_actor_that_fits_on_no_node_is_refused_in_words(tmp_path: Path) -> None:
    pool, limits = Pool(cpus=64), StageLimits(start_seconds=1)
    with pytest.raises(ValueError, match=r"must fit on a node, none started in 1 s with cpus 64"):
        dispatch([Count(start=0, stop=1)], store=tmp_path, pool=pool, limits=limits)


def test_no_actor_is_left_behind(tmp_path: Path) -> None:
    dispatch([Count(start=0, stop=1)], store=tmp_path, pool=TWO)
    deadline = time.monotonic() + 10
    while ray.available_resources().get("CPU") != 2:
        assert time.monotonic() < deadline, ray.available_resources()
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (lambda: StageLimits(attempts=0), "attempts must be at least 1, got 0"),
        (lambda: StageLimits(seconds=float("nan")), "seconds must be at least 0, got nan"),
        (lambda: Pool(actors=0), "at least 1 actor, got 0"),
        (lambda: Pool(cpus=-1.0), "0 or more processors, got cpus -1"),
        (lambda: Pool(gpus=-0.5), r"gpus_per_stage is a share .* got -0.5: 0.5 lets two"),
        (lambda: Pool(gpus=1.5), r"in 0..1, or a whole number of them, got 1.5"),
    ],
)
def test_settings_that_cannot_be_are_refused(made: object, rule: str) -> None:
    assert callable(made)
    with pytest.raises(ValueError, match=rule):
        made()
