"""`jobs.compress`: a finished checkpoint under many schemes, beside PyTorch's own forms."""

from dataclasses import asdict

import numpy as np
from rich.console import Console

from emoray.console.progress import progress
from emoray.data.goemotions import CorpusFolder
from emoray.labels import Taxonomy
from emoray.quant.catalogue import float_baseline
from emoray.quant.policy import Scheme
from emoray.quant.scheme import ModelScheme
from emoray.quant.scheme_names import FLOAT_NAME, alias, lines, named_schemes, pick, usual
from emoray.stages.checkpoint_source import LoadedCheckpoint, pieces_of
from emoray.stages.interleaved_timing import TimingPlan
from emoray.stages.speed import TORCH
from emoray.storage.location import Place, staged_output, tables_at
from emoray.storage.run_folder import record_inputs
from emoray.tables.files import read_table, write_table
from emoray.tables.finished_rows import ChangeRow, CompressionRow, CoverageRow, SpeedRow
from emoray.tables.pruning_rows import PruningRow
from emoray.tables.rows import LayerRow
from emoray.tables.terminal import print_titled, table
from emoray.workflows.calibrate_tables import announce_corpus
from emoray.workflows.cards import give_card
from emoray.workflows.checkpoint_evaluation import CheckpointEvaluation, open_checkpoint
from emoray.workflows.compress import printing
from emoray.workflows.compress.coverage import coverage_rows
from emoray.workflows.compress.judging import read_logits
from emoray.workflows.compress.pruned import (
    pruned_changes,
    pruned_table,
    pruning_rows,
    whole_schemes,
)
from emoray.workflows.compress.rows import compression_rows, forms, variant_changes
from emoray.workflows.compress.variants import SPEED, MadeVariants, judge_all, make, time_all
from emoray.workflows.convert.parity import require_parity
from emoray.workflows.label_order import warn_of_other_order
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.compress import Compression


def requested_variants(settings: Compression) -> dict[str, Scheme]:
    """What is made: what was asked for, and the float graph, beside which integers stand."""
    asked = pick(settings.schemes, every=settings.every)
    if not any(not isinstance(s, ModelScheme) or s.quantized for s in asked.values()):
        raise ValueError(
            f"a compression makes integers, got only {', '.join(asked)}: name another --scheme,"
            f" or python -m jobs.convert --model {settings.model}"
        )
    controls = {alias(p): p for p in map(float_baseline, asked.values()) if p.qat is not None}
    first = {FLOAT_NAME: named_schemes()[FLOAT_NAME], **controls, **whole_schemes(asked)}
    return {**first, **asked}


def list_schemes(console: Console | None = None) -> None:
    """Every scheme by its short and its whole name."""
    made = table("Schemes of jobs.compress", "name", "what it is", "", left=3)
    made.columns[0].no_wrap = True
    made.columns[0].min_width = max(map(len, named_schemes()))  # what people type is never cut
    for name, text, trains in lines(named_schemes().items()):
        when = "trains for its codes" if trains else "made when none is named"
        made.add_row(name, text, when if trains or name in usual() else "")
    print_titled(console or Console(), made)


def require_untrained(found: LoadedCheckpoint, settings: Compression) -> None:
    """Refuse schemes that train or prune for a model that emoray has no graph of its own for."""
    schemes = pick(settings.schemes, every=settings.every)
    trains = [name for name, s in schemes.items() if s.prune or getattr(s, "qat", None)]
    if trains:
        raise ValueError(
            f"schemes that train or prune need a graph of emoray's own, got {trains[0]} for "
            f"{found.checkpoint.name} ({found.checkpoint.why}): leave them out"
        )


def _opened(settings: Compression, console: Console) -> CheckpointEvaluation:
    """Everything checked that can be checked before the first file is written."""

    def taxonomy_of(found: LoadedCheckpoint, source: CorpusFolder) -> Taxonomy:
        if found.checkpoint.kind == "foreign":
            pieces_of(found)
            require_untrained(found, settings)
        return found.taxonomy

    evaluation = open_checkpoint(settings, taxonomy_of)
    what = f"model {evaluation.subject.checkpoint.name}"
    announce_corpus(console, evaluation.source, evaluation.taxonomy, what)
    if not settings.schemes and not settings.every:
        console.print(
            "schemes that train are left out: --scheme qat4, or another that --list names",
            highlight=False,
            soft_wrap=True,
        )
    return evaluation


