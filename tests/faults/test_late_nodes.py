"""A cluster that grows and shrinks while a grid runs is used whole."""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.faults.late_nodes import FIRST, RECIPES, SCHEMES, SECONDS, SLOTS
from tests.faults.made_models import Span, spans

pytestmark = pytest.mark.faults

BUSY = 0.9  # of its time, where no stage is shorter than these


def told(program: str, out: Path, **environment: str) -> dict[str, Any]:
    """What a program with a cluster of its own says at its end."""
    with tempfile.TemporaryDirectory(prefix="e-", dir="/tmp", ignore_cleanup_errors=True) as short:
        done = subprocess.run(
            [sys.executable, "-m", program, str(out)],
            cwd=ROOT,
            env=os.environ | {"RAY_TMPDIR": short} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    said: dict[str, Any] = json.loads(line)
    return said


@dataclass(frozen=True, kw_only=True)
class Story:
    """What came of it. By node: the stages of each of its workers."""

    said: dict[str, Any]
    lanes: dict[str, dict[int, list[Span]]]

    @property
    def waits(self) -> list[float]:
        """How long each slot was without a stage between two, in seconds."""
        workers = [sorted(own, key=_start) for lane in self.lanes.values() for own in lane.values()]
        return [after.start - before.end for own in workers for before, after in pairwise(own)]


def _start(span: Span) -> float:
    return span.start


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    out = tmp_path_factory.mktemp("late")
    said = told("tests.faults.late_nodes", out)
    lanes: dict[str, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for span in spans(out / "spans"):
        lanes[span.node][span.pid].append(span)
    return Story(said=said, lanes=lanes)


def test_every_model_is_measured_though_a_node_died(story: Story) -> None:
    assert story.said["models"] == story.said["points"] == RECIPES * SCHEMES
    assert story.said["failures"] == 0
    assert len(story.said["came"]) == FIRST + 1 and len(story.said["went"]) == 1


def test_all_processors_of_every_node_get_work_and_no_others(story: Story) -> None:
    assert set(story.lanes) == set(story.said["came"])
    assert all(len(workers) >= SLOTS for workers in story.lanes.values())


def test_a_slot_that_is_free_has_its_next_stage_at_once(story: Story) -> None:
    """In most cases: the processes of nodes that start take both cores for a while."""
    assert median(story.waits) <= (1 - BUSY) * SECONDS


def test_what_waits_is_demand_that_makes_an_autoscaler_start_nodes(tmp_path: Path) -> None:
    said = told("tests.faults.autoscaled", tmp_path, RAY_FAKE_CLUSTER="1")
    assert said["points"] == said["models"] and not said["failures"]
    assert said["nodes"] == said["most"], "as many as the autoscaler may start"
    assert len({span.node for span in spans(tmp_path / "spans")}) > 1


def test_two_thousand_recipes_leave_the_head_small(tmp_path: Path) -> None:
    said = told("tests.faults.many_recipes", tmp_path)
    assert said["points"] > 0 and said["processes"] < 20, "none for a recipe"
    assert said["head_mb"] <= 1500
