"""An artifact compared with the usual alternatives: one checkpoint, one run, the same texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from emoray.benchmarks.figures import AtLeast, AtMost, BenchmarkFigure
from emoray.benchmarks.peers.clock import time_peers
from emoray.benchmarks.peers.contenders import EMORAY, Contender, by_emoray, by_peer, by_torch
from emoray.benchmarks.peers.making import FLOAT, PEERS, Peer
from emoray.benchmarks.peers.rows import MB, PeerResults, PeerRow, fastest, ratio, worst_loss
from emoray.console.progress import Say
from emoray.data.corpus import read_splits
from emoray.data.goemotions import locate
from emoray.metrics.change import MARGIN
from emoray.stages.checkpoint_source import find_loaded
from emoray.stages.interleaved_timing import MANY, ONE, Model, TimingPlan, speeds
from emoray.stages.spec import CorpusRef
from emoray.stages.speed import TORCH
from emoray.storage.cache import user_cache
from emoray.storage.store.local import Store
from emoray.tables.finished_rows import SpeedRow
from emoray.workflows.compress import judging
from emoray.workflows.compress.variants import CompressionContext

OURS = ("float", "int8", "int8-static")  # names of the catalogue
GOAL = AtLeast(1.15)
NEEDED = "--model FOLDER, a fine-tuned checkpoint"


def _silent(what: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """A checkpoint's artifacts compared with PyTorch, onnxruntime, Optimum and Olive."""

    name: ClassVar[str] = "peers"

    model: Path | None = None
    data: Path | None = None
    download: bool = True
    threads: int = 2
    cache: Path | None = None  # of environments and finished stages; None: the user's own
    plan: TimingPlan = field(default_factory=lambda: TimingPlan(turns=8))
    peers: tuple[Peer, ...] = field(default=PEERS, repr=False)
    ours: tuple[str, ...] = OURS
    say: Say = field(default=_silent, repr=False)

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise ValueError(f"threads must be at least 1, got {self.threads}: 2 is usual")

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"peers: {self.model.name if self.model else 'no model'}, {self.threads} threads"

    @property
    def _cache(self) -> Path:
        return (self.cache or user_cache() / "peers").absolute()

    def check(self) -> None:
        """Refuse (ValueError) what is no checkpoint of a classifier."""
        if self.model is None:
            raise ValueError(f"the peers benchmark needs {NEEDED}, got none: name one")
        found = find_loaded(self.model)
        if found.checkpoint.kind == "foreign":
            raise ValueError(f"a benchmark needs a graph of ours, got {found.checkpoint.why}")
        assert found.taxonomy is not None  # raises for labels of no corpus

    def _context(self) -> CompressionContext:
        assert self.model is not None
        given = find_loaded(self.model)
        source = locate(self.data, download=self.download)
        corpus = read_splits(source.folder, name=source.name, taxonomy=given.taxonomy)
        ref = CorpusRef.of(corpus, source.folder)
        store = Store(self._cache / "store")
        return CompressionContext(
            given=given, corpus=ref, store=store, threads=self.threads, plan=self.plan
        )

    def _contenders(self, context: CompressionContext) -> list[Contender]:
        own = list(by_emoray(context, self.ours, self.say))  # PyTorch is scored on the way
        found = [*by_torch(context), *own]
        for peer in (FLOAT, *self.peers):
            self.say(f"{peer.name}: installing, making and scoring its model")
            found.append(by_peer(context, peer, self._cache))
        return found

    def measure(self) -> PeerResults:
        """Make and score everything, then time all of it in turns."""
        context = self._context()
        found = self._contenders(context)
        self.say("timing all of them, interleaved")
        found, times = time_contenders(found, context, self.threads, self.plan)
        rows = peer_rows(found, times)
        return PeerResults(rows=tuple(rows), figures=figures_of(rows, times))


def _opened(found: Contender, threads: int) -> tuple[Contender, Model | None]:
    try:
        return found, found.open(threads) if found.open else None
    except Exception as error:
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        failed = Contender(name=found.name, who=found.who, integer=found.integer, why=why)
        return failed, None