def _print(
    console: Console,
    rows: list[CompressionRow],
    layers: list[LayerRow],
    coverage: list[CoverageRow],
) -> None:
    for made in (
        printing.sizes_table(rows),
        printing.speed_table(rows),
        printing.quality_table(rows),
    ):
        print_titled(console, made)
    artifacts = [row for row in rows if row.artifact and row.quantized_bytes_share > 0]
    shown = printing.advised(rows) or artifacts[0]
    own = [row for row in layers if row.model == shown.model]
    print_titled(console, printing.layers_table(own, shown.name))
    for row in artifacts:
        lines = [entry.line for entry in coverage if entry.name == row.name]
        console.print(
            f"[bold]{row.name}[/bold]", *lines, sep="\n  ", highlight=False, soft_wrap=True
        )


def run_compress(settings: Compression, console: Console | None = None) -> Place:
    """Write artifacts/NAME and the tables.

    Returns:
        Their folder.

    Raises:
        ValueError: nothing could be quantized; or at the end, with everything else written, a
            scheme failed. Finished stages are kept: the same call goes on.
    """
    console = console or Console()
    asked = requested_variants(settings)
    evaluation = _opened(settings, console)
    inputs = {
        "job": "jobs.compress",
        "model_sha256": evaluation.subject.checkpoint.sha256,
        **evaluation.corpus_inputs,
        "taxonomy": evaluation.taxonomy.name,
    }
    out = free_place(settings.lands, inputs, console)
    with staged_output(out) as folder, progress(console, total=len(asked) + 6) as shown:
        say = shown.step
        made = make(evaluation, asked, say)
        say("holding ids and logits against transformers'")
        require_parity(evaluation, made)
        coverage = coverage_rows(evaluation, made)
        timed = time_all(evaluation, made, say, settings.threads, settings.plan or TimingPlan())
        say("judging on resampled texts")
        outcomes = judge_all(evaluation, made)
        record_inputs(out, inputs, settings.shown_settings)
        found = forms(evaluation, made, outcomes, folder)
        rows = compression_rows(evaluation, found, timed, outcomes)
        for row in rows:
            if row.artifact:
                give_card(folder / row.artifact, asdict(row), cpu=timed.rows[0].cpu)
        layers = _layers(evaluation, made)
        write_table(rows, folder / "compression.parquet", CompressionRow)
        beside = pruned_changes(made, outcomes)
        changes = [*variant_changes(found, outcomes), *beside]
        write_table(changes, folder / "changes.parquet", ChangeRow)
        if pruned := pruning_rows(evaluation, made):
            write_table(pruned, folder / "pruning.parquet", PruningRow)
        write_table(layers, folder / "layers.parquet", LayerRow)
        write_table(coverage, folder / "coverage.parquet", CoverageRow)
        write_table(timed.rows, folder / SPEED, SpeedRow)
    _print(console, rows, layers, coverage)
    _warn_of_order(console, evaluation)
    if (shown_pruned := pruned_table(rows, beside)) is not None:
        print_titled(console, shown_pruned)
    console.print(
        f"\n{printing.advice(rows, out)}\nartifacts {out}/artifacts\ntables {tables_at(out)}",
        highlight=False,
        soft_wrap=True,
    )
    if made.failed:
        told = "; ".join(f"{name}: {why}" for name, why in made.failed.items())
        raise ValueError(
            f"every scheme must become an artifact, {len(made.failed)} of {len(asked)} did not "
            f"({told}): leave them out; the others are finished in {out}"
        )
    return out


def _warn_of_order(console: Console, evaluation: CheckpointEvaluation) -> None:
    given = evaluation.subject
    found = read_logits(
        evaluation.store.make(evaluation.torch(TORCH)).folder,
        evaluation.store.make(evaluation.text).folder,
    )
    own_K = np.argsort(given.columns_K)
    warn_of_other_order(
        console, found.dev_NK[:, own_K], found.dev_labels_NK[:, own_K], given.checkpoint.labels
    )


def _layers(evaluation: CheckpointEvaluation, made: MadeVariants) -> list[LayerRow]:
    return [
        LayerRow(**row)
        for found in made.variants.values()
        for row in read_table(
            evaluation.store.make(found.compressed).folder / "layers.parquet", LayerRow
        ).to_pylist()
    ]
