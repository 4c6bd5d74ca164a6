"""`jobs.convert`: a finished checkpoint as ONNX, held against PyTorch before it is let out."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from emoray.artifact.cpu import cpu
from emoray.artifact.packaging import BASE_FILES, ArtifactRow, Base, row_of
from emoray.artifact.runtime import DECISION, Classifier
from emoray.console.progress import Say, progress
from emoray.data.corpus import taxonomies_of
from emoray.data.goemotions import CorpusFolder
from emoray.decide.thresholds import Fixed
from emoray.labels import Taxonomy
from emoray.stages.checkpoint_source import LoadedCheckpoint, pieces_of
from emoray.stages.conversion import BASE, COVERAGE, ScoreConverted
from emoray.stages.interleaved_timing import (
    MANY,
    Model,
    Speed,
    TimingPlan,
    batches_of,
    speeds,
    time_interleaved,
)
from emoray.stages.spec import rule_name
from emoray.stages.speed import TORCH, session_model
from emoray.storage.location import Place, staged_output, tables_at
from emoray.storage.run_folder import record_inputs, settings_text
from emoray.tables.files import write_table
from emoray.tables.finished_rows import ConversionRow, CoverageRow, SpeedRow
from emoray.tables.terminal import print_titled, table
from emoray.workflows.cards import give_card
from emoray.workflows.checkpoint_evaluation import CheckpointEvaluation, open_checkpoint
from emoray.workflows.compress.judging import best_decision
from emoray.workflows.compress.placing import place
from emoray.workflows.convert import memory
from emoray.workflows.convert.parity import Parity, measure_parity
from emoray.workflows.convert.reference import reference
from emoray.workflows.label_order import warn_of_other_order
from emoray.workflows.plain_failures import plainly
from emoray.workflows.run_place import free_place
from emoray.workflows.settings.convert import Conversion

ONNX = "onnx"


def _opened(settings: Conversion) -> CheckpointEvaluation:
    """Everything checked that can be checked before the first file is written."""

    def taxonomy_of(found: LoadedCheckpoint, source: CorpusFolder) -> Taxonomy:
        try:
            return found.taxonomy
        except ValueError:  # labels of its own: texts will do, there is nothing to fit
            return taxonomies_of(source.folder)[0]

    return open_checkpoint(settings, taxonomy_of)


def _decision(
    evaluation: CheckpointEvaluation, base: Base, console: Console
) -> tuple[ArtifactRow, np.ndarray]:
    """The artifact's decision, fitted on dev where the labels are the corpus', and its cuts_K."""
    found = evaluation.subject.checkpoint
    if not evaluation.judged:
        cuts_K, rule = np.zeros(len(found.labels)), rule_name(Fixed(0.5), softmax=found.softmax)
        row = row_of(base, temperature=1.0, cuts_K=cuts_K, rule=rule, softmax=found.softmax)
        return row, cuts_K
    stage = ScoreConverted(
        converted=evaluation.converted,
        corpus=evaluation.corpus_ref,
        taxonomy=evaluation.taxonomy.name,
    )
    with np.load(evaluation.store.make(stage).folder / "dev.npz", allow_pickle=False) as data:
        warn_of_other_order(console, data["logits_NK"], data["labels_NK"], found.labels)
        fitted = best_decision(data["logits_NK"], data["labels_NK"], softmax=found.softmax)
    ((chosen, temperature),), (cuts_K,) = fitted.pairs, fitted.cuts_RK
    rule = rule_name(chosen, softmax=found.softmax)
    row = row_of(base, temperature=temperature, cuts_K=cuts_K, rule=rule, softmax=found.softmax)
    return row, cuts_K


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConversionMeasurements:
    """What was compared and timed."""

    parity: Parity
    rows: list[SpeedRow]
    speed: dict[str, Speed]
    memory: dict[str, memory.Memory]
    sizes: dict[str, int]


def _measure(
    evaluation: CheckpointEvaluation,
    folder: Path,
    row: ArtifactRow,
    cuts_K: np.ndarray,
    settings: Conversion,
    say: Say,
) -> ConversionMeasurements:
    """Parity first, then the clock, then memory. `folder` holds the artifact's base."""
    from emoray.models.encoder import torch_baseline

    files = {name: (folder / name).read_bytes() for name in BASE_FILES}
    classifier = Classifier({**files, DECISION: row.decision})
    torch, model = reference(evaluation.subject), folder / "model.onnx"
    say("comparing with PyTorch on texts of many lengths")
    texts = [*evaluation.corpus.dev.texts, *evaluation.corpus.test.texts]
    with torch_baseline.threads(1):
        parity = measure_parity(
            evaluation.subject,
            texts,
            classifier.ids,
            torch=torch,
            onnx=session_model(model, 1),
            cuts_CK=np.unique([np.zeros_like(cuts_K), cuts_K], axis=0),
        )
    say("timing, interleaved")
    plan = settings.plan or TimingPlan()
    ragged = pieces_of(evaluation.subject).encode_all(evaluation.corpus.test.texts)
    here = cpu()
    models: dict[str, Model] = {TORCH: torch, ONNX: session_model(model, settings.threads)}
    with torch_baseline.threads(settings.threads):
        rows = time_interleaved(
            models,
            ragged,
            plan,
            threads=settings.threads,
            cpu=(here.model, here.instruction_sets),
        )
    say("measuring memory, a process each")
    batch_NL = batches_of(ragged, plan)[MANY][-1]
    given = evaluation.subject
    return ConversionMeasurements(
        parity=parity,
        rows=rows,
        speed=speeds(rows),
        memory={
            TORCH: memory.measure_in_process(
                memory.torch_memory,
                given.checkpoint.folder,
                given.max_tokens,
                batch_NL,
                settings.threads,
            ),
            ONNX: memory.measure_in_process(memory.onnx_memory, model, batch_NL, settings.threads),
        },
        sizes={TORCH: torch.weight_bytes, ONNX: len(files["model.onnx"])},
    )


