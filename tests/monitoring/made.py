"""Texts of a made model whose probabilities are calibrated, as scored texts and as logs."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emoray.tables.scored_texts import FACTS, ScoredTexts

LABELS = ("joy", "anger", "fear", "neutral")
RARITY_K = np.array([-1.6, -2.2, -4.0, -0.4])  # mean logits
CUT = 0.4
ARTIFACT, OTHER = "a" * 64, "b" * 64
START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()  # a midnight
DAY = 86_400


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """Scored texts and what is true of them."""

    scored: ScoredTexts
    labels_NK: np.ndarray


def made(
    rng: np.random.Generator,
    texts: int,
    *,
    shift_K: np.ndarray | float = 0.0,
    unknown: float = 0.05,
    start: float = START,
    seconds: float = DAY,
    **facts: Any,
) -> Made:
    """Texts of a stretch of time; the labels come true as often as probabilities say."""
    logits_NK = rng.normal(RARITY_K + shift_K, 1.8, (texts, len(LABELS)))
    probs_NK = (1 / (1 + np.exp(-logits_NK))).astype(np.float32)
    times = start + np.sort(rng.random(texts)) * (seconds - 1)
    columns: dict[str, Any] = {
        "time": pa.array((times * 1e6).astype(np.int64)).cast(pa.timestamp("us", "UTC")),
        "role": ["primary"] * texts,
        "artifact": [ARTIFACT] * texts,
        "text_sha256": [hashlib.sha256(rng.bytes(8)).hexdigest() for _ in range(texts)],
        "characters": rng.integers(10, 200, texts),
        "truncated": rng.random(texts) < 0.02,
        "unknown_share": rng.beta(1, 1 / unknown - 1, texts).astype(np.float32),
        "milliseconds": rng.gamma(2, 0.2, texts).astype(np.float32),
        **facts,
    }
    filled = {
        f.name: pa.array(columns[f.name], f.type)
        if columns.get(f.name) is not None
        else pa.nulls(texts, f.type)
        for f in FACTS
    }
    scored = ScoredTexts(
        source=Path("made.parquet"),
        artifact=ARTIFACT,
        label_names=LABELS,
        facts=pa.table(filled, schema=FACTS),
        probabilities_NK=probs_NK,
        decided_NK=probs_NK >= CUT,
        logits_NK=None,
    )
    return Made(scored=scored, labels_NK=rng.random(probs_NK.shape) < probs_NK)


def write(path: Path, scored: ScoredTexts, *, names: tuple[str, ...] = LABELS) -> Path:
    """A file of a request log."""
    lists = {
        "label_names": pa.array([list(names)] * len(scored), pa.list_(pa.string())),
        "logits": pa.array(
            list(np.log(scored.probabilities_NK / (1 - scored.probabilities_NK))),
            pa.list_(pa.float32()),
        ),
        "probabilities": pa.array(list(scored.probabilities_NK), pa.list_(pa.float32())),
        "decided": pa.array(scored.decided_NK.tolist(), pa.list_(pa.bool_())),
    }
    table = scored.facts
    for name, column in lists.items():
        table = table.append_column(name, column)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")
    return path


def write_days(folder: Path, days: list[ScoredTexts]) -> Path:
    """A log with a file a day."""
    for number, scored in enumerate(days):
        write(folder / f"{number:03d}.parquet", scored)
    return folder


def renamed(scored: ScoredTexts, artifact: str) -> ScoredTexts:
    """The same texts, answered by another artifact."""
    place = scored.facts.schema.get_field_index("artifact")
    column = pa.array([artifact] * len(scored), pa.string())
    facts = scored.facts.set_column(place, scored.facts.schema.field(place), column)
    return replace(scored, artifact=artifact, facts=facts)
