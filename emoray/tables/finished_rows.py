"""Rows of the jobs on finished models: calibrated, evaluated, compressed, converted."""

from dataclasses import dataclass

from emoray.tables.fields import CHANGE, LOGITS, SHARE, TIMES, cost, gain, note

MEASURE = "the measure's: nats of nll, else a share"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRow:
    """One decision on a finished artifact: what dev fits, what it earns on test."""

    decision: str = note("saved = as the artifact stands; else rule and temperature")
    artifact: str = note("name of the artifact's folder")
    model_sha256: str = note("of all the artifact's files but its decision")
    corpus: str = note("goemotions, sample (the embedded one), or what an own corpus is called")
    corpus_sha256: str = note("of its three files, and of labels.txt where it has one")
    taxonomy: str = note("which labels")
    threshold_rule: str = note("how thresholds were set; every fitted one comes from dev")
    temperature_rule: str = note("saved = the artifact's own, fixed = 1, fitted = least NLL on dev")
    temperature: float = note("logits are divided by it before the sigmoid")
    labels: str = note("names of the labels, JSON, in the artifact's order")
    cuts: str = note("logit cut of each label, JSON, exact: what jobs.decide saves")
    dev_macro_f1: float = gain("cross-fitted on dev; of the saved decision plainly scored")
    test_macro_f1: float = gain("on test")
    test_micro_f1: float = gain("on test")
    test_precision: float = gain("macro-averaged on test")
    test_recall: float = gain("macro-averaged on test")
    test_ece: float = cost("expected calibration error on test, 15 bins, decisions pooled")
    test_brier: float = cost("mean squared error of the probabilities on test")
    test_nll: float = cost("mean negative log-likelihood per label decision on test, in nats")
    test_macro_f1_unleaked: float = gain("without the test texts that also stand in train")
    flips: int = note("label decisions on test that differ from the artifact as it stands")
    temperature_flips: int = note(
        "label decisions on test that differ from the same rule at temperature 1; 0 where nothing "
        "was refitted"
    )
    chosen: bool = note("best cross-fitted dev macro-F1 at the fitted temperature")
    derived: str = note(
        "of a coarser taxonomy how its labels come from the artifact's own, JSON: groups, way, "
        "temperature of the own probabilities; empty = the artifact's own labels"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """One measure of two decisions on the same texts, and the paired interval of the change."""

    before: str = note("what is compared with")
    after: str = note("what is compared")
    measure: str = note("macro_f1, micro_f1, ece, brier or nll")
    direction: str = note("maximize or minimize")
    split: str = note("the texts both were scored on")
    value_before: float = note("of `before`", unit=MEASURE)
    value_after: float = note("of `after`", unit=MEASURE)
    change: float = note("after minus before", unit=MEASURE)
    change_low: float = note(
        "lower end of the interval of the change, same resamples for both",
        unit=MEASURE,
    )
    change_high: float = note("upper end of the interval", unit=MEASURE)
    level: float = note("share of resamples within the interval", unit=SHARE)
    equivalence_low: float = note("lower end of the paired 90 % interval", unit=MEASURE)
    equivalence_high: float = note("upper end of the paired 90 % interval", unit=MEASURE)
    margin: float | None = note(
        "the largest change, up or down, that counts as none; null = nothing but no change at all",
        unit=MEASURE,
    )
    resamples: int = note("bootstrap resamples of the texts")
    verdict: str = note(
        "equivalent within the margin; else better or worse where the interval leaves out 0; else "
        "undecided"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationLabelRow:
    """One label on test, as the artifact stands and under another decision."""

    decision: str = note("the decision in `calibration`")
    label: str = note("name of the label")
    support: int = note("test texts that carry it")
    threshold_before: float = note("probability from which the artifact gives the label")
    threshold: float = note("the same under the decision")
    cut: float = note("the same as a logit, exactly")
    precision_before: float = gain("as the artifact stands")
    precision: float = gain("under the decision")
    recall_before: float = gain("as the artifact stands")
    recall: float = gain("under the decision")
    f1_before: float = gain("as the artifact stands")
    f1: float = gain("under the decision")
    ece_before: float = cost("expected calibration error of the label, as the artifact stands")
    ece: float = cost("at the decision's temperature")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRow:
    """A finished artifact scored as it stands, and whether it passes its gates."""

    artifact: str = note("name of the artifact's folder")
    artifact_sha256: str = note("SHA-256 of the artifact's manifest.json")
    model_sha256: str = note("of all the artifact's files but its decision")
    corpus: str = note("goemotions, sample (the embedded one), or what an own corpus is called")
    corpus_sha256: str = note("of its three files, and of labels.txt where it has one")
    taxonomy: str = note("which labels")
    split: str = note("the texts scored")
    texts: int = note("how many")
    temperature: float = note("the artifact's own")
    threshold_rule: str = note("how its thresholds were set")
    macro_f1: float = gain("of the saved decision")
    macro_f1_low: float = gain("lower end of its 95 % bootstrap interval over the texts")
    macro_f1_high: float = gain("upper end of its 95 % bootstrap interval over the texts")
    macro_f1_unleaked: float | None = gain("without test texts in train; null if none or dev")
    micro_f1: float = gain("micro-averaged")
    precision: float = gain("macro-averaged")
    recall: float = gain("macro-averaged")
    ece: float = cost("expected calibration error, 15 bins, label decisions pooled")
    ece_low: float = cost("lower end of its 95 % bootstrap interval")
    ece_high: float = cost("upper end of its 95 % bootstrap interval")
    brier: float = cost("mean squared error of the probabilities")
    nll: float = cost("mean negative log-likelihood per label decision, in nats")
    size_bytes: int = cost("every file of the artifact")
    latency_p50_ms: float = cost("median time of one text, batch 1, text in, labels out, alone")
    latency_p95_ms: float = cost("95th percentile of the same samples")
    model_p50_ms: float = cost("of this, the model: median time from token ids to logits")
    threads: int = note("intra-op threads of the timed session")
    min_macro_f1: float | None = note("gate; null = none")
    max_ece: float | None = note("gate; null = none")
    max_latency_p95_ms: float | None = note("gate; null = none")
    max_size_mb: float | None = note("gate, in 1,000,000 bytes; null = none")
    gate_on: str = note(
        "what gates are held against: value = as found; low = the worse end of the 95 % interval, "
        "lower of macro-F1 and upper of ECE; others have none and are held against their value"
    )
    passed: bool = note("no gate failed")
    failed: str = note("the gates that failed, comma-separated; empty = none")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressionRow:
    """One form of a finished model: PyTorch's own, or an artifact under one scheme."""

    name: str = note("short name; torch-… = PyTorch itself, what the others are compared with")
    model: str = note("id of the compressed model; joins `layers`; empty for PyTorch's own")
    checkpoint: str = note("name of the folder it was made from")
    checkpoint_sha256: str = note("of that folder's files")
    corpus: str = note("goemotions, sample (the embedded one), or what an own corpus is called")
    corpus_sha256: str = note("of its three files, and of labels.txt where it has one")
    taxonomy: str = note("which labels")
    scheme: str = note("whole quantization scheme")
    training: str = note(
        "none = float, ptq = quantized after training, qat = during, more = float, trained on for "
        "as long as a qat row, which is compared with it"
    )
    execution: str = note("what ran: float, integer kernels, 4-bit kernels, dequantized, mixed")
    size_bytes: int = cost("every file that a user must ship")
    embedding_bytes: int = cost("of these, the token embedding, its projection too")
    layers_bytes: int = cost("of these, kernels of the encoder's layers")
    head_bytes: int = cost("of these, kernels of pooler and head")
    other_bytes: int = cost("of these, the model's rest: positions, norms, biases, the graph")
    tokenizer_bytes: int = cost("of these, vocabulary and tokenizer")
    decision_bytes: int = cost("of these, labels, decision and manifest")
    smaller: float = gain("share of PyTorch float32's bytes that is saved", unit=SHARE)
    model_p50_ms: float = cost("median time of one text, batch 1, ids to logits")
    model_p95_ms: float = cost("95th percentile of the same samples")
    speedup: float = gain("how many times lower model_p50_ms is than PyTorch float32's", unit=TIMES)
    texts_per_second: float = gain("in batches of 32 texts of like length")
    throughput_ratio: float = gain("how many times higher than PyTorch float32's", unit=TIMES)
    threads: int = note("threads of each model while timed")
    temperature: float = note("fitted on dev")
    threshold_rule: str = note("the rule that serves PyTorch float32 best on dev; fitted on dev")
    dev_macro_f1: float = gain("cross-fitted on dev")
    test_macro_f1: float = gain("on test")
    change: float = gain("of test macro-F1 from PyTorch float32", unit=CHANGE)
    change_low: float = note(
        "lower end of its paired 95 % bootstrap interval over test texts", unit=CHANGE
    )
    change_high: float = note("upper end of its paired 95 % bootstrap interval", unit=CHANGE)
    equivalence_low: float = note("lower end of the paired 90 % interval", unit=CHANGE)
    equivalence_high: float = note("upper end of the paired 90 % interval", unit=CHANGE)
    equivalent: bool = note("whether the 90 % interval lies within half a point on either side")
    verdict: str = note(
        "equivalent; else better or worse where the 95 % interval leaves out 0; else undecided"
    )
    flips: int = note("label decisions on test that differ from PyTorch float32's")
    quantized_bytes_share: float = gain("share of the stored weights' bytes that are codes")
    integer_products_share: float = gain(
        "share of the multiplications with weights that run in integer kernels"
    )
    artifact: str = note("its folder; empty for PyTorch's own")
    artifact_sha256: str = note("SHA-256 of the artifact's manifest.json; empty for PyTorch's own")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRow:
    """One line on what of an artifact is integer, and what is not and why."""

    name: str = note("the form in `compression` or `conversion`")
    number: int = note("lines in order, from 1")
    line: str = note("for people to read")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRow:
    """One timed call of one model, from token ids to logits, beside others in one run."""

    model: str = note("the form in `compression` or `conversion`")
    batch: int = note("texts at once: 1, or up to 32")
    turn: int = note("round of the interleaved measurement")
    number: int = note("which batch")
    texts: int = note("texts in it")
    tokens: int = note("of its longest text")
    milliseconds: float = cost("wall time of the call")
    threads: int = note("threads of the model")
    cpu: str = note("model name of the processor")
    instruction_sets: str = note("vector instruction sets it offers")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionRow:
    """A model as PyTorch and as ONNX: what they take, and whether they say the same."""

    name: str = note("torch or onnx")
    checkpoint: str = note("name of the folder it was made from")
    checkpoint_sha256: str = note("of that folder's files")
    graph: str = note("what made the ONNX graph: emoray, or torch.onnx.export and onnxruntime")
    corpus: str = note("whose texts were read: goemotions, sample, or an own corpus")
    texts: int = note("texts compared, alone and in batches of mixed length")
    shortest_tokens: int = note("of the texts compared")
    longest_tokens: int = note("of the texts compared")
    max_logit_error: float = cost("largest difference of a logit from PyTorch's", unit=LOGITS)
    changed_decisions: int = cost("label decisions that differ from PyTorch's, at every cut tried")
    decisions: int = note("label decisions compared")
    tolerance: float = note("largest difference allowed", unit=LOGITS)
    passed: bool = note("within the tolerance, no decision changed")
    size_bytes: int = cost("of the weights, or of model.onnx")
    model_p50_ms: float = cost("median time of one text, batch 1, ids to logits")
    model_p95_ms: float = cost("95th percentile of the same samples")
    texts_per_second: float = gain("in batches of 32 texts of like length")
    peak_mb: float = cost("peak memory of a fresh process that loads the model and runs a batch")
    library_mb: float = cost("of this, what the process held before it loaded the model")
    threads: int = note("threads of each model while timed")
    artifact: str = note("its folder; empty for PyTorch's own")
