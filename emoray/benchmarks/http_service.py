"""An artifact behind HTTP: what the wire adds, and what happens at twice what it can answer.

The service is a process of its own with one thread, as an image with one processor runs it; the
load is made in this process. A request of the overload has 32 texts: a text alone takes a server in
Python less than its own part of the work, so that refusing costs as much as answering.
"""

import gc
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from emoray.artifact.runtime import load, write
from emoray.benchmarks.figures import AtLeast, AtMost, BenchmarkFigure
from emoray.benchmarks.http_load import batches_of, both, offered, seconds_each
from emoray.benchmarks.http_server import emoray_server, started
from emoray.benchmarks.serving import made_files
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.labels import EKMAN
from emoray.serving.extra import require_serve
from emoray.text.words import tokenize


def write_made(folder: Path, dim: int, seed: int) -> list[str]:
    """Write a made artifact that knows the words of the embedded sample.

    Args:
        folder: of the artifact.
        dim: of its word vectors.
        seed: of its weights.

    Returns:
        Texts to ask it for, of dev and test.
    """
    corpus = read_splits(sample().folder, name="sample", taxonomy=EKMAN)
    words = sorted({word for text in corpus.train.texts for word in tokenize(text)})
    write(folder, made_files(words, dim, seed))
    return [*corpus.test.texts, *corpus.dev.texts]


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
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "artifact"
            texts = write_made(folder, self.dim, self.seed)
            classifier = load(folder)
            with started(emoray_server(folder)) as server:
                port = server.port
                gc.collect()
                gc.freeze()  # this process' own pauses are not the service's
                local, wire = both(classifier, port, texts)
                batches = batches_of(texts, self.texts, self.requests)
                each = seconds_each(port, batches[:200])
                unloaded = offered(port, batches[: self.requests // 3], 0.1 / each, self.seed)
                over = offered(port, batches, 2 / each, self.seed)
                resident = server.resident_mb()
        refused = over.refused or [429]
        return (
            BenchmarkFigure(name="ready after", ours=server.ready_s, unit="s", goal=AtMost(1)),
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
