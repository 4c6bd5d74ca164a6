"""The sweep as a process of its own: started, stopped, killed, looked at from outside."""

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from emoray.storage.store.local import Store

COMMAND = ["-m", "jobs.sweep", "--space", "smoke", "--no-download", "--cpus", "2"]
PATIENCE = 200.0
ALONE_SECONDS = 60.0
PR_SET_PDEATHSIG = 1


def pids_in(folder: Path) -> dict[int, str]:
    """Processes that work in a folder or have one of its files open, and their command lines."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            held = [os.readlink(fd) for fd in (process / "fd").iterdir()]
            held.append(os.readlink(process / "cwd"))
            said = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # gone, or another user's
            continue
        if any(link.startswith(f"{folder}/") for link in held):
            found[int(process.name)] = said
    return found


def processes_in(folder: Path) -> list[str]:
    """Their command lines alone."""
    return list(pids_in(folder).values())


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one start of the job ended.

    seconds: since it was told to. running: what its Ray had left at that moment, by command line.
    """

    code: int
    said: str
    made: list[str]
    seconds: float
    running: list[str]
    ray: Path

    def left_running(self) -> list[str]:
        """What outlives the time in which Ray's processes notice that they are alone."""
        deadline = time.monotonic() + ALONE_SECONDS
        while (left := processes_in(self.ray)) and time.monotonic() < deadline:
            time.sleep(0.1)
        shutil.rmtree(self.ray, ignore_errors=True)  # once more: those had still written there
        return left


def _as_from_a_shell(files: int | None) -> None:
    """Heed Ctrl-C, which a shell's background jobs ignore, and end when the tests are killed."""
    if files is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Driver:
    """`python -m jobs.sweep` in a process group of its own, as a shell starts it.

    files: how many it, and what it starts, may each have open at once.
    """

    def __init__(
        self, out: Path, *words: str, command: list[str] = COMMAND, files: int | None = None
    ) -> None:
        self.store = Store(out / "_store")
        self.ray = Path(tempfile.mkdtemp(prefix="e-", dir="/tmp"))  # Ray needs short paths
        self.log = self.ray / "log"
        environment = {k: v for k, v in os.environ.items() if k != "EMORAY_DATA"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command, "--out", str(out), *words],
                cwd=self.ray.parent,
                env=environment | {"RAY_TMPDIR": str(self.ray)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=partial(_as_from_a_shell, files),
            )

    def events(self, event: str) -> list[dict[str, Any]]:
        return [e for e in self.store.journal() if e["event"] == event]

    def made(self, stage: str = "") -> list[str]:
        return [e["key"] for e in self.events("made") if e["key"].startswith(stage)]

    def wait_for(self, holds: Callable[["Driver"], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds(self):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def stopped(self, send: int, *, group: bool = False) -> Ended:
        """How it ends when it, or its whole group, is sent a signal."""
        (os.killpg if group else os.kill)(self.process.pid, send)
        return self.ended()

    def ended(self) -> Ended:
        told = time.monotonic()
        try:
            code = self.process.wait(timeout=PATIENCE)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
        seconds = time.monotonic() - told
        ended = Ended(
            code=code,
            said=self.log.read_text(),
            made=self.made(),
            seconds=seconds,
            running=processes_in(self.ray),
            ray=self.ray,
        )
        shutil.rmtree(self.ray, ignore_errors=True)
        return ended
