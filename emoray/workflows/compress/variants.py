"""A checkpoint under many schemes: made, scored, timed, judged, as rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from emoray.console.progress import Say
from emoray.quant.policy import Scheme
from emoray.stages import speed as timing
from emoray.stages.checkpoint import (
    Variant,
    variant,
)
from emoray.stages.interleaved_timing import Speed, TimingPlan, speeds
from emoray.stages.speed import TORCH, TORCH_INT8
from emoray.tables.files import read_table
from emoray.tables.finished_rows import SpeedRow
from emoray.workflows.checkpoint_evaluation import CheckpointEvaluation
from emoray.workflows.compress import judging
from emoray.workflows.compress.judging import VariantScores
from emoray.workflows.plain_failures import plainly

SPEED = "speed.parquet"
FORMS = {TORCH: "float32", TORCH_INT8: "int8-sym-tensor-minmax@dynamic"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MadeVariants:
    """What could be made, and why the rest could not."""

    variants: dict[str, Variant]
    failed: dict[str, str]


def make(evaluation: CheckpointEvaluation, schemes: Mapping[str, Scheme], say: Say) -> MadeVariants:
    """Every scheme compressed and scored; one that fails does not stop the others."""
    say("reading the model")
    with plainly("the model"):
        evaluation.store.make(evaluation.text)
    for name in (TORCH, TORCH_INT8):
        say(f"{name}: scoring dev and test")
        with plainly(name):
            evaluation.store.make(evaluation.torch(name))
    variants, failed = {}, {}
    for name, scheme in schemes.items():
        say(f"{name}: compressing, scoring dev and test")
        found = variant(evaluation.checkpoint, evaluation.text, scheme)
        try:
            with plainly(name):
                evaluation.store.make(found.scored)
            variants[name] = found
        except ValueError as error:
            failed[name] = str(error)
    if not variants:
        raise ValueError(next(iter(failed.values())))
    return MadeVariants(variants=variants, failed=failed)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VariantTimes:
    """Times of every form. beside: those of PyTorch float32 in the same interleaved run."""

    rows: list[SpeedRow]
    speed: dict[str, Speed]
    beside: dict[str, Speed]


def time_all(
    evaluation: CheckpointEvaluation,
    made: MadeVariants,
    say: Say,
    threads: int,
    plan: TimingPlan,
) -> VariantTimes:
    """Times of everything that was made, beside PyTorch's."""
    say("timing all of them, interleaved")
    timed = VariantTimes(rows=[], speed={}, beside={})
    for stage in timing.timing_groups(
        evaluation.checkpoint,
        evaluation.text,
        {name: found.compressed for name, found in made.variants.items()},
        threads=threads,
        plan=plan,
    ):
        with plainly("timing"):
            folder = evaluation.store.make(stage).folder
        rows = [SpeedRow(**row) for row in read_table(folder / SPEED, SpeedRow).to_pylist()]
        timed.rows.extend(rows)
        for name, speed in speeds(rows).items():
            timed.speed.setdefault(name, speed)
            timed.beside.setdefault(name, speeds(rows)[TORCH])
    return timed


def judge_all(evaluation: CheckpointEvaluation, made: MadeVariants) -> dict[str, VariantScores]:
    """Decisions fitted on dev by one rule, judged on test with the same resamples."""
    text = evaluation.store.make(evaluation.text).folder
    scored = {name: evaluation.store.make(evaluation.torch(name)).folder for name in FORMS}
    scored |= {name: evaluation.store.make(v.scored).folder for name, v in made.variants.items()}
    logits = {name: judging.read_logits(folder, text) for name, folder in scored.items()}
    first = logits[TORCH]
    softmax = evaluation.subject.checkpoint.softmax
    best = judging.best_decision(first.dev_NK, first.dev_labels_NK, softmax=softmax)
    (decision,) = best.decisions
    return {
        name: judging.score_variant(found, decision, softmax=softmax)
        for name, found in logits.items()
    }
