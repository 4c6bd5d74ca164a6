"""Remove what killed stages leave in a store on disk.

A killed stage leaves its hidden scratch folder; one killed between publishing and tidying leaves
its `unfinished` folder. Other drivers may be at work in the same store, so only that goes whose
process is known to be dead, or that nobody has touched for days.
"""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from emoray.storage.store.keys import UNFINISHED
from emoray.storage.store.local import Store
from emoray.storage.store.manifest import MANIFEST

OLD_SECONDS = 7 * 86400.0
SLACK_SECONDS = 2.0  # the time of boot is known to the second


class Process(NamedTuple):
    """The process that began a stage: its node, its number, and when, in seconds of the epoch."""

    node: str
    pid: int
    time: float


def clear_leftovers(store: Store) -> list[Path]:
    """Remove what dead stages left; return the removed folders."""
    store.clear_claims()
    scratch = list(store.root.glob("stages/*/.*"))
    unfinished = list((store.root / UNFINISHED).glob("*"))
    if not scratch and not unfinished:
        return []  # the usual case, without reading the journal
    begun: dict[str, list[Process]] = {}
    for event in store.journal():
        if event["event"] == "started":
            who = Process(event.get("node", ""), event["pid"], event["time"])
            begun.setdefault(event["key"], []).append(who)
    gone = []
    for path in scratch:
        key = path.name[1:].rpartition("-")[0]  # `.<key>-<attempt>`
        if _old(path) or _all_dead(begun.get(key, [])):
            gone.append(path)
    for path in unfinished:  # kept for a stage to go on from, until it is made
        made = any(store.root.glob(f"stages/*/{path.name}/{MANIFEST}"))
        if _old(path) or (made and _all_dead(begun.get(path.name, []))):
            gone.append(path)
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
    return [path for path in gone if not path.exists()]


def _all_dead(begun: list[Process]) -> bool:
    """Whether every process that began this stage ran here and is dead; False if unknown."""
    here = os.uname().nodename
    return bool(begun) and all(p.node == here and not _alive(p) for p in begun)


def _alive(process: Process) -> bool:
    """Whether the process still runs, and not a younger one of its number."""
    try:
        os.kill(process.pid, 0)
        state, born = _state_and_birth(process.pid)
    except ProcessLookupError:
        return False
    except OSError:  # another user's, or a system without /proc
        return True
    return state != "Z" and born <= process.time + SLACK_SECONDS


def _state_and_birth(pid: int) -> tuple[str, float]:
    """A process's state, `Z` when only its entry is left, and its birth, by /proc."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    lines = Path("/proc/stat").read_text().splitlines()
    booted = next(float(line.split()[1]) for line in lines if line.startswith("btime"))
    return words[0], booted + int(words[19]) / os.sysconf("SC_CLK_TCK")


def _old(path: Path) -> bool:
    """Whether nothing in the folder has changed for days."""
    return time.time() - max(_times(path), default=time.time()) > OLD_SECONDS


def _times(path: Path) -> Iterator[float]:
    for each in (path, *path.rglob("*")):
        try:
            yield each.stat().st_mtime
        except FileNotFoundError:  # it is still at work
            yield time.time()
