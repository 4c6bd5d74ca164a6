"""A cluster that grows and shrinks while a grid runs is used whole."""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.faults.late_nodes import FIRST, RECIPES, SCHEMES, SLOTS
from tests.faults.made_models import Span, spans

pytestmark = pytest.mark.faults

LEAST_BUSY = 0.9


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
    def work_for_all(self) -> float:
        """Until when: two stages for every slot were left to begin, not all behind each other."""
        workers = [own for lane in self.lanes.values() for own in lane.values()]
        return sorted(span.start for own in workers for span in own)[-2 * SLOTS * (FIRST + 1)]


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


def test_slots_are_busy_while_work_is_left(story: Story) -> None:
    busy = total = 0.0
    for node, workers in story.lanes.items():
        for own in workers.values():
            until = story.work_for_all
            if node in story.said["went"]:  # what it was at when it died was not told
                until = min(until, max(span.end for span in own))
            busy += sum(max(0.0, min(span.end, until) - span.start) for span in own)
            total += max(0.0, until - min(span.start for span in own))
    assert busy / total >= LEAST_BUSY, f"busy {busy:.0f} of {total:.0f} s"


def test_what_waits_is_demand_that_makes_an_autoscaler_start_nodes(tmp_path: Path) -> None:
    said = told("tests.faults.autoscaled", tmp_path, RAY_FAKE_CLUSTER="1")
    assert said["points"] == said["models"] and not said["failures"]
    assert said["nodes"] == said["most"], "as many as the autoscaler may start"
    assert len({span.node for span in spans(tmp_path / "spans")}) > 1


def test_two_thousand_recipes_leave_the_head_small(tmp_path: Path) -> None:
    said = told("tests.faults.many_recipes", tmp_path)
    assert said["points"] > 0 and said["processes"] < 20, "none for a recipe"
    assert said["head_mb"] <= 1500
