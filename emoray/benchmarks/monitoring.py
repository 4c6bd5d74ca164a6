"""Watching a log: false alarms, drifts found, the error of expected F1, time and memory.

Reference and log are drawn of GoEmotions' dev and test, scored by a real artifact.
"""

import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emoray.artifact import runtime
from emoray.artifact.loading import open_artifact, taxonomy_columns, taxonomy_of_labels
from emoray.benchmarks.drift_population import HARD, Drift, Population, planted_drifts
from emoray.benchmarks.figures import AtLeast, AtMost, BenchmarkFigure
from emoray.console.progress import Say
from emoray.data.corpus import read_splits, taxonomies_of
from emoray.data.finding import find_corpus
from emoray.metrics.expected import expected_scores
from emoray.monitoring.judging import Judge
from emoray.monitoring.margins import Margins
from emoray.monitoring.sums import Edges, WindowSums
from emoray.tables.scored_texts import ScoredTexts

REFERENCE = 5_426  # texts: as many as dev has
WITHIN = 2_000  # texts of a drift, in windows of DRIFT_WINDOW after BEFORE without
DRIFT_WINDOW, BEFORE = 500, 4
ROWS = 1_000_000
A_FILE = 50_000


def _sums(scored: ScoredTexts, edges: Edges, labels_NK: np.ndarray | None = None) -> WindowSums:
    every_N = None if labels_NK is None else np.ones(len(scored), bool)
    return WindowSums.of(scored, edges, np.full(len(scored), np.nan), labels_NK, every_N)


def _judge(
    rng: np.random.Generator, population: Population, margins: Margins
) -> tuple[Judge, Edges]:
    reference, _ = population.draw(rng, REFERENCE)
    edges = Edges.of([reference])
    judge = Judge(
        label_names=population.label_names, reference=_sums(reference, edges), margins=margins
    )
    return judge, edges


def _write_log(folder: Path, population: Population, rows: int) -> None:
    """A request log of drawn texts, 14 days."""
    rng = np.random.default_rng(0)
    hashes = np.array([hashlib.sha256(t.encode()).hexdigest() for t in population.texts])
    labels = len(population.label_names)
    for number, start in enumerate(range(0, rows, A_FILE)):
        n = min(A_FILE, rows - start)
        at = rng.choice(len(population.texts), size=n)
        offsets = pa.array(np.arange(0, n * labels + 1, labels, dtype=np.int32))
        names = pa.array(np.resize(np.array(population.label_names, object), n * labels).tolist())
        seconds = 1_750_000_000 + 14 * 86_400 * (start + np.arange(n)) / rows
        probs_NK, decided_NK = population.probabilities_NK[at], population.decided_NK[at]
        columns = {
            "time": pa.array((seconds * 1e6).astype(np.int64)).cast(pa.timestamp("us", "UTC")),
            "role": pa.array(["primary"] * n),
            "artifact": pa.array(["0" * 64] * n),
            "text_sha256": pa.array(hashes[at]),
            "characters": pa.array(rng.integers(5, 200, n, dtype=np.int32)),
            "truncated": pa.array(population.truncated_N[at]),
            "unknown_share": pa.array(population.unknown_N[at]),
            "milliseconds": pa.array(rng.gamma(2, 0.1, n).astype(np.float32)),
            "label_names": pa.ListArray.from_arrays(offsets, names),
            "logits": pa.ListArray.from_arrays(offsets, pa.array(probs_NK.ravel())),
            "probabilities": pa.ListArray.from_arrays(offsets, pa.array(probs_NK.ravel())),
            "decided": pa.ListArray.from_arrays(offsets, pa.array(decided_NK.ravel())),
        }
        pq.write_table(pa.table(columns), folder / f"{number:04d}.parquet", compression="zstd")


