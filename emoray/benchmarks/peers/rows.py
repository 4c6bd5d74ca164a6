"""Results, a row for every way to run the model. Shapes: N texts, K labels."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from rich.table import Table

from emoray.benchmarks.figures import BenchmarkFigure
from emoray.metrics.change import MARGIN, WORSE
from emoray.metrics.comparison import Comparison
from emoray.tables.finished_rows import SpeedRow
from emoray.tables.terminal import table
from emoray.workflows.calibrate_tables import interval, signed_score

MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRow:
    """One way to run the model, or how it failed.

    Attributes:
        name: of the way.
        who: emoray, pytorch, onnxruntime, optimum or olive.
        failed: the error, empty where there is none.
        integer: whether it runs on integers.
        megabytes: of 1,000,000 bytes.
        p50_ms: median latency of one text.
        p95_ms: 95th percentile of latency of one text.
        texts_per_second: in batches of 32.
        logit: largest difference from PyTorch's logits.
        compared: with PyTorch float32, on test; None where there are no logits.
    """

    name: str
    who: str
    failed: str = ""
    integer: bool = True
    megabytes: float = float("nan")
    p50_ms: float = float("nan")
    p95_ms: float = float("nan")
    texts_per_second: float = float("nan")
    logit: float = float("nan")
    compared: Comparison | None = None

    @property
    def holds(self) -> bool:
        """Whether it is shown to lose no more than half a point of macro-F1."""
        return self.compared is not None and self.compared.non_inferior

    @property
    def loses(self) -> bool:
        """Whether it is shown to lose macro-F1."""
        return self.compared is not None and self.compared.verdict == WORSE

    def to_json(self) -> dict[str, Any]:
        """Fields for JSON, without those that were not measured."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "compared"}
        if self.compared is not None:
            change = self.compared.macro_f1
            found |= {
                "macro_f1": change.after,
                "change": change.value,
                "low": change.equivalence_low,
                "high": change.equivalence_high,
                "verdict": self.compared.verdict,
                "flips": self.compared.decisions_changed,
                "cells": self.compared.decisions,
            }
        return {k: v for k, v in found.items() if v == v}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerResults:
    """All rows, and the figures that they come to."""

    rows: tuple[PeerRow, ...]
    figures: tuple[BenchmarkFigure, ...]


def ratio(times: Sequence[SpeedRow], ours: str, theirs: str, batch: int) -> float:
    """Latency of theirs divided by ours: the median over texts and turns of paired ratios."""
    ms: dict[str, dict[tuple[int, int], float]] = {ours: {}, theirs: {}}
    for row in times:
        if row.model in ms and row.batch == batch:
            ms[row.model][row.turn, row.number] = row.milliseconds
    assert ms[ours].keys() == ms[theirs].keys(), "models of one run are timed on the same texts"
    return float(np.median([ms[theirs][at] / ms[ours][at] for at in ms[ours]]))


def fastest(rows: Sequence[PeerRow]) -> PeerRow | None:
    """The integer model of the lowest latency."""
    found = [row for row in rows if row.integer and not row.failed]
    return min(found, key=lambda row: row.p50_ms, default=None)


def peer_speed_table(rows: Sequence[PeerRow]) -> Table:
    """Size and speed of all that worked."""
    made = table(
        "Model file or saved state, MB of 1,000,000 bytes; one text alone; 32 at once",
        *("model", "by", "MB", "p50 ms", "p95 ms", "texts/s"),
        left=2,
    )
    for row in rows:
        if not row.failed:
            size = f"{row.megabytes:.1f}" if row.megabytes == row.megabytes else ""
            speed = f"{row.p50_ms:.2f}", f"{row.p95_ms:.2f}", f"{row.texts_per_second:,.0f}"
            made.add_row(row.name, row.who, size, *speed)
    return made


def score_table(rows: Sequence[PeerRow]) -> Table:
    """Macro-F1 of each and its change from PyTorch float32."""
    made = table(
        "macro-F1 on test, its change beside PyTorch float32 and the paired 90 % interval",
        *("model", "macro-F1", "change", "90 % interval", "verdict", "Δlogit", "flips"),
    )
    for row in rows:
        if row.compared is not None:
            change = row.compared.macro_f1
            made.add_row(
                row.name,
                f"{change.after:.4f}",
                signed_score(change.value),
                interval(change.equivalence_low, change.equivalence_high),
                row.compared.verdict,
                f"{row.logit:.2g}",
                f"{row.compared.decisions_changed / row.compared.decisions:.2%}",
            )
    return made


def failures(rows: Sequence[PeerRow]) -> list[str]:
    """A line for each row that failed."""
    return [f"{row.name} failed: {row.failed}" for row in rows if row.failed]


def worst_loss(found: Comparison) -> float:
    """The loss of macro-F1 that the 90 % interval leaves open."""
    return max(0.0, -found.macro_f1.equivalence_low)


def why_no_figures(rows: Sequence[PeerRow], ours: str) -> str:
    """Why the rows give no figures; empty where they do. `ours` is the `who` of emoray."""
    mine = [row for row in rows if row.who == ours and row.integer]
    if any(row.holds and not row.failed for row in mine):
        return ""
    known = [(worst_loss(row.compared), row.name) for row in mine if row.compared is not None]
    if not known:
        return "no figures: none of emoray's integer models could be judged, see the lines above"
    worst, best = min(known)
    return (
        "no figures: they need an integer model of emoray that is shown to lose no more than "
        f"{100 * MARGIN:g} point of macro-F1, and of {best}, the closest, a loss of "
        f"{100 * worst:.2f} points is not ruled out: on few test texts the interval is too "
        "wide for that; give all of GoEmotions with --data FOLDER"
    )
