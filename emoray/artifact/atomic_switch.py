"""Exchange two files of an artifact for two others at one moment, while readers read them.

decision.json and manifest.json must change together, and a rename moves one name. So for the time
of a change both are links through one pointer, `.decisions/current`, whose move is the change:

1. the new pair is written to `.decisions/next`; readers still read the old files
2. `current` points to the old pair, then each file becomes a link to its own bytes through it
3. `current` moves to `next`: before this rename readers see the old pair, after it the new one
4. each link becomes a plain file again, of the bytes it showed; `next` gets its number

Killed anywhere, the artifact is whole, and the next call finishes or drops what was begun. At
rest an artifact is plain files; `.decisions/0000`, `0001`, … hold every pair it ever had, and none
of them moves or goes: `.decisions/at.json` holds the number of the current one. `artifact.read`
reads none of it.
"""

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from emoray.artifact.runtime import DECISION, MANIFEST

HISTORY, CURRENT, NEXT, NOTE, AT = ".decisions", "current", "next", "note.json", "at.json"
UNDONE = "undone"  # where an earlier version moved what was undone
PAIR = (MANIFEST, DECISION)
AS_FOUND = "as the artifact was found"
LOCK, ASIDE = "lock", "aside-"
WAIT_SECONDS = 10.0


def _write(path: Path, data: bytes) -> None:
    """Write `data` to a new path, synced to the disk before anything points to it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _aside(history: Path) -> Path:
    return history / f"{ASIDE}{uuid.uuid4().hex[:8]}"


def put_file(history: Path, data: bytes, path: Path) -> None:
    """Write a plain file at `path`, atomically."""
    aside = _aside(history)
    _write(aside, data)
    os.replace(aside, path)


def _link(history: Path, target: str, path: Path) -> None:
    """Make a link at `path` atomically: whoever opens it gets the old content or the new."""
    aside = _aside(history)
    os.symlink(target, aside)
    os.replace(aside, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """The position of an artifact in its history.

    Attributes:
        number: of its decision.
        redo: those that were undone since, the last one last.
    """

    number: int
    redo: tuple[int, ...] = ()


def read_at(history: Path) -> At | None:
    """Read the saved position; None where there is none, or it cannot be read."""
    try:
        saved = json.loads((history / AT).read_bytes())
        return At(number=int(saved["number"]), redo=tuple(map(int, saved["redo"])))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_at(history: Path, at: At) -> None:
    """Save the position atomically; a kill before it loses the redo list, and no decision."""
    put_file(history, json.dumps({"number": at.number, "redo": at.redo}).encode(), history / AT)


def record_decision(
    pair: dict[str, bytes],
    why: str,
    history: Path,
    name: str,
    *,
    after: int | None = None,
    scores: Mapping[str, float] | None = None,
) -> None:
    """Write a pair and its note as a folder of the history, atomically.

    Args:
        pair: content of both files.
        why: the reason, for people.
        history: the artifact's.
        name: of the new folder.
        after: number of the decision that it was made on.
        scores: known ones of the decision.
    """
    aside = _aside(history)
    aside.mkdir()
    when = datetime.now(UTC).isoformat(timespec="seconds")
    note = {"when": when, "why": why, "after": after, "scores": dict(scores or {})}
    for file, data in {**pair, NOTE: json.dumps(note).encode()}.items():
        _write(aside / file, data)
    os.replace(aside, history / name)


def pair_of(folder: Path) -> dict[str, bytes]:
    """Read the two files of a folder."""
    return {name: (folder / name).read_bytes() for name in PAIR}


def kept_decisions(history: Path) -> list[Path]:
    """The decisions of an artifact, oldest first."""
    return sorted(p for p in history.glob("[0-9][0-9][0-9][0-9]") if p.is_dir())


def next_name(history: Path) -> str:
    """The name of the folder of the next decision."""
    kept = kept_decisions(history)
    return f"{int(kept[-1].name) + 1 if kept else 0:04}"


def current_decision(folder: Path, kept: list[Path]) -> Path | None:
    """The current one of the kept decisions.

    That is the one of the saved position if it fits, else the last that fits. A decision that lost
    a file or a byte since fits nothing.

    Returns:
        Its folder; None where none fits.
    """
    now = pair_of(folder)
    whole = (k for k in kept if all((k / name).is_file() for name in PAIR))
    same = [k for k in whole if pair_of(k) == now]
    at = read_at(folder / HISTORY)
    at_number = [k for k in same if at is not None and int(k.name) == at.number]
    found = at_number or same[-1:]
    return found[0] if found else None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _plain(folder: Path) -> None:
    """Do step 4 of a change: links become the files they show, and nothing points any more."""
    history = folder / HISTORY
    for name in PAIR:
        if (folder / name).is_symlink():
            put_file(history, (folder / name).read_bytes(), folder / name)
    _remove(history / CURRENT)


def _with_undone(history: Path, at: Path | None) -> None:
    """Number the undone decisions that an earlier version moved away, after all others."""
    undone = sorted((history / UNDONE).glob("[0-9]*"))
    if undone and at is not None:
        keep_at(history, At(number=int(at.name)))  # an equal one may come after it
    for each in undone:
        os.replace(each, history / next_name(history))
    if (history / UNDONE).is_dir():
        _remove(history / UNDONE)


def settle(folder: Path) -> Path:
    """Finish or drop what a killed call began; return the current decision."""
    history = folder / HISTORY
    _plain(folder)
    now = pair_of(folder)
    if (history / NEXT).exists():
        if pair_of(history / NEXT) == now:
            os.replace(history / NEXT, history / next_name(history))
        else:
            _remove(history / NEXT)
    for left in history.glob(f"{ASIDE}*"):
        _remove(left)
    at = current_decision(folder, kept_decisions(history))
    _with_undone(history, at)
    if at is None:  # the first call, or other files were put here since
        kept, saved = kept_decisions(history), read_at(history)
        last = saved.number if saved else int(kept[-1].name) if kept else None
        record_decision(now, AS_FOUND, history, next_name(history), after=last)
        at = kept_decisions(history)[-1]
    return at


def switch(folder: Path, old: Path, new: Path) -> None:
    """Do steps 2 to 4: every reader sees the old pair, then every reader sees the new one."""
    history = folder / HISTORY
    _link(history, old.name, history / CURRENT)
    for name in PAIR:
        _link(history, f"{HISTORY}/{CURRENT}/{name}", folder / name)
    _link(history, new.name, history / CURRENT)
    _plain(folder)


@contextmanager
def held_decision(folder: Path) -> Iterator[Path]:
    """Lock an artifact's decision, and yield the current one of its history, settled.

    Yields:
        Its folder.

    Raises:
        ValueError: if another job holds the lock.
        OSError: if the folder cannot be written.
    """
    history = folder / HISTORY
    try:
        history.mkdir(exist_ok=True)
        with FileLock(history / LOCK, timeout=WAIT_SECONDS):
            yield settle(folder)
    except Timeout:
        raise ValueError(
            f"one job changes an artifact's decision at a time, {folder} is held by another: "
            "wait for it"
        ) from None
    except OSError as error:
        raise OSError(
            error.errno,
            f"a decision is changed inside a folder that can be written, {folder} cannot "
            f"({error.strerror}): its decision is whole; make room, or copy the artifact "
            "somewhere else",
        ) from error