@dataclass(frozen=True, kw_only=True)
class Monitoring:
    """How often alarms are false, how often drift is found, and what a large log takes."""

    name: ClassVar[str] = "monitor"

    artifact: Path | None
    data: Path | None
    download: bool
    say: Say
    months: int = 200
    texts: int = 100
    drifts: int = 50

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"watching a log: {self.months} months, {self.drifts} of each drift, {ROWS:,} rows"

    def check(self) -> None:
        """An artifact is needed, on GoEmotions itself."""
        if self.artifact is None:
            raise ValueError(
                "monitor draws logs of a real artifact's scores, got none: name one of 28 labels "
                "with --artifact"
            )
        if find_corpus(None, self.data, download=self.download).stands_in:
            raise ValueError(
                "monitor draws texts of GoEmotions, got the embedded sample in its place: name its "
                "folder with --data"
            )

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Draw months and drifts, then time a large log.

        Returns:
            Shares in percent, errors in points of F1, seconds, MB.
        """
        assert self.artifact is not None
        finished = open_artifact(self.artifact)
        source = find_corpus(None, self.data, download=self.download)
        taxonomy = taxonomy_of_labels(finished.labels, taxonomies_of(source.folder))
        corpus = read_splits(source.folder, name=source.name, taxonomy=taxonomy)
        columns_K = taxonomy_columns(finished.labels, taxonomy)
        files = runtime.read(finished.folder)
        splits = [corpus.split(name) for name in ("dev", "test")]
        population = Population.of(
            runtime.Classifier(files),
            [text for split in splits for text in split.texts],
            np.concatenate([split.labels_NK[:, columns_K] for split in splits]).astype(bool),
        )
        return (
            *self._false_alarms(population),
            *self._found(population, planted_drifts(population, files)),
            *self._expected(population, len(splits[0].texts)),
            *self._large(population),
        )

    def _false_alarms(self, population: Population) -> tuple[BenchmarkFigure, ...]:
        nothing = Margins(relative=0, share=0, f1=0, distance=0, words=0)
        usual, bare = 0, 0
        for month in range(self.months):
            self.say(f"month {month + 1} of {self.months} without drift")
            rng = np.random.default_rng(month)
            judge, edges = _judge(rng, population, Margins())
            windows = [_sums(population.draw(rng, self.texts)[0], edges) for _ in range(30)]
            wary = replace(judge, margins=nothing)
            if any(one.alarm_H.any() for one in wary.judge(windows)):
                bare += 1  # a margin only takes alarms away
                usual += any(one.alarm_H.any() for one in judge.judge(windows))
        return (
            BenchmarkFigure(
                name="months without drift that raise an alarm",
                ours=100 * usual / self.months,
                unit="%",
                goal=AtMost(5),
            ),
            BenchmarkFigure(
                name="the same without any margin",
                ours=100 * bare / self.months,
                unit="%",
                goal=AtMost(5),
            ),
        )

    def _found(
        self, population: Population, drifts: dict[str, Drift]
    ) -> tuple[BenchmarkFigure, ...]:
        figures = []
        for name, plant in drifts.items():
            found = 0
            for turn in range(self.drifts):
                self.say(f"{name}: {turn + 1} of {self.drifts}")
                rng = np.random.default_rng(10_000 + turn)
                judge, edges = _judge(rng, population, Margins())
                stream = [population] * BEFORE + [plant(rng)] * (WITHIN // DRIFT_WINDOW)
                windows = [_sums(one.draw(rng, DRIFT_WINDOW)[0], edges) for one in stream]
                judged = judge.judge(windows)
                found += any(one.alarm_H.any() for one in judged[BEFORE:])
            goal = None if name in HARD else AtLeast(80)
            share = 100 * found / self.drifts
            figures.append(BenchmarkFigure(name=f"found: {name}", ours=share, unit="%", goal=goal))
        return tuple(figures)

    def _expected(self, population: Population, dev: int) -> tuple[BenchmarkFigure, ...]:
        test = slice(dev, None)
        probs_NK, decided_NK = population.probabilities_NK[test], population.decided_NK[test]
        labels_NK = population.labels_NK[test]
        expected = expected_scores(probs_NK, decided_NK).macro_f1
        names = list(population.label_names)
        swapped_NK = labels_NK.copy()
        pair = [names.index("gratitude"), names.index("admiration")]
        swapped_NK[:, pair] = swapped_NK[:, pair[::-1]]
        earned = expected_scores(labels_NK, decided_NK).macro_f1
        turned = expected_scores(swapped_NK, decided_NK)
        apart_K = expected_scores(probs_NK, decided_NK).f1_K - turned.f1_K
        found, blind = 0, 0
        exchanged_NK = population.labels_NK.copy()
        exchanged_NK[:, pair] = exchanged_NK[:, pair[::-1]]
        concept = replace(population, labels_NK=exchanged_NK)
        for turn in range(self.drifts):
            rng = np.random.default_rng(20_000 + turn)
            judge, edges = _judge(rng, population, Margins())
            drawn = [concept.draw(rng, DRIFT_WINDOW) for _ in range(WITHIN // DRIFT_WINDOW)]
            blind += any(x.alarm_H.any() for x in judge.judge([_sums(s, edges) for s, _ in drawn]))
            some = [_sums(scored, edges, labels_NK) for scored, labels_NK in drawn[:1]]
            found += any(one.alarm_H.any() for one in judge.judge(some))
        return (
            BenchmarkFigure(
                name="expected macro-F1 on test, less the earned one",
                ours=100 * abs(expected - earned),
                unit="points",
                goal=AtMost(2),
            ),
            BenchmarkFigure(
                name="gratitude and admiration exchanged: expected F1 of both, less the earned one",
                ours=100 * float(apart_K[pair].mean()),
                unit="points",
            ),
            BenchmarkFigure(
                name=f"… told without labels, of {WITHIN:,} texts",
                ours=100 * blind / self.drifts,
                unit="%",
            ),
            BenchmarkFigure(
                name=f"… told by {DRIFT_WINDOW} labelled texts",
                ours=100 * found / self.drifts,
                unit="%",
                goal=AtLeast(80),
            ),
        )

    def _large(self, population: Population) -> tuple[BenchmarkFigure, ...]:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            log.mkdir()
            self.say(f"writing {ROWS:,} rows")
            _write_log(log, population, ROWS)
            self.say(f"watching {ROWS:,} rows")
            start = time.perf_counter()
            command = [sys.executable, "-m", "jobs.monitor", "--log", str(log)]
            done = subprocess.run(
                [*command, "--reference", "first:2", "--out", f"{folder}/results"],
                capture_output=True,
                text=True,
            )
            seconds = time.perf_counter() - start
        if done.returncode not in (0, 1) or "window" not in done.stdout:
            raise ValueError(
                f"jobs.monitor must end well, got exit code {done.returncode}: {done.stderr[-300:]}"
            )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
        return (
            BenchmarkFigure(
                name=f"{ROWS:,} rows, command to page", ours=seconds, unit="s", goal=AtMost(60)
            ),
            BenchmarkFigure(name="its peak of memory", ours=peak, unit="MB", goal=AtMost(1000)),
        )
