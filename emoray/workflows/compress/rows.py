"""Every form of a model beside PyTorch float32, as rows; artifacts are shipped on the way."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from emoray.artifact.packaging import ArtifactRow, Base, row_of
from emoray.quant.catalogue import float_baseline
from emoray.quant.policy import Scheme
from emoray.stages.checkpoint import Variant
from emoray.stages.compression import BASE
from emoray.stages.point_rows import training_of
from emoray.stages.speed import TORCH, TORCH_INT8
from emoray.storage.store.keys import id_of
from emoray.tables.finished_rows import ChangeRow, CompressionRow
from emoray.workflows.change_rows import change_rows
from emoray.workflows.checkpoint_evaluation import CheckpointEvaluation
from emoray.workflows.compress.judging import VariantScores, variant_cost
from emoray.workflows.compress.placing import place
from emoray.workflows.compress.sizes import Sizes, artifact_size, torch_size
from emoray.workflows.compress.variants import FORMS, MadeVariants, VariantTimes

ARTIFACTS = "artifacts"
RUNS = {TORCH: "float", TORCH_INT8: "mixed: float embedding, integer products"}


def _shipped(
    evaluation: CheckpointEvaluation, found: Variant, outcome: VariantScores, target: Path
) -> ArtifactRow:
    base = evaluation.store.make(found.compressed).folder / BASE
    row = row_of(
        Base.read(base),
        temperature=outcome.temperature,
        cuts_K=outcome.cuts_K,
        rule=outcome.rule,
        softmax=outcome.softmax,
    )
    place(base, row, target)
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantForm:
    """What a row says of one form beside its scores and times."""

    scheme: str
    training: str
    execution: str
    sizes: Sizes
    quantized_bytes_share: float
    integer_products_share: float
    model: str = ""
    artifact: str = ""
    artifact_sha256: str = ""
    control: str = ""


def _control(scheme: Scheme, made: MadeVariants) -> str:
    """The name of a refined form's float control; empty for others."""
    parent = float_baseline(scheme)
    if parent.qat is None:
        return ""
    return next((n for n, v in made.variants.items() if v.compressed.scheme == parent), "")


def forms(
    evaluation: CheckpointEvaluation,
    made: MadeVariants,
    outcomes: Mapping[str, VariantScores],
    out: Path,
) -> dict[str, VariantForm]:
    """Ship every artifact into `out`, and say what each form is. PyTorch's own come first."""
    shipped: dict[str, VariantForm] = {}
    for name, found in made.variants.items():
        target = out / ARTIFACTS / name
        row = _shipped(evaluation, found, outcomes[name], target)
        compressed = evaluation.store.make(found.compressed).folder
        facts = json.loads((compressed / "facts.json").read_text())
        shipped[name] = VariantForm(
            scheme=str(found.compressed.scheme),
            training=training_of(found.compressed.scheme),
            execution=facts["execution"],
            sizes=artifact_size(target, compressed),
            quantized_bytes_share=facts["quantized_bytes_share"],
            integer_products_share=facts["integer_products_share"],
            model=id_of(found.compressed),
            artifact=f"{ARTIFACTS}/{name}",
            artifact_sha256=row.sha256,
            control=_control(found.compressed.scheme, made),
        )
    like = next(iter(shipped.values())).sizes
    theirs = {}
    for name, scheme in FORMS.items():
        own = torch_size(evaluation.store.make(evaluation.torch(name)).folder, like)
        codes = own.layers_bytes + own.head_bytes if name == TORCH_INT8 else 0
        theirs[name] = VariantForm(
            scheme=scheme,
            training="ptq" if codes else "none",
            execution=RUNS[name],
            sizes=own,
            quantized_bytes_share=codes / (codes + own.embedding_bytes),
            integer_products_share=float(bool(codes)),
        )
    return {**theirs, **shipped}


def compression_rows(
    evaluation: CheckpointEvaluation,
    said: Mapping[str, VariantForm],
    timed: VariantTimes,
    outcomes: Mapping[str, VariantScores],
) -> list[CompressionRow]:
    """One row a form."""
    rows = []
    whole = said[TORCH].sizes.size_bytes
    for name, form in said.items():
        outcome, speed, beside = outcomes[name], timed.speed[name], timed.beside[name]
        found = variant_cost(outcomes[beside_of(name, said)], outcome)
        rows.append(
            CompressionRow(
                name=name,
                model=form.model,
                checkpoint=evaluation.subject.checkpoint.name,
                checkpoint_sha256=evaluation.subject.checkpoint.sha256,
                corpus=evaluation.corpus.name,
                corpus_sha256=evaluation.corpus.sha256,
                taxonomy=evaluation.taxonomy.name,
                scheme=form.scheme,
                training=form.training,
                execution=form.execution,
                size_bytes=form.sizes.size_bytes,
                **asdict(form.sizes),
                smaller=1 - form.sizes.size_bytes / whole,
                model_p50_ms=speed.p50_ms,
                model_p95_ms=speed.p95_ms,
                speedup=beside.p50_ms / speed.p50_ms,
                texts_per_second=speed.texts_per_second,
                throughput_ratio=speed.texts_per_second / beside.texts_per_second,
                threads=timed.rows[0].threads,
                temperature=outcome.temperature,
                threshold_rule=outcome.rule,
                dev_macro_f1=outcome.dev_macro_f1,
                test_macro_f1=outcome.test_macro_f1,
                change=found.macro_f1.value,
                change_low=found.macro_f1.low,
                change_high=found.macro_f1.high,
                equivalence_low=found.macro_f1.equivalence_low,
                equivalence_high=found.macro_f1.equivalence_high,
                equivalent=found.equivalent,
                verdict=found.verdict,
                flips=found.decisions_changed,
                quantized_bytes_share=form.quantized_bytes_share,
                integer_products_share=form.integer_products_share,
                artifact=form.artifact,
                artifact_sha256=form.artifact_sha256,
            )
        )
    return rows


def beside_of(name: str, said: Mapping[str, VariantForm]) -> str:
    """PyTorch float32; of a form that trained on, what did so in float for as long."""
    return said[name].control or TORCH


def variant_changes(
    said: Mapping[str, VariantForm], outcomes: Mapping[str, VariantScores]
) -> list[ChangeRow]:
    """Every measure of every form beside what it is compared with."""
    rows = []
    for name, outcome in outcomes.items():
        if name != TORCH:
            before = beside_of(name, said)
            rows += change_rows(before, name, variant_cost(outcomes[before], outcome), split="test")
    return rows
