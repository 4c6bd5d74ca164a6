"""The stage that writes: a file's own rows with the scores of its parts, as one Parquet file.

Shapes: N texts, K labels.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from emoray.prediction.columns import Added, OutputColumns, ShippedDecision, add_columns, compressed
from emoray.prediction.indexing import IndexTexts
from emoray.prediction.parquet_rows import Aligned, batches_between, parquet_file
from emoray.prediction.scoring import SCORES, ScoreTexts

SHARD, FACTS = "shard.parquet", "facts.json"
SCORED_ROWS = 4096  # read at once
GROUP_ROWS, GROUP_BYTES = 1 << 14, 8 << 20  # of a row group of the output


@dataclass(slots=True, kw_only=True, eq=False)
class _Counts:
    """What is counted of a file."""

    labels: int
    texts: int = 0
    scored: int = 0
    labelled: int = 0
    truncated: int = 0
    unknown_shares: float = 0.0
    positives_K: np.ndarray = field(init=False)
    probabilities_K: np.ndarray = field(init=False)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.positives_K = np.zeros(self.labels, np.int64)
        self.probabilities_K = np.zeros(self.labels, np.float64)

    def add(self, scores: pa.Table, added: Added) -> None:
        scored_N = added.scored_N
        for row in np.flatnonzero(~scored_N):
            why = scores.column("error")[int(row)].as_py()
            self.failures.append((self.texts + int(row), why))
        self.texts += len(scored_N)
        self.scored += int(scored_N.sum())
        self.labelled += int(added.decided_NK.any(axis=1).sum())
        self.truncated += int(scores.column("truncated").to_numpy()[scored_N].sum())
        shares_N = scores.column("unknown_share").to_numpy()
        self.unknown_shares += float(shares_N[scored_N].sum(dtype=np.float64))
        self.positives_K += added.decided_NK.sum(axis=0)
        self.probabilities_K += added.probabilities_NK.sum(axis=0, dtype=np.float64)

    def to_json(self) -> dict[str, Any]:
        return {
            "texts": self.texts,
            "scored": self.scored,
            "labelled": self.labelled,
            "truncated": self.truncated,
            "unknown_shares": self.unknown_shares,
            "positives": self.positives_K.tolist(),
            "probabilities": self.probabilities_K.tolist(),
            "failures": self.failures,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteShard:
    """The output of one file of texts.

    Attributes:
        index: of the file.
        scores: of its parts, in order.
        decision: that gives labels.
        columns: that are written.
    """

    name: ClassVar[str] = "write_shard"
    version: ClassVar[int] = 1

    index: IndexTexts
    scores: tuple[ScoreTexts, ...]
    decision: ShippedDecision
    columns: OutputColumns

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `shard.parquet`, and `facts.json` with what is counted of it."""
        counts = _Counts(labels=len(self.decision.labels))
        with parquet_file(self.index.rows_in(inputs["index"])) as file:
            names = self._own(file.schema_arrow)
            schema = self._schema(file.schema_arrow, names)
            total = file.metadata.num_rows
            own = Aligned(batches_between(file, 0, total, names))
            scored = Aligned(self._scores(inputs))
            added = self.columns.added(self.decision.labels)
            with pq.ParquetWriter(
                out / SHARD,
                schema,
                compression="zstd",
                write_page_checksum=True,
                use_dictionary=_dictionaries(schema, added),
            ) as sink:
                waiting: list[pa.Table] = []
                while counts.texts < total:
                    # Without a column of the user's own there is nothing that could be long.
                    rows = own.take(SCORED_ROWS, GROUP_BYTES) if names else pa.table({})
                    scores = scored.take(len(rows) if names else SCORED_ROWS)
                    assert len(scores), f"{counts.texts} rows of {total} have scores"
                    more = add_columns(scores, self.decision, self.columns)
                    counts.add(scores, more)
                    columns = [rows.column(name) for name in names] + more.columns
                    waiting.append(pa.Table.from_arrays(columns, schema=schema))
                    if _is_enough(waiting):
                        sink.write_table(pa.concat_tables(waiting), GROUP_ROWS)
                        waiting.clear()
                if waiting:
                    sink.write_table(pa.concat_tables(waiting), GROUP_ROWS)
        (out / FACTS).write_text(json.dumps(counts.to_json()))

    def _own(self, schema: pa.Schema) -> list[str]:
        return self.columns.own(schema.names, self.decision.labels, self.index.file.place)

    def _schema(self, own: pa.Schema, names: list[str]) -> pa.Schema:
        fields = [own.field(name) for name in names] + self.columns.added(self.decision.labels)
        return pa.schema(fields, metadata=self.columns.metadata(self.decision))

    def _scores(self, inputs: dict[str, Path]) -> Iterator[pa.RecordBatch]:
        for i in range(len(self.scores)):
            with pq.ParquetFile(
                inputs[f"scores.{i}"] / SCORES, page_checksum_verification=True
            ) as file:
                yield from file.iter_batches(SCORED_ROWS, use_threads=False)


def _is_enough(waiting: list[pa.Table]) -> bool:
    rows = sum(map(len, waiting))
    return rows >= GROUP_ROWS or sum(each.nbytes for each in waiting) >= GROUP_BYTES


def _dictionaries(schema: pa.Schema, added: list[pa.Field]) -> list[str]:
    """The leaves of columns whose values repeat."""
    found = []
    for name in compressed(schema.names, added):
        kind = schema.field(name).type
        found.append(f"{name}.list.element" if pa.types.is_list(kind) else name)
    return found


def read_facts(folder: Path) -> dict[str, Any]:
    """What a finished `WriteShard` counted."""
    found: dict[str, Any] = json.loads((folder / FACTS).read_text())
    return found