def _rows(
    evaluation: CheckpointEvaluation,
    measured: ConversionMeasurements,
    passed: bool,
    by: str,
    settings: Conversion,
) -> list[ConversionRow]:
    parity = {n: v for n, v in asdict(measured.parity).items() if n != "misread"}
    return [
        ConversionRow(
            name=name,
            checkpoint=evaluation.subject.checkpoint.name,
            checkpoint_sha256=evaluation.subject.checkpoint.sha256,
            graph=by,
            corpus=evaluation.source.name,
            **parity,
            tolerance=settings.tolerance,
            passed=passed,
            size_bytes=measured.sizes[name],
            model_p50_ms=measured.speed[name].p50_ms,
            model_p95_ms=measured.speed[name].p95_ms,
            texts_per_second=measured.speed[name].texts_per_second,
            peak_mb=measured.memory[name].peak_mb,
            library_mb=measured.memory[name].library_mb,
            threads=settings.threads,
            artifact="artifact" if name == ONNX and passed else "",
        )
        for name in (TORCH, ONNX)
    ]


def _failure(found: Parity, tolerance: float) -> str:
    """Why a conversion must not be let out; empty where it may."""
    if found.misread:
        return str(found.misread)
    if not found.max_logit_error <= tolerance or found.changed_decisions:
        return (
            f"a converted model says what PyTorch says, got a logit {found.max_logit_error:.2g} "
            f"apart (tolerance {tolerance:g}) and {found.changed_decisions} of "
            f"{found.decisions:,} decisions changed: no artifact was written; see --tolerance"
        )
    return ""


