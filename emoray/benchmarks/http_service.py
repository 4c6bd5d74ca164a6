"""An artifact behind HTTP: what the wire adds, and what happens at twice what it can answer.

The service is a process of its own with one thread, as an image with one processor runs it; the
load is made in this process. A request of the overload has 32 texts: a text alone takes a server in
Python less than its own part of the work, so that refusing costs as much as answering.
"""

import gc
import http.client
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from emoray.artifact.runtime import Classifier, load, write
from emoray.benchmarks.figures import AtLeast, AtMost, BenchmarkFigure
from emoray.benchmarks.http_load import Connection, as_request, offered
from emoray.benchmarks.serving import made_files
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.labels import EKMAN
from emoray.serving.extra import require_serve
from emoray.text.words import tokenize

LISTENING = re.compile(r"listening on http://[\d.]+:(\d+)")


@contextmanager
def started(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int, float]]:
    """A service of the artifact; its process, its port, and the seconds until it was ready."""
    words = [sys.executable, "-m", "emoray.serving", str(folder), "--port", "0", "--threads", "1"]
    start = time.perf_counter()
    process = subprocess.Popen([*words, "--drain", "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        port = 0
        for line in process.stderr:
            if found := LISTENING.search(line):
                port = int(found[1])
                break
        assert port, "the service did not start"
        while not _is_ready(port):
            time.sleep(0.002)
        yield process, port, time.perf_counter() - start
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    finally:
        connection.close()


def _resident_mb(process: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpService:
    """One text over HTTP beside one in this process, and the service under twice its load."""

    name: ClassVar[str] = "http"

    dim: int = 50
    texts: int = 32
    requests: int = 1500
    seed: int = 0

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"http: an artifact as a service of one thread, {self.dim} dimensions, float32"

    def check(self) -> None:
        """Refuse (ValueError) where the extra is missing."""
        require_serve()

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Ask text by text, then with more than can be answered.

        Returns:
            Milliseconds, seconds, MB and shares.
        """
        corpus = read_splits(sample().folder, name="sample", taxonomy=EKMAN)
        words = sorted({word for text in corpus.train.texts for word in tokenize(text)})
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "artifact"
            write(folder, made_files(words, self.dim, self.seed))
            classifier = load(folder)
            with started(folder) as (process, port, ready):
                texts = [*corpus.test.texts, *corpus.dev.texts]
                gc.collect()
                gc.freeze()  # this process' own pauses are not the service's
                local, wire = self._both(classifier, port, texts)
                batches = [
                    as_request({"texts": texts[i % len(texts) :][: self.texts]})
                    for i in range(0, self.texts * self.requests, self.texts)
                ]
                each = self._each(port, batches)
                unloaded = offered(port, batches[: self.requests // 3], 0.1 / each, self.seed)
                over = offered(port, batches, 2 / each, self.seed)
                resident = _resident_mb(process.pid)
        refused = over.refused or [429]
        return (
            BenchmarkFigure(name="ready after", ours=ready, unit="s", goal=AtMost(1)),
            BenchmarkFigure(name="one text in this process, p50", ours=local, unit="ms"),
            BenchmarkFigure(name="one text over HTTP, p50", ours=wire, unit="ms"),
            BenchmarkFigure(name="the difference", ours=wire - local, unit="ms", goal=AtMost(1)),
            BenchmarkFigure(
                name=f"requests of {self.texts} texts a second", ours=1 / each, unit="1/s"
            ),
            BenchmarkFigure(
                name="at a tenth of that, p99 of a request", ours=unloaded.p99(), unit="ms"
            ),
            BenchmarkFigure(
                name="at twice that, p99 of those answered", ours=over.p99(), unit="ms"
            ),
            BenchmarkFigure(
                name="the ratio", ours=over.p99() / unloaded.p99(), unit="×", goal=AtMost(3)
            ),
            BenchmarkFigure(
                name="share of answers among them", ours=len(over.seconds) / len(batches), unit=""
            ),
            BenchmarkFigure(
                name="refusals that are 429",
                ours=sum(status == 429 for status in refused) / len(refused),
                unit="",
                goal=AtLeast(1),
            ),
            BenchmarkFigure(name="resident memory", ours=resident, unit="MB", goal=AtMost(150)),
        )

    def _both(self, classifier: Classifier, port: int, texts: Sequence[str]) -> tuple[float, float]:
        """Median milliseconds here and over HTTP, text by text in turn."""
        local, wire = [], []
        with Connection(port) as connection:
            for text in texts:
                request = as_request({"text": text})
                start = time.perf_counter()
                classifier([text])
                local.append(time.perf_counter() - start)
                wire.append(connection.seconds(request))
        return statistics.median(local) * 1e3, statistics.median(wire) * 1e3

    def _each(self, port: int, requests: Sequence[bytes]) -> float:
        """Seconds of a request where one follows the other: what the service can answer."""
        with Connection(port) as connection:
            return sum(connection.seconds(request) for request in requests[:200]) / 200
