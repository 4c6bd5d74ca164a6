"""Baselines that a search must beat: no label, label frequencies, TF-IDF with logistic regression.

They are rows of `points`, with the decisions, scores and bytes of any other row.

Shapes: N texts, K labels.
"""

import gc
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
import pyarrow as pa

from emoray.artifact.cpu import cpu
from emoray.artifact.packaging import Base, row_of
from emoray.artifact.runtime import LABELS, sha256
from emoray.data.corpus import Corpus
from emoray.decide.thresholds import Fixed, PerLabel
from emoray.models.linear import MATRIX, FeatureRegression, TfidfModel, fit_features, fit_tfidf
from emoray.stages.decision_columns import Columns, ModelLogits, decide_all, label_columns
from emoray.stages.latency import TIMED_TEXTS
from emoray.stages.point_rows import point_ids
from emoray.stages.spec import CorpusRef, Decision, Fitted
from emoray.storage.store.keys import id_of
from emoray.tables.fields import aggregations
from emoray.tables.files import read_table, write_table
from emoray.tables.front import BASELINE
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import LabelRow, LatencyRow
from emoray.tables.schema import schema_of
from emoray.text.words import VERSION as TOKENIZER
from emoray.text.words import tokenize

MODEL = "model"  # of a finished BaselineModel: the files to ship but for its decision


@dataclass(frozen=True, slots=True)
class AllNegative:
    """Gives no label to any text."""

    tag: ClassVar[str] = "AllNegative"

    decision: ClassVar[Decision] = Decision(temperature=1.0, rule=Fixed(0.5))

    def __str__(self) -> str:
        return "all-negative"


@dataclass(frozen=True, slots=True)
class LabelPrior:
    """Predicts how often train has each label; a threshold gives it to all texts or none."""

    tag: ClassVar[str] = "LabelPrior"

    decision: ClassVar[Decision] = Decision(temperature=1.0, rule=PerLabel())

    def __str__(self) -> str:
        return "label prior"


@dataclass(frozen=True, slots=True)
class TfidfLogistic:
    """TF-IDF of words, one logistic regression per label, thresholds fitted on dev."""

    tag: ClassVar[str] = "TfidfLogistic"

    min_count: int = 2
    c: float = 1.0
    decision: ClassVar[Decision] = Decision(temperature=Fitted(), rule=PerLabel())

    def __str__(self) -> str:
        return "tf-idf + logistic regression"


@dataclass(frozen=True, slots=True)
class FeatureLogistic:
    """One logistic regression per label on standardized features, thresholds fitted on dev."""

    tag: ClassVar[str] = "FeatureLogistic"

    c: float = 1.0
    decision: ClassVar[Decision] = Decision(temperature=Fitted(), rule=PerLabel())

    def __str__(self) -> str:
        return "logistic regression"


