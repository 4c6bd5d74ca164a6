"""Rows of `points`: what stages measured of an operating point, and what only a run says of it.

Each is filled once, by who knows it: a stage writes `MeasuredPointRow`, and where a run's tables
are merged `RunPointRow` is joined to it. Both together are the table that people read.
"""

from dataclasses import dataclass, fields
from typing import ClassVar

from emoray.tables.fields import CHANGE, cost, gain, note


@dataclass(frozen=True, kw_only=True)
class RunPointRow:
    """One operating point among all others of a run: timed, shipped, beside the front."""

    run: str = note("name of the run's folder", after="point")
    derived_from: str = note(
        "model whose labels are joined in groups: the row decides in a coarser taxonomy, its "
        "artifact in the model's own labels too, and in every taxonomy derived from them; empty = "
        "a row of its model's own labels",
        after="model",
    )
    test_contradictions_share: float | None = cost(
        "of a derived row, share of test texts whose labels are not just the groups of the model's "
        "own labels under the same decision; null for others",
        after="test_nll",
    )
    latency_p50_ms: float | None = cost(
        "median time of one text, batch 1, text in, labels out; null if not measured",
        after="integer_products_share",
    )
    latency_p95_ms: float | None = cost("95th percentile of the same samples")
    model_p50_ms: float | None = cost(
        "of this, the model: median time from token ids to logits; null if not measured"
    )
    artifact: str = note(
        "artifact folder of a row of the front; else the base folder to ship it from"
    )
    on_front: bool = note(
        "no row has more dev_macro_f1 in fewer size_bytes: these rows lie in artifacts/, the picks "
        "are among them; baselines are never on it",
        after="artifact_sha256",
    )
    nearest_front: str = note(
        "point of the front that a row is held against: off the front the largest that needs no "
        "more bytes, on it the nearest in bytes of another model; empty = none"
    )
    nearest_front_change: float | None = gain(
        "test_macro_f1 of this row minus that point's; null where there is none to compare",
        unit=CHANGE,
    )
    nearest_front_low: float | None = note(
        "lower end of the paired 95 % interval of that difference, stratified bootstrap over test",
        unit=CHANGE,
    )
    nearest_front_high: float | None = note("upper end of that interval", unit=CHANGE)
    distinguishable: bool | None = note("whether that interval leaves out 0")


