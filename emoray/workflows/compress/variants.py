"""Variants of a checkpoint under many schemes: made, scored, timed, compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from emoray.console.progress import Say
from emoray.quant.policy import Scheme
from emoray.stages import speed as timing
from emoray.stages.checkpoint import (
    ReadCheckpoint,
    ReadCorpus,
    ReadOwnCheckpoint,
    ScoreTorch,
    Variant,
    variant,
)
from emoray.stages.checkpoint_source import LoadedCheckpoint
from emoray.stages.interleaved_timing import Speed, TimingPlan, speeds
from emoray.stages.spec import CorpusRef, OwnCorpusRef
from emoray.stages.speed import TORCH, TORCH_INT8
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.finished_rows import SpeedRow
from emoray.workflows.compress import judging
from emoray.workflows.compress.judging import VariantScores
from emoray.workflows.plain_failures import plainly

SPEED = "speed.parquet"
FORMS = {TORCH: "float32", TORCH_INT8: "int8-sym-tensor-minmax@dynamic"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompressionContext:
    """One checkpoint with one corpus and the store of its stages."""

    given: LoadedCheckpoint
    corpus: CorpusRef
    store: Store
    threads: int
    plan: TimingPlan = field(default_factory=TimingPlan)

    @property
    def checkpoint(self) -> ReadCheckpoint:
        """The stage that reads the checkpoint."""
        found, taxonomy = self.given.checkpoint, self.given.taxonomy
        if isinstance(self.corpus, OwnCorpusRef):
            return ReadOwnCheckpoint(
                sha256=found.sha256,
                taxonomy=taxonomy.name,
                max_tokens=self.given.max_tokens,
                folder=found.folder,
                labels=self.corpus.labels,
            )
        return ReadCheckpoint(
            sha256=found.sha256,
            taxonomy=taxonomy.name,
            max_tokens=self.given.max_tokens,
            folder=found.folder,
        )

    @property
    def text(self) -> ReadCorpus:
        """The stage that encodes the corpus."""
        return ReadCorpus(checkpoint=self.checkpoint, corpus=self.corpus)

    def torch(self, name: str) -> ScoreTorch:
        """The stage that scores PyTorch's model."""
        return ScoreTorch(checkpoint=self.checkpoint, text=self.text, by_torch=name == TORCH_INT8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MadeVariants:
    """What could be made, and why the rest could not."""

    variants: dict[str, Variant]
    failed: dict[str, str]


def make(context: CompressionContext, schemes: Mapping[str, Scheme], say: Say) -> MadeVariants:
    """Compress and score under every scheme; one that fails does not stop the others."""
    say("reading the model")
    with plainly("the model"):
        context.store.make(context.text)
    for name in (TORCH, TORCH_INT8):
        say(f"{name}: scoring dev and test")
        with plainly(name):
            context.store.make(context.torch(name))
    variants, failed = {}, {}
    for name, scheme in schemes.items():
        say(f"{name}: compressing, scoring dev and test")
        found = variant(context.checkpoint, context.text, scheme)
        try:
            with plainly(name):
                context.store.make(found.scored)
            variants[name] = found
        except ValueError as error:
            failed[name] = str(error)
    if not variants:
        raise ValueError(next(iter(failed.values())))
    return MadeVariants(variants=variants, failed=failed)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VariantTimes:
    """Times of every variant, and in `reference` those of PyTorch float32 in the same run."""

    rows: list[SpeedRow]
    speed: dict[str, Speed]
    reference: dict[str, Speed]


def time_all(context: CompressionContext, made: MadeVariants, say: Say) -> VariantTimes:
    """Time everything that was made, and PyTorch in the same runs."""
    say("timing all of them, interleaved")
    timed = VariantTimes(rows=[], speed={}, reference={})
    for stage in timing.timing_groups(
        context.checkpoint,
        context.text,
        {name: found.compressed for name, found in made.variants.items()},
        threads=context.threads,
        plan=context.plan,
    ):
        with plainly("timing"):
            folder = context.store.make(stage).folder
        rows = [SpeedRow(**row) for row in read_table(folder / SPEED, SpeedRow).to_pylist()]
        timed.rows.extend(rows)
        for name, speed in speeds(rows).items():
            timed.speed.setdefault(name, speed)
            timed.reference.setdefault(name, speeds(rows)[TORCH])
    return timed


def score_all(context: CompressionContext, made: MadeVariants) -> dict[str, VariantScores]:
    """Fit decisions on dev by one rule; score them on the same resamples of test."""
    text = context.store.make(context.text).folder
    scored = {name: context.store.make(context.torch(name)).folder for name in FORMS}
    scored |= {name: context.store.make(v.scored).folder for name, v in made.variants.items()}
    logits = {name: judging.read_logits(folder, text) for name, folder in scored.items()}
    first = logits[TORCH]
    (decision,) = judging.best_decision(first.dev_NK, first.dev_labels_NK).decisions
    return {name: judging.score_variant(found, decision) for name, found in logits.items()}
