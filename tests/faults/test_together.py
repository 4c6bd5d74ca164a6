"""Three sweeps at once on one store, one of them killed: nothing is made twice."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from emoray.storage.store.local import Store
from emoray.workflows.settings.sweep import Sweep
from tests.faults.conftest import Ledger
from tests.faults.drivers import Driver
from tests.faults.tolls import COMPUTED, begun_again, keys_of, toll
from tests.runs import Run, read

pytestmark = pytest.mark.faults


def test_three_sweeps_on_one_store_make_each_stage_once_though_one_is_killed(
    tmp_path: Path, smoke: Run, ledger: Ledger
) -> None:
    root = tmp_path / "store"
    store = Store(root)
    jobs = [Driver(tmp_path / f"out{i}", "--store", str(root)) for i in range(3)]
    for job in jobs:
        job.store = store
    jobs[0].wait_for(lambda d: len(d.made("decide")) >= 2)
    killed = jobs[0].stopped(signal.SIGKILL)
    ended = [job.ended() for job in jobs[1:]]
    assert [each.code for each in ended] == [0, 0], ended[0].said + ended[1].said
    runs = [read(Sweep(space="smoke", out=tmp_path / f"out{i}", store=root)) for i in (1, 2)]
    journal = list(store.journal())
    assert "beaten" not in Counter(event["event"] for event in journal)
    again = begun_again(journal)  # asserts that each was made once
    assert set(again.values()) <= {1}, "what the killed job was making, once more"
    for run in runs:
        for table in COMPUTED:
            rows, wanted = keys_of(table, run.tables[table]), keys_of(table, smoke.tables[table])
            assert sorted(map(str, rows)) == sorted(map(str, wanted)), table
        assert run.tables["failures"].empty
    killed.left_running()
    ledger("three sweeps on one store, one of them killed", 1, toll(runs[0], smoke))
