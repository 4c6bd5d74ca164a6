"""Which process this is, in words that another one can check: does it still live?"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def boot() -> str:
    """What tells this start of this machine, or of its container, from others."""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        return f"{file.read().strip()} {os.stat('/proc/self/ns/pid').st_ino}"
    return ""


def state_and_birth(pid: int) -> tuple[str, int]:
    """A process' state, `Z` when only its entry is left, and when it began, in clock ticks since
    the machine did. ProcessLookupError where there is none, OSError where /proc does not say."""
    os.kill(pid, 0)
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return words[0], int(words[19])


def this_process() -> dict[str, Any]:
    """Machine, number and birth of this process."""
    born = -1
    with suppress(OSError):
        born = state_and_birth(os.getpid())[1]
    return {"node": os.uname().nodename, "boot": boot(), "pid": os.getpid(), "born": born}


def lives(told: dict[str, Any]) -> bool | None:
    """Whether what `this_process` told still lives; None where that is not known here, as of a
    process of another machine."""
    if (told.get("node"), told.get("boot")) != (os.uname().nodename, boot()):
        return None
    try:
        state, born = state_and_birth(int(told["pid"]))
    except (ProcessLookupError, FileNotFoundError):
        return False
    except (OSError, KeyError, ValueError, TypeError):
        return None
    return state != "Z" and told.get("born", -1) in (-1, born)


def is_dead(told: dict[str, Any]) -> bool:
    """Whether it was a process of this very machine that is gone."""
    return lives(told) is False
