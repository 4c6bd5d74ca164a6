"""Files of texts, an artifact, and what the artifact itself says of them."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emoray.artifact import runtime
from emoray.artifact.decision_history import change_derived
from emoray.artifact.ensemble import MemberPart, ensemble_files
from emoray.artifact.loading import open_artifact
from emoray.artifact.packaging import DerivedDecision, decision_json
from emoray.artifact.runtime import DECISION
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.labels import EKMAN, SENTIMENT, coarser
from emoray.stages.deriving import groups_of
from tests.artifact.finished import make_artifact


def some_texts(count: int) -> list[str]:
    """So many texts of the embedded sample, again and again."""
    texts = read_splits(sample().folder, name="sample", taxonomy=SENTIMENT).train.texts
    return [texts[i % len(texts)] for i in range(count)]


def parquet_of(path: Path, texts: Sequence[str | None], **columns: Any) -> Path:
    """A Parquet file with `id`, `text` and the columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = [f"{path.stem}-{i}" for i in range(len(texts))]
    table = pa.table({"id": ids, "text": pa.array(texts, pa.string()), **columns})
    pq.write_table(table, path, row_group_size=7)
    return path


def lines_of(path: Path, texts: Sequence[str]) -> Path:
    """The same as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = ({"id": i, "text": text} for i, text in enumerate(texts))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def said(artifact: Path, texts: Sequence[str], taxonomy: str | None = None) -> list[dict[str, Any]]:
    """What the artifact says of texts when it is loaded and asked."""
    classifier = runtime.load(artifact, taxonomy=taxonomy)
    sha256 = open_artifact(artifact).sha256
    _, readings = classifier.scores(list(texts))
    answers = classifier(list(texts))
    return [
        {
            "labels": answers.labels[i],
            **{
                f"probability_{label}": float(answers.probabilities_NK[i, k])
                for k, label in enumerate(classifier.labels)
            },
            "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "characters": len(text),
            "tokens": len(reading.ids),
            "truncated": reading.truncated,
            "unknown_share": float(pa.scalar(reading.unknown_share, pa.float32()).as_py()),
            "artifact": sha256,
        }
        for i, (text, reading) in enumerate(zip(texts, readings, strict=True))
    ]


def decided_anew(artifact: Path, folder: Path, *, cut: float) -> Path:
    """The same network with another cut for every label."""
    files = dict(runtime.read(artifact))
    decision = json.loads(files[DECISION])
    decision["cuts"] = [cut] * len(decision["cuts"])
    files[DECISION] = json.dumps(decision).encode()
    runtime.write(folder, {n: c for n, c in files.items() if n != runtime.MANIFEST})
    return folder


def ensemble_of(folder: Path, *artifacts: Path) -> Path:
    """An ensemble of artifacts that count alike, which decides at one half."""
    parts = [MemberPart(folder=each, weight=1 / len(artifacts)) for each in artifacts]
    labels = len(runtime.load(artifacts[0]).labels)
    decision = decision_json(1.0, np.zeros(labels), "fixed0.5")
    runtime.write(folder, {**ensemble_files(parts, runtime.LOGITS), DECISION: decision})
    return folder


def in_sentiment(folder: Path) -> Path:
    """An artifact of Ekman's labels that decides in sentiment too."""
    make_artifact(folder, EKMAN)
    change_derived(
        folder,
        DerivedDecision(
            taxonomy="sentiment",
            native="ekman",
            groups=groups_of(coarser(SENTIMENT, EKMAN)),
            way="noisy_or",
            own_temperature=1.0,
            temperature=1.25,
            cuts_G=np.array([0.5, -0.25, 0.0, 1.0]),
            rule="per_label",
        ),
        why="a test",
    )
    return folder
