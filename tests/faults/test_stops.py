"""Every process of a sweep stands still for a while: nothing is lost, and nothing done twice."""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from emoray.workflows.settings.sweep import Sweep
from tests.faults.conftest import Ledger
from tests.faults.drivers import Driver, pids_in
from tests.faults.tolls import assert_as_if_nothing_had_happened, begun_again, toll
from tests.runs import Run, read

pytestmark = pytest.mark.faults

SECONDS = 3.0


def stand_still(pids: Iterable[int]) -> None:
    """Stop processes, and have them go on; one that has ended meanwhile needs neither."""
    pids = list(pids)
    for sent in (signal.SIGSTOP, signal.SIGCONT):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, sent)
        time.sleep(SECONDS if sent == signal.SIGSTOP else 0)


def workers(driver: Driver) -> dict[str, int]:
    """One process of each kind that does the run's work, by what Ray calls it."""
    kinds = {said.split("(")[0].strip(): pid for pid, said in pids_in(driver.ray).items()}
    return {kind: pid for kind, pid in kinds.items() if kind.startswith("ray::")}


def test_processes_that_stand_still_for_a_while_cost_nothing(
    tmp_path: Path, smoke: Run, ledger: Ledger
) -> None:
    driver = Driver(tmp_path / "out")
    driver.wait_for(lambda d: any(e["key"].startswith("train-") for e in d.events("started")))
    stand_still([driver.events("started")[-1]["pid"]])
    driver.wait_for(lambda d: len(d.made("decide")) >= 2)
    kinds = workers(driver)
    assert kinds, "some worker is there"
    for pid in kinds.values():
        stand_still([pid])
    stand_still([driver.process.pid])
    stand_still([driver.process.pid, *workers(driver).values()])
    ended = driver.ended()
    assert ended.code == 0, ended.said
    run = read(Sweep(space="smoke", out=tmp_path / "out"))
    assert_as_if_nothing_had_happened(run, smoke)
    assert not begun_again(run.journal), "who stands still is not dead"
    ledger("processes stopped and continued", len(kinds) + 3, toll(run, smoke))
