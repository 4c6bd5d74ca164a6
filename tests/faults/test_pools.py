"""Nodes that come late, leave, have GPUs, time, or run out of memory: on real raylets."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from emoray.distributed.connection import SETTINGS
from emoray.storage.store.local import Store
from tests.conftest import ROOT
from tests.faults.tolls import begun_again

pytestmark = pytest.mark.faults


def played(scene: str, store: Path) -> dict[str, Any]:
    hidden = {"CUDA_VISIBLE_DEVICES"}  # Ray gives out those that it is told of
    environment = {k: v for k, v in os.environ.items() if k not in hidden} | SETTINGS
    with tempfile.TemporaryDirectory(prefix="e-", dir="/tmp", ignore_cleanup_errors=True) as short:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.pools", scene, store],
            cwd=ROOT,
            env=environment | {"RAY_TMPDIR": short},
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_pool_uses_nodes_as_they_come_and_loses_nothing_with_those_that_go(
    tmp_path: Path,
) -> None:
    found = played("late", tmp_path)
    nodes = Counter(each["node"] for each in found["seen"])
    assert nodes.total() == 40
    assert len(nodes) >= 3 and nodes[found["last"]], "those that came, and the one at the end"
    assert begun_again(Store(tmp_path).journal()).total() <= 1, "what the node was at"


def test_trainings_get_gpus_of_their_own_and_other_stages_see_none(tmp_path: Path) -> None:
    found = played("gpus", tmp_path)
    (before,) = found["before"]
    assert before["visible"] == "" and "GPU" not in before["holds"], "no GPU was there yet"
    assert found["early"] == 0 and len(found["fills"]) == 3, "who names a number waits for them"
    for each in (*found["waited"], *found["after"]):
        assert each["holds"]["GPU"] == 1 and each["visible"] in ("0", "1")
    for each in (*found["fills"], *found["never"]):
        assert each["visible"] == "" and "GPU" not in each["holds"]
    (large,), (shared,) = found["large"], found["shared"]
    assert (large["holds"]["GPU"], shared["holds"]["GPU"]) == (1, 0.5)
    small, grown, plain = found["pool"]
    assert (small["holds"]["GPU"], grown["holds"]["GPU"]) == (0.5, 1)
    assert small["visible"] in ("0", "1") and plain["visible"] == ""


def test_timing_has_a_whole_node_of_the_usual_kind_and_falls_back_to_its_like(
    tmp_path: Path,
) -> None:
    found = played("timing", tmp_path)
    assert found["kind"]["cpus"] == 2 and found["kind"]["cpu"]
    assert found["first"]["holds"]["CPU"] == 2
    assert found["second"]["node"] == found["other"] != found["first"]["node"]
    assert "timing needs a whole node of 2 CPUs" in found["none"]
    assert found["left"] == {**found["kind"], "cpus": 1}


def test_a_stage_that_takes_all_memory_fails_alone(tmp_path: Path) -> None:
    found = played("memory", tmp_path)
    hog, *others = found["pool"]
    assert "its node had no memory left: give it more" in hog
    assert all(isinstance(each, dict) for each in others), others
    assert found["hogs"] == 3, "once beside others, twice with the node to itself"
