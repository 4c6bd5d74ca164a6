"""Identify processes so that another one can check whether they live."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def boot() -> str:
    """An id of this start of this machine, or of its container."""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        return f"{file.read().strip()} {os.stat('/proc/self/ns/pid').st_ino}"
    return ""


def state_and_birth(pid: int) -> tuple[str, int]:
    """Read a process' state and birth from /proc.

    Returns:
        State, `Z` when only its entry is left, and birth, in clock ticks since the machine's.
        ProcessLookupError where there is no process, OSError without /proc.
    """
    os.kill(pid, 0)
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return words[0], int(words[19])


def this_process() -> dict[str, Any]:
    """Machine, number and birth of this process."""
    born = -1
    with suppress(OSError):
        born = state_and_birth(os.getpid())[1]
    return {"node": os.uname().nodename, "boot": boot(), "pid": os.getpid(), "born": born}


def lives(recorded: dict[str, Any]) -> bool | None:
    """Whether a process of `this_process` lives; None where unknown, as on another machine."""
    if (recorded.get("node"), recorded.get("boot")) != (os.uname().nodename, boot()):
        return None
    try:
        state, born = state_and_birth(int(recorded["pid"]))
    except (ProcessLookupError, FileNotFoundError):
        return False
    except (OSError, KeyError, ValueError, TypeError):
        return None
    return state != "Z" and recorded.get("born", -1) in (-1, born)


def is_dead(recorded: dict[str, Any]) -> bool:
    """Whether it was a process of this very machine that is gone."""
    return lives(recorded) is False
