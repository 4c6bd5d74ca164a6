"""Finished outputs at their place, all texts together as a table, and those without scores."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from emoray.prediction.found import FoundFile, state_of
from emoray.prediction.record import OutputRecord, WrittenShard, content_of, source_of
from emoray.prediction.shards import SHARD, read_facts
from emoray.storage.location import Place, child, is_inside
from emoray.storage.s3 import S3Folder
from emoray.storage.store.keys import Stage
from emoray.storage.store.local import Done, Store
from emoray.tables.files import write_table
from emoray.tables.prediction_rows import PredictionFailureRow, PredictionSummaryRow

SUMMARY, FAILURES = "_summary.parquet", "_failures.parquet"


def _placed_here(source: Path, target: Path) -> list[Any]:
    """Have a file at its place, whole or not at all: the same one where the disk is the same."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        try:
            os.link(source, aside)
        except OSError:  # another disk, or one without links
            shutil.copyfile(source, aside)
        os.replace(aside, target)  # does nothing where both are one file already
    finally:
        with suppress(OSError):
            aside.unlink()
    return list(state_of(target)[:2])


def _placed_there(at: Place, source: Path, out: S3Folder, name: str) -> list[Any]:
    """Have an object at its place; copied by the server where it is in the bucket already."""
    if isinstance(at, S3Folder) and is_inside(at, out):
        out.copy(f"{at.prefix.removeprefix(f'{out.prefix}/')}/{SHARD}", name)
    else:
        out.upload(name, source)
    entry = out.entry(name)
    assert entry is not None
    return [entry.etag, entry.size]


def publish_output(
    record: OutputRecord, found: FoundFile, stage: Stage, done: Done, store: Store
) -> None:
    """Put a finished output at its place, and note it in the record, which is not written yet.

    Args:
        record: of the folder of outputs.
        found: the file of texts.
        stage: that made it.
        done: the same, finished.
        store: that has it.
    """
    folder = store.local_folder(done)
    if isinstance(record.out, Path):
        output = _placed_here(folder / SHARD, record.out / found.name)
    else:
        output = _placed_there(store.at(stage), folder / SHARD, record.out, found.name)
    record.shards[found.name] = WrittenShard(
        source=source_of(found),
        content=content_of(found),
        state=list(found.state),
        output=output,
        counts=read_facts(folder),
    )


def summary_rows(record: OutputRecord) -> list[PredictionSummaryRow]:
    """Count all texts of a folder's outputs: any label first, then each."""
    counts = [shard.counts for shard in record.shards.values()]
    totals: dict[str, Any] = {
        name: sum(each[name] for each in counts)
        for name in ("texts", "scored", "labelled", "truncated", "unknown_shares")
    }
    labels, scored = record.request.labels, totals["scored"]
    nothing = [0] * len(labels)  # of a folder whose files are all broken
    positives_K = [
        sum(each) for each in zip(nothing, *(c["positives"] for c in counts), strict=True)
    ]
    sums_K = [
        sum(each) for each in zip(nothing, *(c["probabilities"] for c in counts), strict=True)
    ]

    def share(count: float) -> float | None:
        return float(count) / scored if scored else None

    def row(label: str | None, positives: int, mean: float | None) -> PredictionSummaryRow:
        return PredictionSummaryRow(
            label=label,
            artifact=record.request.artifact,
            files=len(counts),
            texts=totals["texts"],
            scored=scored,
            failures=totals["texts"] - scored,
            positives=positives,
            positive_share=share(positives),
            mean_probability=mean,
            truncated_share=share(totals["truncated"]),
            unknown_share=share(totals["unknown_shares"]),
        )

    each = zip(labels, positives_K, sums_K, strict=True)
    return [
        row(None, totals["labelled"], None),
        *(row(label, positives, share(total)) for label, positives, total in each),
    ]


def failure_rows(record: OutputRecord) -> Iterator[PredictionFailureRow]:
    """Yield every text without scores."""
    for name, shard in sorted(record.shards.items()):
        for number, reason in shard.counts["failures"]:
            yield PredictionFailureRow(file=shard.source, output=name, row=number, reason=reason)


def write_summary(record: OutputRecord) -> list[PredictionSummaryRow]:
    """Write the two tables of a folder of outputs; the rows of the summary."""
    rows = summary_rows(record)
    write_table(rows, child(record.out, SUMMARY), PredictionSummaryRow)
    write_table(list(failure_rows(record)), child(record.out, FAILURES), PredictionFailureRow)
    return rows
