"""Batch inference beside one process alone, and beside Ray Data with the same artifact.

The rivals are written as anyone would: read a file, score it a thousand texts at once, write the
same columns. Ray is up before either of its users begins. Shapes: N texts, K labels.
"""

import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from emoray.artifact.runtime import DECISION, MANIFEST, Classifier, load, read, write
from emoray.benchmarks.figures import AtLeast, AtMost, BenchmarkFigure, more_is_better
from emoray.benchmarks.serving import made_files
from emoray.data.corpus import read_splits
from emoray.data.finding import find_corpus
from emoray.distributed.cluster import Cluster
from emoray.distributed.connection import NICENESS, connected
from emoray.labels import EKMAN
from emoray.text.words import tokenize
from emoray.workflows.predict.predict import run_predict
from emoray.workflows.settings.predict import Predict

AT_ONCE = 1024  # texts of a batch of the rivals
GROUP = 32  # batches of a row group
QUIET = Console(quiet=True)
MEBIBYTE = 1 << 20


def scored_batch(classifier: Classifier, batch: pa.Table, artifact: str) -> pa.Table:
    """A batch with the columns that an output has."""
    texts = batch.column("text").to_pylist()
    logits_NK, readings = classifier.scores(texts)
    probabilities_NK = classifier.probabilities_of(logits_NK)
    names = pa.array(classifier.labels)
    rows, columns = np.nonzero(logits_NK >= classifier.cuts_K)
    offsets = np.searchsorted(rows, np.arange(len(texts) + 1)).astype(np.int32)
    added = {
        "labels": pa.ListArray.from_arrays(pa.array(offsets), names.take(pa.array(columns))),
        **{
            f"probability_{label}": pa.array(values_N)
            for label, values_N in zip(
                classifier.labels, np.ascontiguousarray(probabilities_NK.T), strict=True
            )
        },
        "text_sha256": pa.array([hashlib.sha256(text.encode()).hexdigest() for text in texts]),
        "characters": pa.array(list(map(len, texts)), pa.int32()),
        "tokens": pa.array([len(reading.ids) for reading in readings], pa.int32()),
        "truncated": pa.array([reading.truncated for reading in readings]),
        "unknown_share": pa.array([reading.unknown_share for reading in readings], pa.float32()),
        "artifact": pa.repeat(artifact, len(texts)),
    }
    for name, column in added.items():
        batch = batch.append_column(name, column)
    return batch


def score_file(classifier: Classifier, source: Path, target: Path) -> int:
    """Score a file in this process; how many texts."""
    waiting: list[pa.Table] = []
    sink = None
    texts = 0
    with pq.ParquetFile(source) as file:
        for batch in file.iter_batches(AT_ONCE):
            waiting.append(scored_batch(classifier, pa.Table.from_batches([batch]), "0" * 64))
            texts += len(batch)
            if len(waiting) == GROUP:
                sink = sink or pq.ParquetWriter(target, waiting[0].schema, compression="zstd")
                sink.write_table(pa.concat_tables(waiting))
                waiting.clear()
    if waiting:
        sink = sink or pq.ParquetWriter(target, waiting[0].schema, compression="zstd")
        sink.write_table(pa.concat_tables(waiting))
    if sink is not None:
        sink.close()
    return texts