@dataclass(frozen=True, kw_only=True)
class MeasuredPointRow:
    """One operating point as its stages know it, whatever else a run holds."""

    # Empty columns of tables that stages wrote before the two were apart.
    passed_over: ClassVar[frozenset[str]] = frozenset(c.name for c in fields(RunPointRow))

    point: str = note(
        "id of the operating point: recipe + seed + scheme + decision", ensemble="own"
    )
    corpus: str = note(
        "goemotions, sample (the embedded one), or what an own corpus is called", ensemble="each"
    )
    taxonomy: str = note(
        "which labels: goemotions (28), ekman (7), sentiment (4), or own: those of the corpus",
        ensemble="each",
    )
    family: str = note(
        "glove = word vectors under a small network; bert = fine-tuned encoder; features = rows of "
        "numbers under a small network; ensemble = several of them as one, its numbers the "
        "largest, the sum or the mean of theirs; baseline = what a search must beat, never on the "
        "front and without an artifact",
        ensemble="own",
    )
    recipe: str = note(
        "what training was told, seed left out: rows of equal recipe are repeats", ensemble="own"
    )
    training_id: str = note("id of the training: recipe + seed; joins `trainings`", ensemble="own")
    model: str = note(
        "id of the compressed model: training + scheme; joins `layers`, `latency`", ensemble="own"
    )
    models: int = note(
        "models that run for one text: 1; of an ensemble its distinct members", ensemble="own"
    )
    vectors: str = note(
        "word vectors, encoder or features that training started from", ensemble="each"
    )
    embedding_dim: int = note(
        "width of the word vectors; rank of an encoder's token embedding; components of features",
        ensemble="max",
    )
    vocabulary: int = note("words, or pieces of words, with a row of their own", ensemble="max")
    changed_pieces_share: float = cost(
        "share of test's running pieces that are cut otherwise since others were dropped",
        ensemble="mean",
    )
    truncated_share: float = cost(
        "share of test's texts that lose their end at `max_tokens`", ensemble="max"
    )
    layers: int = note(
        "hidden Dense(ReLU) layers under the head; layers of an encoder", ensemble="max"
    )
    hidden_units: int = note("width of each hidden layer; 0 without any", ensemble="max")
    pooling: str = note("how a text's word vectors become one vector", ensemble="each")
    trainable_vectors: bool = note("whether training changed the word vectors", ensemble="all")
    loss: str = note("training loss", ensemble="each")
    seed: int = note("seed of initial weights, dropout and batch order", ensemble="first")
    shots: int = note(
        "texts of each label that training drew from train, all of those that has fewer; 0 = all "
        "of train",
        ensemble="max",
    )
    calibrated_on: str = note(
        "what stands for dev in a row's columns, temperature and thresholds among them: dev, or "
        "shots = its own shots, each scored by a model that was trained without it; scores on "
        "shots of different draws are of different texts",
        ensemble="same",
    )
    scheme: str = note("whole quantization scheme", ensemble="each")
    embedding_scheme: str = note("scheme of the embedding table", ensemble="each")
    bits: int = note("bits of the dense weights; 32 = float", ensemble="max")
    embedding_bits: int = note("bits of the embedding table; 32 = float", ensemble="max")
    symmetric: bool = note(
        "dense weights: symmetric codes around zero; true for float", ensemble="all"
    )
    grain: str = note(
        "dense weights: what shares one scale (tensor, channel, group); none = float",
        ensemble="each",
    )
    ranges: str = note(
        "dense weights: how the clip range was chosen; none = float", ensemble="each"
    )
    activations: str = note("activations: weight_only, dynamic or static ranges", ensemble="each")
    training: str = note(
        "none = float, ptq = quantized after training, qat = during, more = float, trained on for "
        "as long as a qat row, which is compared with it",
        ensemble="each",
    )
    execution: str = note(
        "what ran: float, integer kernels, 4-bit kernels, dequantized, mixed", ensemble="same"
    )
    temperature: float = note("logits are divided by it before the sigmoid", ensemble="own")
    temperature_rule: str = note("fitted = by least NLL on dev; fixed = given", ensemble="own")
    threshold_rule: str = note(
        "how thresholds were set; every fitted one comes from dev", ensemble="own"
    )
    dev_macro_f1: float = gain("cross-fitted on dev; what the search maximises", ensemble="own")
    dev_micro_f1: float = gain(
        "micro-averaged F1, cross-fitted on dev as dev_macro_f1", ensemble="own"
    )
    dev_ece: float = cost(
        "expected calibration error on dev, 15 bins, label decisions pooled; dev is where a fitted "
        "temperature comes from",
        ensemble="own",
    )
    dev_nll: float = cost(
        "mean negative log-likelihood per label decision on dev, in nats; what a fitted "
        "temperature minimises",
        ensemble="own",
    )
    test_macro_f1: float = gain("thresholds from dev, scored once on test", ensemble="own")
    test_macro_f1_low: float = gain(
        "lower end of its 95 % bootstrap interval over test texts", ensemble="own"
    )
    test_macro_f1_high: float = gain(
        "upper end of its 95 % bootstrap interval over test texts", ensemble="own"
    )
    test_macro_f1_unleaked: float = gain(
        "without the test texts that also stand in train", ensemble="own"
    )
    test_micro_f1: float = gain("micro-averaged F1 on test", ensemble="own")
    test_precision: float = gain("macro-averaged precision on test", ensemble="own")
    test_recall: float = gain("macro-averaged recall on test", ensemble="own")
    test_ece: float = cost(
        "expected calibration error on test, 15 bins, label decisions pooled", ensemble="own"
    )
    test_brier: float = cost("mean squared error of the probabilities on test", ensemble="own")
    test_nll: float = cost(
        "mean negative log-likelihood per label decision on test, in nats", ensemble="own"
    )
    batch_flips_share: float | None = cost(
        "share of label decisions that change between one text at a time and 32 at a time, over "
        "400 test texts of all lengths, 100 for encoders; null for ensembles",
        ensemble="own",
    )
    size_bytes: int = cost("every file of the artifact", ensemble="own")
    embedding_bytes: int = cost(
        "of these, the embedding's codes, scales and zero points", ensemble="sum"
    )
    parameters: int = cost("trained numbers, embedding included", ensemble="sum")
    quantized_bytes_share: float = gain(
        "share of the stored weights' bytes that are codes", ensemble="mean"
    )
    integer_products_share: float = gain(
        "share of the multiplications with weights that run in integer kernels", ensemble="mean"
    )
    artifact_sha256: str = note("SHA-256 of the artifact's manifest.json", ensemble="own")


@dataclass(frozen=True, kw_only=True)
class PointRow(RunPointRow, MeasuredPointRow):
    """One operating point: a trained model, how it is stored, where it decides, what it earns."""
