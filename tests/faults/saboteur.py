"""A thread that watches what a store's journal says and kills what it is told to kill."""

import json
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class Saboteur:
    """Calls `strike` with every event of the journal as soon as it is written, in a thread."""

    def __init__(self, store_root: Path, strike: Callable[[Event], None]) -> None:
        self.journal = store_root / "journal.jsonl"
        self.strike = strike
        self.errors: list[Exception] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Saboteur":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        assert not self.errors, self.errors

    def _watch(self) -> None:
        read = 0
        while not self._over.wait(0.01):
            raw = self.journal.read_bytes()[read:] if self.journal.exists() else b""
            whole = raw[: raw.rfind(b"\n") + 1]
            read += len(whole)
            for line in whole.splitlines():
                try:
                    self.strike(json.loads(line))
                except Exception as error:
                    self.errors.append(error)


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def has_loaded(pid: int, library: str) -> bool:
    """Whether a process has mapped a library whose path holds these words."""
    try:
        return library in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False
