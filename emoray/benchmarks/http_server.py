"""A service as a process of its own: started, waited for, its memory read, and ended."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

START_S = 120.0
PORT = "PORT"  # stands for the port in a command


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpServer:
    """What starts a service.

    Attributes:
        command: its words; PORT among them stands for the port.
        ready: path that answers 200 once texts are answered.
        folder: that it starts in.
        environment: beside what this process has.
    """

    command: Sequence[str | Path]
    ready: str
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service that runs.

    Attributes:
        process: id of its first process.
        port: on 127.0.0.1.
        ready_s: seconds from its start until it answered.
    """

    process: int
    port: int
    ready_s: float

    def resident_mb(self) -> float:
        """Resident MB of it and of all that it started."""
        return sum(_mb(process, "Rss") for process in _descendants(self.process))

    def own_mb(self) -> float:
        """The same, where a page that several processes share counts once in all."""
        return sum(_mb(process, "Pss") for process in _descendants(self.process))


def emoray_server(folder: Path) -> HttpServer:
    """That of jobs.serve, one thread, which ends at once."""
    words = [sys.executable, "-m", "emoray.serving", str(folder), "--port", PORT]
    return HttpServer(command=[*words, "--threads", "1", "--drain", "0"], ready="/readyz")


def _descendants(process: int) -> Iterator[int]:
    """It, and what it started, and what that started."""
    yield process
    for thread in Path(f"/proc/{process}/task").glob("[0-9]*"):
        for child in (thread / "children").read_text().split():
            yield from _descendants(int(child))


def _mb(process: int, kind: str) -> float:
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    found = re.search(rf"^{kind}:\s+(\d+)", rollup, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def started(server: HttpServer) -> Iterator[Running]:
    """Start a service and wait until it is ready; it is killed with all that it started.

    Yields:
        It.

    Raises:
        OSError: it ended instead, or is not ready after two minutes.
    """
    port = _free_port()
    words = [str(port) if word == PORT else str(word) for word in server.command]
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            words,
            cwd=server.folder,
            env={**os.environ, **server.environment},
            stdout=said,
            stderr=said,
        )
        try:
            while not _is_ready(port, server.ready):
                if process.poll() is not None or time.perf_counter() - start > START_S:
                    said.seek(0)
                    raise OSError(f"the service did not start: {said.read()[-300:]}")
                time.sleep(0.002)
            yield Running(process=process.pid, port=port, ready_s=time.perf_counter() - start)
        finally:
            for each in [*_descendants(process.pid)]:  # some have a session of their own
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            process.wait()
