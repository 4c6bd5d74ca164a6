"""Stages that meet with a fault the first few times, and what each fault does to its process."""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from emoray.storage.client import UnansweredError

CGROUPS = Path("/sys/fs/cgroup/memory")  # version 1; version 2 has one folder for everything
ALWAYS = 99


def raise_error() -> None:
    raise ValueError("this stage cannot be made\nat all")


def time_out() -> None:
    raise TimeoutError("a server did not answer")


def leave_unanswered() -> None:
    raise UnansweredError("S3 must do what it is asked, got SlowDown")


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def segfault() -> None:
    ctypes.string_at(0)


def memory_group() -> Path:
    return (CGROUPS if CGROUPS.is_dir() else CGROUPS.parent) / f"emoray-{os.getpid()}"


def run_out_of_memory() -> None:
    """Ask for more memory than this process's own control group has: the kernel kills it."""
    group = memory_group()
    group.mkdir()
    limit = "memory.limit_in_bytes" if CGROUPS.is_dir() else "memory.max"
    (group / limit).write_text(str(100 << 20))
    (group / "cgroup.procs").write_text(str(os.getpid()))
    held = [bytes([1]) * (10 << 20) for _ in range(40)]
    raise AssertionError(f"{len(held)} times ten mebibytes fitted into a hundred")


def hang() -> None:
    time.sleep(600)


def hang_in_native_code() -> None:
    """Hold Python's lock: no thread or signal handler of this process gets a turn."""
    ctypes.PyDLL(None).sleep(600)


FAULTS: dict[str, Callable[[], None]] = {
    "raise": raise_error,
    "time out": time_out,
    "unanswered": leave_unanswered,
    "kill": kill,
    "abort": os.abort,
    "segfault": segfault,
    "memory": run_out_of_memory,
    "hang": hang,
    "hang natively": hang_in_native_code,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """Writes a file, after `times` attempts that met with the fault. notes: where it counts."""

    name: ClassVar[str] = "faulty"
    version: ClassVar[int] = 1

    fault: str
    times: int
    notes: Path

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        (out / "half").write_text("")
        with (self.notes / f"{self.fault} {self.times}").open("a") as notes:
            notes.write("x")
        if self.attempts <= self.times:
            FAULTS[self.fault]()
        (out / "text").write_text(self.fault)

    @property
    def attempts(self) -> int:
        path = self.notes / f"{self.fault} {self.times}"
        return path.stat().st_size if path.exists() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Writes so many mebibytes."""

    name: ClassVar[str] = "fill"
    version: ClassVar[int] = 1

    mebibytes: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        (out / "bytes").write_bytes(b"x" * (self.mebibytes << 20))