class BatchScorer:
    """What Ray Data keeps loaded in each of its actors."""

    def __init__(self, folder: str) -> None:
        self._classifier = load(folder)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Score a batch."""
        return scored_batch(self._classifier, batch, "0" * 64)


def _with_ray_data(folder: Path, texts: Path, out: Path, cpus: int) -> float:
    """Seconds of the usual pipeline of Ray Data.

    Its actors hold all processors but one, in equal shares: what reads and writes needs a whole
    one, and waits for ever where actors hold all.

    Args:
        folder: of the artifact.
        texts: folder of the files.
        out: folder of what it writes.
        cpus: of the Ray that runs.

    Returns:
        Seconds.
    """
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    start = time.perf_counter()
    ray.data.read_parquet(str(texts)).map_batches(
        BatchScorer,
        fn_constructor_args=(str(folder),),
        batch_size=AT_ONCE,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=cpus),
        num_cpus=(cpus - 1) / cpus,
    ).write_parquet(str(out))
    return time.perf_counter() - start


def _peak_mb(process: Path) -> float:
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@contextmanager
def worker_peaks() -> Iterator[dict[int, float]]:
    """Watch the actors of a pool while the block runs.

    Yields:
        Peak resident MB by process.
    """
    found: dict[int, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if b"ray::Worker" in (process / "cmdline").read_bytes():
                        found[int(process.name)] = _peak_mb(process)
                except (OSError, StopIteration):
                    continue

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def _decided_anew(folder: Path, target: Path) -> Path:
    files = {name: content for name, content in read(folder).items() if name != MANIFEST}
    decision = json.loads(files[DECISION])
    decision["cuts"] = [cut + 0.5 for cut in decision["cuts"]]
    write(target, files | {DECISION: json.dumps(decision).encode()})
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicting:
    """Texts of train, again and again, in files; scored in several ways.

    Attributes:
        data: folder of GoEmotions; None for what is found.
        download: whether it may be fetched.
        cpus: of the Ray that is started.
        texts: how many.
        files: that they lie in.
        dim: of the word vectors.
        seed: of the model.
    """

    name: ClassVar[str] = "predict"

    data: Path | None = None
    download: bool = True
    cpus: int = 2
    texts: int = 1_000_000
    files: int = 16
    dim: int = 50
    seed: int = 0

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"predict: {self.texts:,} texts in {self.files} files, {self.cpus} processes"

    def check(self) -> None:
        """Refuse (ValueError) a machine with fewer processors, and one on which Ray Data hangs."""
        if self.cpus < 2:
            raise ValueError(
                f"Ray Data needs a processor beside its actors', got {self.cpus} in all: --cpus 2"
            )
        if (there := os.cpu_count() or 1) < self.cpus:
            raise ValueError(
                f"processes that are compared have a processor each, got {self.cpus} where there "
                f"are {there}: lower --cpus"
            )

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Score in one process, by the job, by Ray Data, and in one process again.

        Returns:
            Texts a second, seconds, MB.
        """
        with tempfile.TemporaryDirectory(prefix="predict-") as scratch:
            root = Path(scratch)
            texts = self._texts()
            words = sorted({word for text in texts for word in tokenize(text)})
            write(root / "artifact", made_files(words, self.dim, self.seed))
            self._write(texts, root / "in")
            return self._figures(root)

    def _texts(self) -> Sequence[str]:
        source = find_corpus(None, self.data, download=self.download)
        return read_splits(source.folder, name=source.name, taxonomy=EKMAN).train.texts

    def _write(self, texts: Sequence[str], folder: Path) -> None:
        folder.mkdir()
        ends = np.linspace(0, self.texts, self.files + 1).astype(int).tolist()
        for number, (start, stop) in enumerate(pairwise(ends)):
            # A word more for each round: parts are known by their texts, and none shall be found.
            some = [f"{texts[i % len(texts)]} {i // len(texts)}" for i in range(start, stop)]
            ids = pa.array(range(start, stop))
            pq.write_table(pa.table({"id": ids, "text": some}), folder / f"{number:03}.parquet")

    def _alone(self, root: Path, files: Sequence[Path]) -> float:
        """Texts a second of one process, loaded and warm."""
        classifier = load(root / "artifact")
        classifier.scores(pq.read_table(files[0]).column("text").to_pylist()[:20_000])
        start = time.perf_counter()
        target = root / f"alone-{os.getpid()}.parquet"
        texts = sum(score_file(classifier, path, target) for path in files)
        return texts / (time.perf_counter() - start)

    def _at_once(self, root: Path, files: Sequence[Path]) -> float:
        """Texts a second of as many processes as processors, without Ray: what there is to have."""
        with ProcessPoolExecutor(self.cpus, multiprocessing.get_context("spawn")) as processes:
            rates = [processes.submit(self._alone, root, [file]) for file in files[: self.cpus]]
            return sum(rate.result() for rate in rates)

    def _figures(self, root: Path) -> tuple[BenchmarkFigure, ...]:
        files = sorted((root / "in").glob("*.parquet"))
        few = max(1, len(files) // 8)
        wanted = Predict(
            artifact=root / "artifact",
            texts=str(root / "in"),
            out=root / "out",
            cluster=Cluster(cpus=self.cpus),
        )
        os.environ.setdefault(NICENESS, "0")  # the one process stands back for nobody either
        at_once = self._at_once(root, files)
        with connected(wanted.cluster):
            alone = [self._alone(root, files[:few])]
            with worker_peaks() as peaks:
                start = time.perf_counter()
                run_predict(wanted, QUIET)
                job = self.texts / (time.perf_counter() - start)
            alone.append(self._alone(root, files[-few:]))
            rival = self.texts / _with_ray_data(
                root / "artifact", root / "in", root / "rival", self.cpus
            )
            alone.append(self._alone(root, files[:few]))
            again = Predict(
                artifact=_decided_anew(root / "artifact", root / "anew"),
                texts=str(root / "in"),
                out=root / "out-anew",
                redecide=root / "out",
            )
            start = time.perf_counter()
            run_predict(again, QUIET)
            anew = time.perf_counter() - start
        pq.read_table(root / "rival")  # whole
        single = float(np.median(alone))
        size = sum(p.stat().st_size for p in (root / "artifact").rglob("*") if p.is_file())
        return (
            BenchmarkFigure(name="one process", ours=single, unit="texts/s"),
            BenchmarkFigure(
                name=f"{self.cpus} such processes at once", ours=at_once, unit="texts/s"
            ),
            more_is_better(
                f"jobs.predict beside {self.cpus} x one process",
                ours=job,
                theirs=self.cpus * single,
                unit="texts/s",
                goal=AtLeast(0.95),
            ),
            more_is_better(
                "jobs.predict beside Ray Data",
                ours=job,
                theirs=rival,
                unit="texts/s",
                goal=AtLeast(1.2),
            ),
            BenchmarkFigure(
                name="peak memory of a worker beyond the artifact",
                ours=max(peaks.values()) - size / MEBIBYTE,
                unit="MB",
                goal=AtMost(300),
            ),
            BenchmarkFigure(name="decided anew, all texts", ours=anew, unit="s"),
            BenchmarkFigure(
                name="the same command again", ours=self._again(wanted), unit="s", goal=AtMost(5)
            ),
        )

    def _again(self, wanted: Predict) -> float:
        """Seconds of the job as a process, where nothing is new."""
        words: list[Any] = ["--artifact", wanted.artifact, "--texts", wanted.texts]
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "jobs.predict", *map(str, words), "--out", str(wanted.out)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.perf_counter() - start
