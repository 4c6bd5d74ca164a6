"""What the tables hold: one frozen class per table, one described field per column.

The classes are the schema: column order, Arrow types, descriptions and (for objectives) directions
all come from here, and `results/README.md` is generated from them. Names carry units.
"""

from dataclasses import dataclass

from emoray.tables.ab_rows import AbLabelRow, AbLatencyRow, AbLookRow
from emoray.tables.comparison_rows import ComparisonRow, LabelChangeRow
from emoray.tables.drift_rows import DriftRow
from emoray.tables.ensemble_rows import AugmentationRow, MemberRow
from emoray.tables.evidence_rows import PredictionRow, SpecRow, TextRow
from emoray.tables.fields import PROBABILITY, SHARE, cost, gain, note
from emoray.tables.finished_rows import (
    CalibrationLabelRow,
    CalibrationRow,
    ChangeRow,
    CompressionRow,
    ConversionRow,
    CoverageRow,
    EvaluationRow,
    SpeedRow,
)
from emoray.tables.improvement_rows import ImprovementRow, ImprovementSeedRow, RareLabelRow
from emoray.tables.point_rows import PointRow
from emoray.tables.pruning_rows import PruningRow
from emoray.tables.release_rows import ReleaseRow
from emoray.tables.study_rows import ImportanceRow, TrialRow
from emoray.tables.taxonomy_rows import DerivationRow, TaxonomyComparisonRow, TaxonomyRow
from emoray.tables.transfer_rows import TransferTextsRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatRow:
    """An operating point averaged over the seeds of its recipe."""

    recipe: str = note("what training was told, seed left out")
    corpus: str = note("goemotions, sample (the embedded one), or what an own corpus is called")
    taxonomy: str = note("which labels")
    family: str = note("model family")
    embedding_dim: int = note("width of the word vectors")
    layers: int = note("hidden layers")
    scheme: str = note("whole quantization scheme")
    temperature: str = note("`fitted`, or the fixed temperature")
    threshold_rule: str = note("how thresholds were set")
    seeds: int = note("trainings averaged")
    dev_macro_f1_mean: float = gain("mean over seeds of the cross-fitted dev score")
    dev_macro_f1_std: float | None = cost("sample standard deviation over seeds; null with one")
    test_macro_f1_mean: float = gain("mean over seeds on test")
    test_macro_f1_std: float | None = cost("sample standard deviation over seeds; null with one")
    size_bytes: float = cost("mean bytes of the artifact")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """How one label fares on test at points that fit thresholds, cut at 0.5 or are on the front."""

    point: str = note("the operating point")
    label: str = note("name of the label")
    precision: float = gain("on test")
    recall: float = gain("on test")
    f1: float = gain("on test")
    average_precision: float = gain(
        "area under precision against recall on test, whatever the threshold; 0 without a positive"
    )
    support: int = note("test texts that carry the label")
    threshold: float = note("probability from which the label is given")
    cut: float = note("the same as a logit, exactly: what the artifact compares with")
    ece: float = cost("expected calibration error of this label on test, 15 bins")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRow:
    """One tensor of one compressed model: what its integers are and what that cost."""

    model: str = note("id of the compressed model")
    layer: str = note("name of the tensor")
    shape: str = note("rows x columns")
    scheme: str = note("scheme of this tensor; float32 where it was left alone")
    bits: int = note("bits a value; 32 = float")
    alpha: float = note("lower end of the clipping range; over several slices the lowest")
    beta: float = note("upper end of the clipping range; over several slices the highest")
    scale: float = note("step between codes; over several slices the median")
    zero_point: float = note("code of zero; over several slices the median")
    slices: int = note("scales in the tensor")
    kurtosis: float = note("excess kurtosis of the float values; 0 for a normal distribution")
    share_clipped: float = cost("share of values outside the clipping range")
    sqnr_db: float = gain("signal to quantization noise, decibel; null-free: 999 when exact")
    bytes_before: int = note("as float32")
    bytes_after: int = cost("codes, scales and zero points as stored")
    execution: str = note("what ran for this tensor")
    why: str = note("the policy's reason for this tensor's bits and range; empty without a policy")
    low: float = note("smallest float value: left edge of the histogram")
    high: float = note("largest float value: right edge of the histogram")
    histogram: list[int] = note("counts of the float values in equal bins from low to high")


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceRow:
    """Macro-F1 at one temperature and one threshold for all labels, before anything is fitted."""

    model: str = note("id of the compressed model")
    temperature: float = note("logits are divided by it")
    threshold: float = note("one threshold for all labels")
    dev_macro_f1: float = gain("on dev")
    test_macro_f1: float = gain("on test")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityRow:
    """One bin of a reliability diagram: what was promised and what came."""

    model: str = note("id of the compressed model")
    temperature: float = note("logits are divided by it")
    bin_low: float = note("left edge of the bin of probabilities", unit=PROBABILITY)
    bin_high: float = note("right edge of the bin", unit=PROBABILITY)
    decisions: int = note("label decisions of test that fell into the bin")
    probability: float = note("their mean predicted probability; the bin's middle when empty")
    observed: float = note("share of them that carry the label; 0 when empty", unit=SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRow:
    """One epoch of one training."""

    training_id: str = note("id of the training")
    recipe: str = note("what training was told, seed left out")
    taxonomy: str = note("which labels")
    seed: int = note("seed of the training")
    epoch: int = note("counted from 1")
    train_loss: float = cost("mean training loss of the epoch")
    dev_loss: float = cost("the same loss on dev, without dropout")
    dev_macro_f1: float = gain("cross-fitted on dev, per-label thresholds")
    kept: bool = note("whether this epoch's weights were kept")
    wall_seconds: float = cost("wall time of the epoch")
    cpu_seconds: float = cost("processor time of the epoch, all threads")


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRow:
    """One timed text of one artifact, batch 1: text in, labels out, and the model alone."""

    model: str = note("id of the compressed model; `baseline` = the run's first model")
    beside: str = note("the model whose turn it was: a baseline's sample was taken beside it")
    turn: int = note("round of the interleaved measurement")
    text: int = note("index of the test text")
    tokens: int = note("its length in tokens")
    milliseconds: float = cost("wall time, text in, labels out")
    model_milliseconds: float | None = cost(
        "wall time of the model alone with the same text, from token ids to logits; null where "
        "there is none apart"
    )
    threads: int = note("intra-op threads of the session")
    cpu: str = note("model name of the processor")
    instruction_sets: str = note("vector instruction sets it offers")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """A piece of work that could not be done. The rest of the run does not depend on it."""

    trial: str = note("the trial that asked")
    stage: str = note("the stage that failed")
    error: str = note("the first line of the error")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """What ran, where, with what: one row a start of the job."""

    run: str = note("name of the run's folder")
    command: str = note("the command line")
    search: str = note("grid or joint")
    space: str = note("name of the search space, or the file that holds it")
    space_form: str = note("the space itself, YAML as `--space FILE` takes it; empty without one")
    started: str = note("UTC, ISO 8601")
    finished: str = note("UTC, ISO 8601")
    wall_seconds: float = cost("from the start to the last latency, before the report")
    search_seconds: float = cost(
        "of these, the search itself: without Ray's start, latency, report"
    )
    stage_cpu_seconds: float = cost("processor time of all stages that ran")
    stage_wall_seconds: float = cost("summed wall time of all stages that ran")
    cpu_seconds: float = cost("processor time of all stages that ran, and of the driver")
    stages_run: int = note("stages executed by this start")
    stages_cached: int = note("stages found finished in the store")
    stages_failed: int = note("stages that failed for good")
    trials: int = note("recipes of a grid, trials of a joint search, members of an ensemble")
    points: int = note("rows of `points` after this start")
    taxonomy: str = note("which labels")
    labels: str = note("names of the labels, JSON, in the order of `predictions`")
    corpus: str = note("goemotions, sample (the embedded one), or what an own corpus is called")
    corpus_sha256: str = note("of its three files, and of labels.txt where it has one")
    train_texts: int = note("texts of the split")
    dev_texts: int = note("texts of the split")
    test_texts: int = note("texts of the split")
    leaked_texts: int = note("test texts that stand verbatim in train")
    vectors_sha256: str = note("of the files of the word vectors, and encoders, at hand")
    cpu: str = note("model name of the processor")
    instruction_sets: str = note("vector instruction sets it offers")
    cores: int = note("processors Ray scheduled on")
    threads: int = note("threads of each session that scored or was timed")
    memory_bytes: int = note("of the machine that the driver ran on")
    platform: str = note("operating system, its version and the kind of processor")
    versions: str = note("python and libraries, `name version`, comma-separated")
    git_commit: str = note("of the checkout; empty outside one")
    git_dirty: bool = note("whether the checkout had uncommitted changes")


TABLES: dict[str, type] = {
    "points": PointRow,
    "repeats": RepeatRow,
    "labels": LabelRow,
    "layers": LayerRow,
    "surface": SurfaceRow,
    "reliability": ReliabilityRow,
    "trainings": TrainingRow,
    "pruning": PruningRow,
    "members": MemberRow,
    "taxonomies": TaxonomyRow,
    "derivations": DerivationRow,
    "taxonomy_comparisons": TaxonomyComparisonRow,
    "comparisons": ComparisonRow,
    "label_changes": LabelChangeRow,
    "predictions": PredictionRow,
    "texts": TextRow,
    "specs": SpecRow,
    "augmentations": AugmentationRow,
    "transfer_texts": TransferTextsRow,
    "study": TrialRow,
    "importances": ImportanceRow,
    "latency": LatencyRow,
    "failures": FailureRow,
    "runs": RunRow,
}

# Of jobs that look at finished models; no sweep writes them.
FINISHED_TABLES: dict[str, type] = {
    "calibration": CalibrationRow,
    "changes": ChangeRow,
    "calibration_labels": CalibrationLabelRow,
    "evaluation": EvaluationRow,
    "compression": CompressionRow,
    "coverage": CoverageRow,
    "speed": SpeedRow,
    "conversion": ConversionRow,
    "improvements": ImprovementRow,
    "improvement_seeds": ImprovementSeedRow,
    "rare_labels": RareLabelRow,
    "ab": AbLookRow,
    "ab_labels": AbLabelRow,
    "ab_latency": AbLatencyRow,
    "drift": DriftRow,
    "releases": ReleaseRow,
}
