"""`jobs.evaluate`: an artifact scored as it stands, timed alone, and held against gates."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rich.console import Console

from emoray.artifact.loading import Finished, open_artifact, taxonomy_columns
from emoray.console.progress import progress
from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.comparison import Comparison, compare_decisions
from emoray.metrics.resampled import Resampled, resampled
from emoray.metrics.scores import Scores, score
from emoray.provenance import provenance
from emoray.stages.artifact_scoring import ArtifactEvaluation, SplitLogits
from emoray.stages.artifact_scoring import evaluate_on as before_corpus
from emoray.stages.baselines import MeasureBaselineLatency, baseline_decisions, baselines_of
from emoray.storage.location import staged_output, tables_at
from emoray.storage.run_folder import record_inputs
from emoray.storage.store.keys import id_of
from emoray.tables.files import read_table, write_table
from emoray.tables.finished_rows import EvaluationRow
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import LatencyRow
from emoray.tables.run_points import joined_points, latency_columns, percentiles_of
from emoray.tables.terminal import print_titled
from emoray.workflows import calibrate_tables as tables
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.evaluate import Evaluate

TEXTS, TURNS = 100, 3  # of the clock: three hundred calls give a 95th percentile its neighbours


def _clock(finished: Finished, said: SplitLogits, threads: int) -> list[LatencyRow]:
    """Alone, batch 1, real texts evenly over their lengths, text in, labels out."""
    from emoray.artifact import runtime as artifact
    from emoray.artifact.cpu import cpu
    from emoray.artifact.latency import TimedArtifact, measure_latency
    from emoray.artifact.scoring import evenly

    classifier = artifact.load(finished.folder, threads=threads, taxonomy=finished.taxonomy)
    chosen = evenly(np.array([len(classifier.ids(text)) for text in said.inputs]), TEXTS)
    others = np.setdiff1d(np.arange(len(said.inputs)), chosen)
    samples = measure_latency(
        {finished.name: TimedArtifact(classifier)},
        [said.inputs[i] for i in chosen],
        baseline=finished.name,
        others=[said.inputs[i] for i in others],
        repeats=TURNS,
    )
    here = cpu()
    return [
        LatencyRow(
            **{**asdict(sample), "text": int(chosen[sample.text])},
            threads=threads,
            cpu=here.model,
            instruction_sets=here.instruction_sets,
        )
        for sample in samples
    ]


def _unleaked(evaluation: ArtifactEvaluation, said: SplitLogits, split: str) -> float | None:
    kept_N = ~evaluation.corpus.leaked_N
    if split != "test" or not kept_N.any():
        return None
    kept = score(said.logits_NK[kept_N], said.labels_NK[kept_N], evaluation.subject.cuts_K)
    return kept.macro_f1


def own_decision(finished: Finished, said: SplitLogits) -> Resampled:
    """The artifact's own decision on some texts, resampled as usual."""
    return resampled(
        (said.logits_NK, finished.cuts_K[None]),
        said.labels_NK,
        usual_weights(said.labels_NK),
        temperature_R=np.array([finished.temperature]),
        softmax=finished.softmax,
    )


def measure_artifact(
    finished: Finished, said: SplitLogits, threads: int = 1
) -> tuple[dict[str, Any], Scores, list[LatencyRow]]:
    """Score and time an artifact's own decision.

    Args:
        finished: the artifact.
        said: its logits and the true labels, in its order.
        threads: of the timed session.

    Returns:
        Columns of `evaluation` that gates are held against, scores by label, and every timed call.
    """
    drawn = own_decision(finished, said)
    scores = drawn.scores.row(0)
    (macro_low,), (macro_high,) = drawn.interval("macro_f1")
    (ece_low,), (ece_high,) = drawn.interval("ece")
    samples = _clock(finished, said, threads)
    p50, p95 = np.percentile([s.milliseconds for s in samples], [50, 95])
    measured: dict[str, Any] = {
        "macro_f1": scores.macro_f1,
        "macro_f1_low": float(macro_low),
        "macro_f1_high": float(macro_high),
        "micro_f1": scores.micro_f1,
        "precision": scores.precision,
        "recall": scores.recall,
        "ece": float(drawn.value("ece")[0]),
        "ece_low": float(ece_low),
        "ece_high": float(ece_high),
        "brier": float(drawn.value("brier")[0]),
        "nll": float(drawn.value("nll")[0]),
        "size_bytes": finished.size_bytes,
        "latency_p50_ms": float(p50),
        "latency_p95_ms": float(p95),
        "model_p50_ms": float(np.median([s.model_milliseconds for s in samples])),
    }
    return measured, scores, samples


