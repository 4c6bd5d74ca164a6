"""Nodes say which processor they have, whatever becomes of the process that is asked."""

import os
import signal
from pathlib import Path

import pytest
import ray

from emoray.distributed import timing_node
from emoray.distributed.timing_node import ASKING, timing_kind


@pytest.mark.usefixtures("local_ray")
def test_a_node_is_asked_again_where_the_process_that_was_asked_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = tmp_path / "killed"

    def killed_once() -> str:
        if not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "a processor"

    monkeypatch.setattr(timing_node, "CPU_MODEL", ray.remote(**ASKING)(killed_once))
    assert timing_kind().cpu == "a processor" and killed.exists()
