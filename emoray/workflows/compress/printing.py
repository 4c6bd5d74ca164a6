"""Output of a compression: tables, and a recommendation."""

from collections.abc import Sequence

from rich.table import Table

from emoray.stages.layer_rows import EXACT_DB
from emoray.stages.speed import TORCH
from emoray.storage.location import Place
from emoray.tables.finished_rows import CompressionRow
from emoray.tables.rows import LayerRow
from emoray.tables.terminal import table
from emoray.workflows.calibrate_tables import interval, signed_score

MB = 1_000_000


def _mb(size: int) -> str:
    return f"{size / MB:.2f}"


def sizes_table(rows: Sequence[CompressionRow]) -> Table:
    """Megabytes by part, before (PyTorch float32) and after."""
    made = table(
        "Size by part, MB of 1,000,000 bytes",
        *("form", "all", "smaller", "embedding", "layers", "head", "rest", "tokenizer"),
        "decision",
    )
    for row in rows:
        made.add_row(
            row.name,
            _mb(row.size_bytes),
            f"{row.smaller:.1%}" if row.name != TORCH else "",
            _mb(row.embedding_bytes),
            _mb(row.layers_bytes),
            _mb(row.head_bytes),
            _mb(row.other_bytes),
            _mb(row.tokenizer_bytes),
            f"{row.decision_bytes / MB:.3f}",
        )
    return made


def speed_table(rows: Sequence[CompressionRow]) -> Table:
    """Batch-1 latency and batch-32 throughput of every variant."""
    made = table(
        f"Speed on {rows[0].threads} thread{'s' * (rows[0].threads > 1)}, one interleaved run",
        *("form", "p50 ms", "faster", "p95 ms", "texts/s by 32", "faster"),
    )
    for row in rows:
        first = row.name == TORCH
        made.add_row(
            row.name,
            f"{row.model_p50_ms:.2f}",
            "" if first else f"{row.speedup:.2f}×",
            f"{row.model_p95_ms:.2f}",
            f"{row.texts_per_second:,.0f}",
            "" if first else f"{row.throughput_ratio:.2f}×",
        )
    return made


def quality_table(rows: Sequence[CompressionRow]) -> Table:
    """Macro-F1 on test of every variant, with the interval of its change."""
    made = table(
        "Macro-F1 on test, thresholds from dev by one rule",
        *("form", "macro-F1", "change", "95 % interval", "flips", "verdict"),
    )
    for row in rows:
        if row.name == TORCH:
            made.add_row(row.name, f"{row.test_macro_f1:.4f}")
            continue
        made.add_row(
            row.name,
            f"{row.test_macro_f1:.4f}",
            signed_score(row.change),
            interval(row.change_low, row.change_high),
            f"{row.flips:,}",
            row.verdict,
        )
    made.caption = (
        "equivalent: the paired 90 % interval of the change lies within half a point; else better "
        "or worse where the 95 % interval leaves out 0. flips: label decisions that differ from "
        "PyTorch float32's"
    )
    if any(row.training == "qat" for row in rows):
        made.caption += (
            ". Rows that trained for their codes are beside float weights that trained on for as "
            "long, float-more…, not beside PyTorch: more epochs are not what codes bring"
        )
    return made


def layers_table(rows: Sequence[LayerRow], name: str) -> Table:
    """Bits, ranges and errors of every tensor of one artifact."""
    made = table(
        f"Tensors of {name}",
        *("tensor", "shape", "bits", "computed", "kB before", "kB after", "clipped", "SQNR dB"),
    )
    for row in rows:
        made.add_row(
            row.layer,
            row.shape,
            str(row.bits),
            row.execution,
            f"{row.bytes_before / 1000:,.0f}",
            f"{row.bytes_after / 1000:,.0f}",
            f"{row.share_clipped:.2%}",
            "exact" if row.sqnr_db >= EXACT_DB else f"{row.sqnr_db:.1f}",
        )
    return made


def advised(rows: Sequence[CompressionRow]) -> CompressionRow | None:
    """The smallest quantized artifact that is shown to be equivalent."""
    fit = [r for r in rows if r.artifact and r.quantized_bytes_share > 0 and r.equivalent]
    return min(fit, key=lambda row: row.size_bytes, default=None)


def advice(rows: Sequence[CompressionRow], out: Place) -> str:
    """The recommended artifact, or why there is none, in a sentence."""
    row = advised(rows)
    if row is None:
        return (
            "no artifact is shown to lie within half a point of PyTorch's macro-F1: too few test "
            "texts, or too few bits; compare the intervals above"
        )
    return (
        f"smallest that is equivalent: {row.name}, {_mb(row.size_bytes)} MB "
        f"({row.smaller:.0%} smaller), {row.speedup:.1f}× lower latency, "
        f"{row.throughput_ratio:.1f}× the throughput\n"
        f"  python -m jobs.evaluate --artifact {out / row.artifact}"
    )
