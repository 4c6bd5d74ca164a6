"""An artifact in memory and the threads that answer with it. Shapes: N texts, K labels."""

import asyncio
import os
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emoray.artifact.runtime import MANIFEST, Classifier, Reading, read, sha256

QUOTA = Path("/sys/fs/cgroup/cpu.max")
QUOTA_V1 = Path("/sys/fs/cgroup/cpu")
NAMES_V1 = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
LEAST_WAITING = 1.5  # so one request for each thread may always wait
FORGETTING = 0.1  # weight of the newest in the moving average of seconds


def granted_processors() -> int:
    """Whole processors that this process may use: of its affinity and its control group's quota."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = max(1, usable or 1)
    try:
        if QUOTA.exists():
            quota, period = QUOTA.read_text().split()
        else:
            quota, period = ((QUOTA_V1 / name).read_text().strip() for name in NAMES_V1)
        if quota not in ("max", "-1"):
            found = min(found, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass  # no control group, or none that can be read
    return found


class BusyError(Exception):
    """As many requests wait as may."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """What a model found in some texts. seconds: of model and tokenizer, without waiting."""

    logits_NK: np.ndarray
    probabilities_NK: np.ndarray
    decided_NK: np.ndarray
    readings: list[Reading]
    seconds: float


@dataclass(kw_only=True, eq=False)
class Engine:
    """A loaded artifact with threads of its own.

    Requests are never put into one batch: an answer must not depend on who else asks.

    Attributes:
        folder: of the artifact.
        threads: requests that are scored at once.
        patience: seconds that a request may wait for a thread, by what those before it take.
    """

    folder: Path
    threads: int
    patience: float
    classifier: Classifier = field(init=False)
    sha256: str = field(init=False)
    at_work: int = field(init=False, default=0)
    usual: float = field(init=False, default=0.0)  # seconds of a request, lately

    def __post_init__(self) -> None:
        files = read(self.folder)
        try:
            self.classifier = Classifier(files)
        except ValueError as error:
            raise ValueError(f"{error} ({self.folder})") from None
        self.sha256 = manifest_sha256(self.folder)
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="predict")
        self.classifier(["ready?"])  # the first call takes longer than those after it

    @property
    def full(self) -> bool:
        """Whether the next request would be refused: it would wait too long."""
        ahead = self.at_work - self.threads
        if ahead < 0:
            return False
        wait = (ahead + 1) * self.usual / self.threads
        return wait > max(self.patience, LEAST_WAITING * self.usual / self.threads)

    def score(self, texts: Sequence[str]) -> Scored:
        """Score some texts in this thread."""
        start = time.perf_counter()
        classifier = self.classifier
        logits_NK, readings = classifier.scores(texts)
        return Scored(
            logits_NK=logits_NK,
            probabilities_NK=classifier.probabilities_of(logits_NK),
            decided_NK=logits_NK >= classifier.cuts_K,
            readings=readings,
            seconds=time.perf_counter() - start,
        )

    async def scored(self, texts: Sequence[str]) -> Scored:
        """Score some texts in a thread of the engine's.

        Returns:
            What `score` does.

        Raises:
            BusyError: too many requests wait.
        """
        if self.full:
            raise BusyError
        self.at_work += 1
        loop = asyncio.get_running_loop()
        work = self._pool.submit(self.score, texts)
        work.add_done_callback(lambda done: loop.call_soon_threadsafe(self._done, done))
        return await asyncio.wrap_future(work)

    def _done(self, work: Future[Scored]) -> None:
        self.at_work -= 1
        if not work.cancelled() and work.exception() is None:
            took = work.result().seconds
            self.usual += FORGETTING * (took - self.usual) if self.usual else took

    def close(self) -> None:
        """Let what is at work end; begin nothing else."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def manifest_sha256(folder: Path) -> str:
    """SHA-256 of an artifact's manifest, by which the tables of a run name it."""
    return sha256((folder / MANIFEST).read_bytes())