def evaluate_artifact(
    evaluation: ArtifactEvaluation, settings: Evaluate
) -> tuple[EvaluationRow, Scores, list[LatencyRow]]:
    """Score, time and hold against the gates; the decision is the artifact's own."""
    finished, said = evaluation.subject, evaluation.split_logits(settings.split)
    measured, scores, samples = measure_artifact(finished, said, settings.threads)
    failed = [gate for gate, _ in settings.gates.failed(measured)]
    row = EvaluationRow(
        artifact=finished.name,
        artifact_sha256=finished.sha256,
        model_sha256=finished.model_sha256,
        corpus=evaluation.corpus.name,
        corpus_sha256=evaluation.corpus.sha256,
        taxonomy=evaluation.taxonomy.name,
        split=settings.split,
        texts=len(said.inputs),
        temperature=finished.temperature,
        threshold_rule=finished.rule,
        macro_f1_unleaked=_unleaked(evaluation, said, settings.split),
        **{**measured, **settings.gates.limits},
        threads=settings.threads,
        gate_on=settings.gates.on,
        passed=not failed,
        failed=",".join(failed),
    )
    return row, scores, samples


def _paired(evaluation: ArtifactEvaluation, folders: Mapping[str, Path]) -> dict[str, Comparison]:
    """Compare the artifact with each baseline on test: same texts, same resamples.

    Returns:
        By the baseline's model; empty on dev, where baselines were decided.
    """
    said, columns_K = (
        evaluation.split_logits("test"),
        taxonomy_columns(evaluation.subject.labels, evaluation.taxonomy),
    )
    mine = own_decision(evaluation.subject, said)
    weights_BN = usual_weights(said.labels_NK)
    found = {}
    for model, folder in folders.items():
        decided_NK = baseline_decisions(folder, said.inputs)[:, columns_K]
        found[model] = compare_decisions(
            resampled(decided_NK[None], said.labels_NK, weights_BN), mine
        )
    return found


def _baselines(
    evaluation: ArtifactEvaluation, split: str, console: Console
) -> list[dict[str, Any]] | None:
    """Baselines of the corpus, fitted on its train and decided on its dev, made once a store.

    Returns:
        Rows of `points`, timed here, on test with the artifact's comparison (`compared`); None of a
        corpus on which nothing can be fitted, which is printed.
    """
    asked = baselines_of(evaluation.corpus_ref, evaluation.taxonomy.name)
    try:
        folders = [evaluation.store.make(each).folder for each in asked]
    except ValueError as error:
        console.print(f"no baselines to stand beside: {error}", highlight=False, soft_wrap=True)
        return None
    clock = MeasureBaselineLatency(baselines=asked, cpu=provenance().cpu, cpus=1)
    latency = read_table(evaluation.store.make(clock).folder / "latency.parquet", LatencyRow)
    rows = pa.concat_tables(read_table(f / "points.parquet", MeasuredPointRow) for f in folders)
    times = latency_columns(rows.column("model"), percentiles_of(latency))
    found: list[dict[str, Any]] = joined_points(rows, times).to_pylist()
    made = {id_of(each): folder for each, folder in zip(asked, folders, strict=True)}
    beside = _paired(evaluation, made) if split == "test" else {}
    return [{**row, "compared": beside.get(row["model"])} for row in found]


def run_evaluate(settings: Evaluate, console: Console | None = None) -> EvaluationRow:
    """Print a table and a line for each failed gate (to stderr), write `evaluation` and `latency`.

    Returns:
        The row that was written: `passed` says whether a CI may go on.
    """
    console = console or Console()
    finished = open_artifact(settings.artifact, settings.taxonomy)
    evaluation = before_corpus(finished, settings, partial(settings.gates.require, settings.split))
    inputs = {"job": "jobs.evaluate", **evaluation.inputs, "split": settings.split}
    out = free_place(settings.lands, inputs, console)
    what = f"artifact {finished.name} as it stands"
    tables.announce_corpus(console, evaluation.source, evaluation.taxonomy, what)
    with progress(console, f"scoring and timing {settings.split}"):
        row, scores, samples = evaluate_artifact(evaluation, settings)
        beside = _baselines(evaluation, settings.split, console)
    with staged_output(out) as folder:
        record_inputs(out, inputs)
        write_table([row], folder / "evaluation.parquet", EvaluationRow)
        write_table(samples, folder / "latency.parquet", LatencyRow)
    print_titled(console, tables.evaluation_table(row, settings.gates.limits))
    print_titled(console, tables.scores_table(finished.labels, scores))
    if beside is not None:
        print_titled(console, tables.baselines_table(row, beside))
        if warning := tables.below_baselines(row, beside):
            console.print("warning:", warning, style="bold red", highlight=False, soft_wrap=True)
    if settings.gates.any:
        console.print(tables.gates_sentence(settings.gates.on), highlight=False, soft_wrap=True)
    console.print(f"tables {tables_at(out)}", highlight=False, soft_wrap=True)
    for _, line in settings.gates.failed(asdict(row)):
        print(line, file=sys.stderr)  # noqa: T201 — what a CI shows
    return row
