"""A sweep stopped by Ctrl-C, by SIGTERM, killed, left alone: as if nothing had happened."""

import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from emoray.workflows.settings.sweep import Sweep
from tests.faults.conftest import Ledger
from tests.faults.drivers import COMMAND, Driver, Ended
from tests.faults.tolls import NOTHING, assert_as_if_nothing_had_happened, begun_again, toll
from tests.runs import Run, read, swept

pytestmark = pytest.mark.faults

GRACE_SECONDS = 3.0  # `ray job stop` waits so long before it kills
CORES = 2
FEW_FILES = 256  # what macOS lets a process have open


@dataclass(frozen=True, kw_only=True)
class Story:
    """Ctrl-C in the first training, SIGTERM and SIGKILL among the models, then left alone."""

    interrupted: Ended
    terminated: Ended
    killed: Ended
    finished: Ended
    run: Run


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    out = tmp_path_factory.mktemp("stopped") / "out"
    driver = Driver(out)
    driver.wait_for(lambda d: bool(d.made("embed")))
    interrupted = driver.stopped(signal.SIGINT, group=True)
    driver = Driver(out)
    driver.wait_for(lambda d: len(d.made("decide")) >= 3)
    terminated = driver.stopped(signal.SIGTERM)
    driver = Driver(out)
    driver.wait_for(lambda d: len(d.made("decide")) >= 7)
    killed = driver.stopped(signal.SIGKILL)
    return Story(
        interrupted=interrupted,
        terminated=terminated,
        killed=killed,
        finished=Driver(out, files=FEW_FILES).ended(),
        run=read(Sweep(space="smoke", out=out)),
    )


@pytest.mark.parametrize(("how", "code"), [("interrupted", 130), ("terminated", 143)])
def test_a_stopped_sweep_says_how_to_go_on_and_leaves_nothing_running(
    how: str, code: int, story: Story
) -> None:
    ended: Ended = getattr(story, how)
    assert ended.code == code
    assert "run the same command again to go on" in ended.said
    assert "Traceback" not in ended.said
    assert not ended.running


@pytest.mark.parametrize("how", ["interrupted", "terminated"])
def test_a_stopped_sweep_is_gone_before_ray_would_kill_it(how: str, story: Story) -> None:
    assert getattr(story, how).seconds < GRACE_SECONDS


def test_the_ray_of_a_killed_sweep_ends_by_itself(story: Story) -> None:
    assert story.killed.code == -signal.SIGKILL
    assert not story.killed.left_running()


def test_the_same_command_finishes_what_was_stopped_and_killed_with_few_open_files(
    story: Story,
) -> None:
    assert story.finished.code == 0 and "Traceback" not in story.finished.said
    parts = [story.interrupted, story.terminated, story.killed, story.finished]
    sizes = [len(ended.made) for ended in parts]
    assert sizes == sorted(set(sizes)), "each went on where the one before had stopped"


def test_a_broken_run_ends_as_an_unbroken_one(story: Story, smoke: Run, ledger: Ledger) -> None:
    assert_as_if_nothing_had_happened(story.run, smoke)
    assert begun_again(story.run.journal).total() <= 3 * CORES
    ledger("Ctrl-C, SIGTERM, SIGKILL of the driver", 3, toll(story.run, smoke))


def at_random(driver: Driver, rng: np.random.Generator) -> bool:
    """Wait for a random moment of its work, or of its start or end; whether it still runs then."""
    if rng.random() < 0.75:
        events = len(list(driver.store.journal())) + int(rng.integers(1, 50))
        while driver.process.poll() is None and len(list(driver.store.journal())) < events:
            time.sleep(0.01)
        seconds = rng.uniform(0.0, 1.0)
    else:
        seconds = rng.uniform(0.5, 15.0)
    try:
        driver.process.wait(timeout=float(seconds))
    except subprocess.TimeoutExpired:
        return True
    return False


def kill_at_random(out: Path, seed: int, kills: int) -> tuple[int, int]:
    """Kill drivers at random moments until so many died; returns how many died and finished.

    One that ends before its moment is followed by one on a fresh output; the last is left alone.
    """
    rng = np.random.default_rng(seed)
    rays: list[Ended] = []
    finished = 0
    while len(rays) < kills:
        driver = Driver(out / str(finished))
        if at_random(driver, rng):
            rays.append(driver.stopped(signal.SIGKILL))
        else:
            assert driver.ended().code == 0
            finished += 1
    last = Driver(out / str(finished)).ended()
    assert last.code == 0, last.said
    assert not any(ended.left_running() for ended in rays)
    return kills, finished + 1


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(2))
def test_a_driver_killed_at_any_moment_goes_on_where_it_was(
    seed: int, tmp_path: Path, smoke: Run, ledger: Ledger
) -> None:
    killed, runs = kill_at_random(tmp_path, seed, kills=5)
    cost = NOTHING
    for i in range(runs):
        run = read(Sweep(space="smoke", out=tmp_path / str(i)))
        assert_as_if_nothing_had_happened(run, smoke)
        cost += toll(run, smoke)
    assert cost.again <= killed * CORES
    ledger("driver SIGKILLed at a random moment", killed, cost)


def test_a_driver_killed_between_publishing_and_writing_loses_no_row(
    tmp_path: Path, smoke: Run, ledger: Ledger
) -> None:
    sweep = Sweep(space="smoke", out=tmp_path / "out", download=False)
    driver = Driver(sweep.out, command=["-m", "tests.faults.between", *COMMAND[2:]])
    ended = driver.ended()
    assert ended.code == -signal.SIGKILL and (sweep.run_place / "_killed_driver").exists()
    assert [key for key in ended.made if key.startswith("decide")]
    run = swept(sweep)
    assert_as_if_nothing_had_happened(run, smoke)
    ledger("driver killed between publishing a stage and writing its rows", 1, toll(run, smoke))


def test_of_two_drivers_on_one_run_the_second_is_refused_and_two_runs_share_a_store(
    tmp_path: Path, smoke: Run, ledger: Ledger
) -> None:
    out = tmp_path / "out"
    first = Driver(out, "--run", "one")
    first.wait_for(lambda d: bool(d.events("started")))
    refused = Driver(out, "--run", "one").ended()
    assert refused.code == 1 and "one is held by another one" in refused.said
    second = Driver(out, "--run", "two")
    assert (first.ended().code, second.ended().code) == (0, 0)
    for name in ("one", "two"):
        run = read(Sweep(space="smoke", out=out, name=name))
        named = {"points": run.tables["points"].assign(run=smoke.folder.name)}
        run = Run(sweep=run.sweep, tables=run.tables | named, journal=run.journal)
        assert_as_if_nothing_had_happened(run, smoke)
        ledger(f"two drivers on one store, run {name}", 1, toll(run, smoke))
