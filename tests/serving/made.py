"""A made artifact, and its service as a process of its own."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from emoray.artifact import runtime
from emoray.benchmarks.serving import made_files

WORDS = ("thanks", "a", "lot", "what", "the", "hell", "so", "sad", "today", "!", ".", "joy")
TEXTS = ("thanks a lot !", "what the hell", "so sad today", "zzz unknown words", "")
JSON = {"content-type": "application/json"}


def artifact(folder: Path, seed: int = 0) -> Path:
    """An artifact of random weights: the mean of 8-wide word vectors and a linear head."""
    runtime.write(folder, made_files(WORDS, 8, seed))
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True, kw_only=True)
class Served:
    """A service that runs, and how one asks it."""

    process: subprocess.Popen[str]
    port: int
    said: Path

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Any = None) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            found = connection.getresponse()
            headers = {name.lower(): value for name, value in found.getheaders()}
            return Answer(status=found.status, headers=headers, body=found.read())
        finally:
            connection.close()

    def predict(self, asked: Any, **headers: str) -> Answer:
        body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        return self.ask("POST", "/predict", body, JSON | headers)

    def count(self, name: str) -> float:
        """The value of a counter."""
        found = self.ask("GET", "/metrics").body.decode()
        value = re.search(rf"^{re.escape(name)} (\S+)$", found, re.M)
        assert value, f"{name} is not among {found}"
        return float(value[1])

    def stop(self, sent: int = signal.SIGTERM) -> int:
        self.process.send_signal(sent)
        return self.process.wait(timeout=60)


def wait_for(met: Any, seconds: float = 60) -> Any:
    """The first true value of `met()`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if found := met():
                return found
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError("what was waited for did not come")


@contextmanager
def served(
    artifact: Path | str,
    said: Path,
    *options: str,
    environment: dict[str, str] | None = None,
    python: str | Path = sys.executable,
    alone: bool = False,
    file_bytes: int | None = None,
) -> Iterator[Served]:
    """The service of an artifact at a free port; `said` takes what it writes.

    alone: with that environment and nothing else of this process'. file_bytes: that no file of its
    may exceed, as if the disk were full.
    """

    def limited() -> None:
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    words: Sequence[str] = (str(python), "-m", "emoray.serving", str(artifact), "--port", "0")
    with said.open("w") as file:
        process = subprocess.Popen(
            [*words, "--drain", "0.2", *options],
            stdout=file,
            stderr=file,
            text=True,
            env=({} if alone else os.environ) | (environment or {}),
            cwd=said.parent if alone else None,
            preexec_fn=limited,
        )
        try:
            listening = wait_for(
                lambda: (
                    re.search(r"listening on http://[\d.]+:(\d+)", said.read_text())
                    or (process.poll() is not None and re.search("()", ""))
                )
            )
            assert listening[1], said.read_text()
            yield Served(process=process, port=int(listening[1]), said=said)
        finally:
            process.kill()
            process.wait()


def ready(service: Served) -> Served:
    """The same, once it answers."""
    wait_for(lambda: service.ask("GET", "/readyz").status == 200)
    return service