def _tell(console: Console, rows: list[ConversionRow], said: list[CoverageRow]) -> None:
    before, after = rows
    made = table(
        f"Speed on {before.threads} thread{'s' * (before.threads > 1)}, one interleaved run",
        *("", "PyTorch", "ONNX", ""),
    )
    pairs: list[tuple[str, str, Callable[[ConversionRow], float], bool]] = [
        ("latency of one text, p50 ms", ".2f", lambda r: r.model_p50_ms, True),
        ("latency of one text, p95 ms", ".2f", lambda r: r.model_p95_ms, True),
        ("texts a second, batches of 32", ",.0f", lambda r: r.texts_per_second, False),
        ("peak memory of a process, MB", ",.0f", lambda r: r.peak_mb, True),
        ("  of it before the model, MB", ",.0f", lambda r: r.library_mb, True),
        ("weights or model.onnx, MB", ",.2f", lambda r: r.size_bytes / 1e6, True),
    ]
    for name, form, of, less in pairs:
        ratio = of(before) / of(after) if less else of(after) / of(before)
        made.add_row(name, format(of(before), form), format(of(after), form), f"{ratio:.2f}×")
    print_titled(console, made)
    console.print(
        f"parity on {after.texts} texts of {after.shortest_tokens} to {after.longest_tokens} "
        f"tokens, alone and in mixed batches: largest Δlogit {after.max_logit_error:.1e}, "
        f"{after.changed_decisions} of {after.decisions:,} decisions changed",
        *(row.line for row in said),
        sep="\n",
        highlight=False,
        soft_wrap=True,
    )


def run_convert(settings: Conversion, console: Console | None = None) -> Place:
    """Write the artifact and the tables.

    Returns:
        Their folder.

    Raises:
        ValueError: the converted model's logits are not PyTorch's. The tables then have the
            difference, and no artifact is written.
    """
    console = console or Console()
    evaluation = _opened(settings)
    found = evaluation.subject.checkpoint
    inputs = {
        "job": "jobs.convert",
        "model_sha256": found.sha256,
        **evaluation.corpus_inputs,
    }
    out = free_place(settings.lands, inputs, console)
    console.print(
        f"model {found.name} · {len(found.labels)} labels · texts of {evaluation.source.name}",
        highlight=False,
        soft_wrap=True,
    )
    with progress(console, total=5) as shown:
        say = shown.step
        say("converting")
        with plainly("the model"):
            made = evaluation.store.make(evaluation.converted).folder
            say("fitting the decision on dev" if evaluation.judged else "deciding by 0.5")
            row, cuts_K = _decision(evaluation, Base.read(made / BASE), console)
            measured = _measure(evaluation, made / BASE, row, cuts_K, settings, say)
    failure = _failure(measured.parity, settings.tolerance)
    by = json.loads((made / "graph.json").read_text())["by"]
    rows = _rows(evaluation, measured, not failure, by, settings)
    lines = (made / COVERAGE).read_text("utf-8").splitlines()
    said = [CoverageRow(name=ONNX, number=i, line=s) for i, s in enumerate(lines, start=1)]
    with staged_output(out) as folder:
        record_inputs(out, inputs, settings_text(max_tokens=settings.max_tokens, **settings.said))
        if not failure:
            place(made / BASE, row, folder / "artifact")
            (onnx,) = [asdict(one) for one in rows if one.name == ONNX]
            facts = {"corpus_sha256": evaluation.corpus.sha256, "cpu": measured.rows[0].cpu}
            facts["artifact_sha256"] = row.sha256
            give_card(folder / "artifact", onnx, **facts)
        write_table(rows, folder / "conversion.parquet", ConversionRow)
        write_table(measured.rows, folder / "speed.parquet", SpeedRow)
        write_table(said, folder / "coverage.parquet", CoverageRow)
    _tell(console, rows, said)
    if failure:
        raise ValueError(failure)
    unfitted = "the most probable label" if found.softmax else "every threshold is 0.5"
    fixed = "" if evaluation.judged else f"; labels of its own: {unfitted}"
    console.print(
        f"\nartifact {out}/artifact, its graph by {by}{fixed}\ntables {tables_at(out)}",
        highlight=False,
        soft_wrap=True,
    )
    return out