def time_contenders(
    contenders: Sequence[Contender], context: CompressionContext, threads: int, plan: TimingPlan
) -> tuple[list[Contender], list[SpeedRow]]:
    """Time all that can be opened, in one process; the others get a `why`."""
    from emoray.artifact.cpu import cpu
    from emoray.models.encoder.torch_baseline import threads as torch_threads
    from emoray.stages.encoding import read_texts

    test, _ = read_texts(context.store.make(context.text).folder, "test")
    here = cpu()
    with torch_threads(threads):
        opened = [_opened(found, threads) for found in contenders]
        times = time_peers(
            {found.name: model for found, model in opened if model is not None},
            test,
            plan,
            threads=threads,
            cpu=(here.model, here.instruction_sets),
        )
    return [found for found, _ in opened], times


def peer_rows(contenders: Sequence[Contender], times: Sequence[SpeedRow]) -> list[PeerRow]:
    """Compare each with PyTorch float32 on the same resamples, decided by one rule."""
    by_name = {found.name: found for found in contenders}
    first = by_name[TORCH].logits
    assert first is not None
    (decision,) = judging.best_decision(first.dev_NK, first.dev_labels_NK).decisions
    outcomes = {
        n: judging.score_variant(c.logits, decision) for n, c in by_name.items() if c.logits
    }
    speed = speeds(times)
    rows = []
    for name, found in by_name.items():
        if found.why:
            rows.append(PeerRow(name=name, who=found.who, integer=found.integer, failed=found.why))
            continue
        measured: dict[str, Any] = {
            "p50_ms": speed[name].p50_ms,
            "p95_ms": speed[name].p95_ms,
            "texts_per_second": speed[name].texts_per_second,
        }
        if found.size is not None:
            measured["megabytes"] = found.size / MB
        if found.logits is not None:
            measured["compared"] = judging.variant_cost(outcomes[TORCH], outcomes[name])
            measured["logit"] = float(np.abs(found.logits.test_NK - first.test_NK).max())
        rows.append(PeerRow(name=name, who=found.who, integer=found.integer, **measured))
    return rows


def _against(
    what: str, ours: PeerRow, theirs: PeerRow, times: Sequence[SpeedRow], goal: AtLeast | None
) -> list[BenchmarkFigure]:
    """Compare latency and throughput of ours with theirs by the median of paired ratios."""
    return [
        BenchmarkFigure(
            name=f"{ours.name} beside {what}: one text",
            ours=ours.p50_ms,
            theirs=theirs.p50_ms,
            unit="ms",
            ratio=ratio(times, ours.name, theirs.name, ONE),
            goal=goal,
        ),
        BenchmarkFigure(
            name=f"{ours.name} beside {what}: 32 at once",
            ours=ours.texts_per_second,
            theirs=theirs.texts_per_second,
            unit="texts/s",
            ratio=ratio(times, ours.name, theirs.name, MANY),
            goal=goal,
        ),
    ]


def figures_of(rows: Sequence[PeerRow], times: Sequence[SpeedRow]) -> tuple[BenchmarkFigure, ...]:
    """Compare our fastest integer artifact that holds its F1 with the fastest peer.

    The peers have the benefit of the doubt: only those that are shown to lose F1 are left out.

    Returns:
        Ratios of latency and throughput, and the F1 that may be lost; none where no integer
        artifact of ours is shown to hold its F1.
    """
    torch = next(row for row in rows if row.name == TORCH)
    ours = fastest([row for row in rows if row.who == EMORAY and row.holds])
    if ours is None or ours.compared is None:
        return ()
    others = [row for row in rows if row.who != EMORAY]
    best, quick = fastest([row for row in others if not row.loses]), fastest(others)
    figures = _against("PyTorch float32", ours, torch, times, None)
    if best is not None:
        figures += _against(f"the best peer ({best.name})", ours, best, times, GOAL)
    if quick is not None and quick != best:
        figures += _against(f"a peer that loses F1 ({quick.name})", ours, quick, times, None)
    lost = BenchmarkFigure(
        name=f"{ours.name}: macro-F1 that may be lost, 90 %",
        ours=worst_loss(ours.compared),
        unit="",
        goal=AtMost(MARGIN),
    )
    return (*figures, lost)
