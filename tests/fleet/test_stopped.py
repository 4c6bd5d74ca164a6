"""A sweep stopped by Ctrl-C, started again, killed, started again: as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from emoray.fleet.sweep import Sweep
from emoray.trial.store import Store
from tests.fleet.conftest import Run, read

COMMAND = [sys.executable, "-m", "jobs.sweep", "--space", "smoke", "--no-download", "--cpus", "2"]
PATIENCE = 150.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one start of the job ended."""

    code: int
    said: str
    made: list[str]


class Job:
    """The sweep as a process group of its own, as a shell starts it."""

    def __init__(self, out: Path) -> None:
        self.store = Store(out / "_store")
        self.log = out.parent / "log"
        environment = {k: v for k, v in os.environ.items() if k != "EMORAY_DATA"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "--out", str(out)],
                cwd=out.parent,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A shell's background jobs ignore Ctrl-C, and so would this one in their midst.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def made(self) -> list[str]:
        return [e["key"] for e in self.store.journal() if e["event"] == "made"]

    def ended(self) -> Ended:
        try:
            code = self.process.wait(timeout=PATIENCE)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
        return Ended(code=code, said=self.log.read_text(), made=self.made())

    def stopped(self, when: Callable[[list[str]], bool], send: Callable[[int], None]) -> Ended:
        """Wait until `when` holds of what was made, then `send` a signal to the process."""
        deadline = time.monotonic() + PATIENCE
        while not when(self.made()):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        send(self.process.pid)
        return self.ended()


@dataclass(frozen=True, kw_only=True)
class Story:
    """Ctrl-C in the first training, SIGKILL among the models, then left alone."""

    interrupted: Ended
    killed: Ended
    finished: Ended
    run: Run


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    out = tmp_path_factory.mktemp("stopped") / "out"
    embedded = Job(out).stopped(
        lambda made: any(key.startswith("embed") for key in made),
        lambda pid: os.killpg(pid, signal.SIGINT),
    )
    killed = Job(out).stopped(
        lambda made: sum(key.startswith("decide") for key in made) >= 3,
        lambda pid: os.kill(pid, signal.SIGKILL),
    )
    finished = Job(out).ended()
    return Story(
        interrupted=embedded,
        killed=killed,
        finished=finished,
        run=read(Sweep(space="smoke", out=out)),
    )


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(story: Story) -> None:
    assert story.interrupted.code == 130
    assert "run the same command again to go on" in story.interrupted.said
    assert "Traceback" not in story.interrupted.said


def test_the_same_command_finishes_what_was_stopped_and_killed(story: Story) -> None:
    assert story.killed.code == -signal.SIGKILL
    assert story.finished.code == 0
    assert len(story.interrupted.made) < len(story.killed.made) < len(story.finished.made)
    assert "Traceback" not in story.finished.said


def test_nothing_finished_was_made_twice(story: Story) -> None:
    assert len(set(story.finished.made)) == len(story.finished.made)


@pytest.mark.parametrize("table", ["points", "labels", "layers", "surface", "reliability"])
def test_a_broken_run_ends_with_the_tables_of_an_unbroken_one(
    table: str, story: Story, smoke: Run
) -> None:
    # Latency is measured, and the fastest row ships its artifact; all the rest is computed.
    varying = ["latency_p50_ms", "latency_p95_ms", "artifact"]
    pd.testing.assert_frame_equal(
        story.run.tables[table].drop(columns=varying, errors="ignore"),
        smoke.tables[table].drop(columns=varying, errors="ignore"),
    )
