"""Small corpora in the forms that people have them in."""

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

LABELS = ("broken", "late", "rude")
WORDS = ("lamp", "kettle", "chair", "phone", "radio")


def rows(texts: int = 60) -> list[tuple[str, tuple[str, ...]]]:
    """Texts that all differ; of five, three have one label, one has two, one has none."""
    return [
        (
            f"the {WORDS[i % 5]} number {i}",
            (LABELS[i % 3],) if i % 5 < 3 else LABELS[i % 3 :][:2] if i % 5 == 3 else (),
        )
        for i in range(texts)
    ]


def as_separated(path: Path, columns: dict[str, Sequence[Any]], separator: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def as_lines(path: Path, columns: dict[str, Sequence[Any]]) -> Path:
    entries = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    path.write_text("".join(f"{json.dumps(e, ensure_ascii=False)}\n" for e in entries), "utf-8")
    return path


def as_parquet(path: Path, columns: dict[str, Sequence[Any]]) -> Path:
    pq.write_table(pa.table({name: list(cells) for name, cells in columns.items()}), path)
    return path


def zipped(path: Path) -> Path:
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return target


def texts_and(labels: Sequence[Any], texts: int = 60) -> dict[str, Sequence[Any]]:
    return {"text": [text for text, _ in rows(texts)], "labels": labels}