Kind: TypeAlias = AllNegative | LabelPrior | TfidfLogistic | FeatureLogistic


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineModel:
    """A baseline fitted on train, decided as any model is: its row of `points`."""

    name: ClassVar[str] = "baseline"
    version: ClassVar[int] = 3

    kind: Kind
    corpus: CorpusRef
    taxonomy: str
    tokenizer: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `points.parquet`, `labels.parquet` and the baseline's own files."""
        make_baseline(self, out)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureBaselineLatency:
    """The time of one text from text to labels, alone, a whole node to themselves."""

    name: ClassVar[str] = "clock_baselines"
    version: ClassVar[int] = 2

    baselines: tuple[BaselineModel, ...]
    cpu: str  # another processor, another measurement
    cpus: int  # of the node: reserved, so that nothing else runs there
    texts: int = TIMED_TEXTS
    turns: int = 2

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `latency.parquet`."""
        folders = [inputs[f"baselines.{i}"] for i in range(len(self.baselines))]
        time_baselines(self, folders, out)


KINDS: tuple[Kind, ...] = (AllNegative(), LabelPrior(), TfidfLogistic())
OF_FEATURES: tuple[Kind, ...] = (AllNegative(), LabelPrior(), FeatureLogistic())
NEVER = -10.0  # the logit of a label that is never given: a probability of 0.00005
PRIOR = "prior.json"  # of a finished LabelPrior or AllNegative: logit_K
ABSENT = {pa.string(): "none", pa.int64(): 0, pa.float64(): 0.0, pa.bool_(): False}
WARM_UP = 10  # texts before the first sample


def baselines_of(corpus: CorpusRef, taxonomy: str) -> tuple[BaselineModel, ...]:
    """Every baseline of a corpus in one taxonomy."""
    return tuple(
        BaselineModel(kind=kind, corpus=corpus, taxonomy=taxonomy, tokenizer=TOKENIZER)
        for kind in (OF_FEATURES if corpus.of_features else KINDS)
    )


def _fitted(kind: Kind, corpus: Corpus) -> dict[str, bytes]:
    """The files of a baseline fitted on train."""
    labels_NK = corpus.train.labels_NK
    if isinstance(kind, TfidfLogistic):
        words = [tokenize(text) for text in corpus.train.texts]
        return fit_tfidf(words, labels_NK, min_count=kind.min_count, c=kind.c).files()
    if isinstance(kind, FeatureLogistic):
        return fit_features(np.stack(corpus.train.inputs), labels_NK, c=kind.c).files()
    logit_K = np.full(labels_NK.shape[1], NEVER)
    if isinstance(kind, LabelPrior):
        share_K = (labels_NK.sum(axis=0) + 0.5) / (len(labels_NK) + 1)
        logit_K = np.log(share_K / (1 - share_K))
    return {PRIOR: json.dumps([float(f"{value:.7g}") for value in logit_K]).encode()}


def _reader(files: dict[str, bytes]) -> Callable[[Sequence[Any]], np.ndarray]:
    """A function from texts, or rows of features, to logits_NK, as it would be served."""
    if PRIOR in files:
        logit_K = np.array(json.loads(files[PRIOR]))
        return lambda texts: np.tile(logit_K, (len(texts), 1))
    if MATRIX in files:
        model = FeatureRegression.read(files)
        return lambda rows: model.logits(np.stack(rows))
    tfidf = TfidfModel.read(files)
    return lambda texts: tfidf.logits([tokenize(text) for text in texts])


def _model(files: dict[str, bytes]) -> TfidfModel | FeatureRegression | None:
    """The model of a baseline that has one."""
    if PRIOR in files:
        return None
    return FeatureRegression.read(files) if MATRIX in files else TfidfModel.read(files)


def _absent() -> Columns:
    """Every column that describes a model, of one without network, vectors or scheme."""
    schema, described = schema_of(MeasuredPointRow), aggregations(MeasuredPointRow)
    return {
        name: ABSENT[schema.field(name).type] for name, how in described.items() if how != "own"
    }


def _columns(stage: BaselineModel, files: dict[str, bytes]) -> Columns:
    """Columns of `points` about the model."""
    model = _model(files)
    labels = stage.corpus.taxonomy(stage.taxonomy).labels
    return _absent() | {
        "corpus": stage.corpus.name,
        "taxonomy": stage.taxonomy,
        "family": BASELINE,
        "recipe": f"{stage.taxonomy} {stage.kind}",
        "training_id": id_of(stage),
        "model": id_of(stage),
        "models": 1,
        "vocabulary": len(model.words) if isinstance(model, TfidfModel) else 0,
        "loss": "logistic" if model else "none",
        "calibrated_on": "dev",
        "bits": 32,
        "embedding_bits": 32,
        "symmetric": True,
        "execution": "float",
        "parameters": model.parameters if model else len(labels) * (PRIOR in files),
    }


def make_baseline(stage: BaselineModel, out: Path) -> None:
    """Fit on train, decide on dev, score on test: one row of `points`, its `labels`, its files."""
    corpus = stage.corpus.read(stage.taxonomy)
    files, labels = _fitted(stage.kind, corpus), corpus.taxonomy.labels
    (out / MODEL).mkdir()
    for name, content in files.items():
        (out / MODEL / name).write_bytes(content)
    logits_of = _reader(files)
    logits = ModelLogits(
        dev_NK=logits_of(corpus.dev.inputs),
        dev_labels_NK=corpus.dev.labels_NK,
        test_NK=logits_of(corpus.test.inputs),
        test_labels_NK=corpus.test.labels_NK,
        leaked_N=corpus.leaked_N,
    )
    decision = stage.kind.decision
    decided = decide_all(logits, (decision,))
    shipped = {**files, LABELS: json.dumps(list(labels)).encode()}
    base = Base(
        hashes={name: sha256(content) for name, content in shipped.items()},
        size_bytes=sum(map(len, shipped.values())),
    )
    own = row_of(
        base,
        temperature=float(decided.fitted.temperature_R[0]),
        cuts_K=decided.fitted.cuts_RK[0],
        rule=str(decision.rule),
    )
    points = point_ids(stage, (decision,))
    rows: Columns = {
        "point": points,
        **_columns(stage, files),
        **decided.points,
        "size_bytes": own.size_bytes,
        "artifact_sha256": "",  # a baseline has none
    }
    write_table(rows, out / "points.parquet", MeasuredPointRow)
    by_label = label_columns(logits, decided, points, labels)
    write_table(by_label, out / "labels.parquet", LabelRow)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / MODEL).iterdir()}


def baseline_decisions(folder: Path, texts: Sequence[Any]) -> np.ndarray:
    """decided_NK of a finished baseline on any texts, labels in its taxonomy's order."""
    cuts_K = np.array(read_table(folder / "labels.parquet", LabelRow).column("cut"))
    return np.asarray(_reader(_files(folder))(texts) >= cuts_K)


def time_baselines(stage: MeasureBaselineLatency, folders: Sequence[Path], out: Path) -> None:
    """Time every baseline on the same test texts, one at a time, on one thread: `latency`."""
    from emoray.artifact.scoring import evenly

    first, here = stage.baselines[0], cpu()
    test = first.corpus.read(first.taxonomy).test
    chosen = evenly(np.array([len(text) for text in test.inputs]), stage.texts)
    texts = [test.inputs[int(i)] for i in chosen]
    rows = []
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for baseline, folder in zip(stage.baselines, folders, strict=True):
            logits_of = _reader(_files(folder))
            cuts_K = np.array(read_table(folder / "labels.parquet", LabelRow).column("cut"))
            for text in texts[:WARM_UP]:
                logits_of([text])
            for turn in range(stage.turns):
                for i, text in zip(chosen, texts, strict=True):
                    start = time.perf_counter_ns()
                    _ = logits_of([text])[0] >= cuts_K
                    taken = (time.perf_counter_ns() - start) / 1e6
                    rows.append(
                        LatencyRow(
                            model=id_of(baseline),
                            beside=id_of(baseline),
                            turn=turn,
                            text=int(i),
                            tokens=len(tokenize(text) if isinstance(text, str) else text),
                            milliseconds=taken,
                            model_milliseconds=None,
                            threads=1,
                            cpu=here.model,
                            instruction_sets=here.instruction_sets,
                        )
                    )
    finally:
        if collecting:
            gc.enable()
    write_table(rows, out / "latency.parquet", LatencyRow)
