"""Predictions that a run keeps: logits of the models that matter, resampled scores of all.

Shapes: N texts, K labels, B resamples.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from emoray.data.importing.settings import CorpusSource
from emoray.stages.compression import LOGITS, Score
from emoray.stages.decisions import Decide
from emoray.stages.encoding import read_texts
from emoray.stages.ensembles import Combine
from emoray.stages.families.protocol import TextStage
from emoray.stages.plan import float_parent
from emoray.stages.resampled_scores import read_macro_f1
from emoray.stages.spec import CorpusRef
from emoray.storage.parallel import in_parallel
from emoray.storage.store.keys import id_of
from emoray.storage.store.local import Store
from emoray.tables.evidence_rows import PredictionRow, TextRow
from emoray.tables.files import write_table
from emoray.tables.nearest import Drawn
from emoray.tables.parts import table_path
from emoray.tables.schema import schema_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionSource:
    """The stages that hold a model's logits, those of its float parent, and its resampled scores.

    The latter are several where a searcher proposed the model more than once.
    """

    logits: Score | Combine
    parent: Score | None
    resampled: tuple[Decide | Combine, ...]
    text: TextStage


def prediction_source(
    decided: Sequence[Decide], ensembles: Sequence[Combine] = ()
) -> dict[str, PredictionSource]:
    """The sources of predictions by model or ensemble."""
    found: dict[str, PredictionSource] = {}
    for decide in decided:
        model = id_of(decide.compressed)
        before = found[model].resampled if model in found else ()
        found[model] = PredictionSource(
            logits=decide.scored,
            parent=float_parent(decide).scored,
            resampled=tuple(dict.fromkeys((*before, decide))),
            text=decide.text,
        )
    for combine in ensembles:
        found[id_of(combine)] = PredictionSource(
            logits=combine, parent=None, resampled=(combine,), text=combine.text
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Resamples:
    """Resampled scores of some models, where the store has them."""

    folders: Mapping[str, tuple[Path, ...]]

    @classmethod
    def of(cls, store: Store, models: Mapping[str, PredictionSource]) -> "Resamples":
        """Find and download them, many at a time."""

        def folders(model: str) -> tuple[Path, ...]:
            found = map(store.find, models[model].resampled)
            return tuple(done.folder for done in found if done)

        return cls(folders=dict(zip(models, in_parallel(folders, models), strict=True)))

    def __call__(self, model: str) -> Drawn:
        """By point; what was never made, or is damaged, is not there."""
        drawn: dict[str, np.ndarray] = {}
        for folder in self.folders.get(model, ()):
            drawn |= read_macro_f1(folder)
        return drawn


def _lists(values_NK: np.ndarray, kind: pa.DataType) -> pa.Array:
    texts, labels = values_NK.shape
    offsets = pa.array(np.arange(texts + 1) * labels, pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(values_NK.ravel(), kind.value_type))


def _predictions(model: str, logits_NK: np.ndarray, labels_NK: np.ndarray) -> pa.Table:
    schema = schema_of(PredictionRow)
    columns = [
        pa.array([model] * len(logits_NK), pa.string()),
        pa.array(np.arange(len(logits_NK)), pa.int64()),
        _lists(labels_NK.astype(np.uint8), schema.field("labels").type),
        _lists(logits_NK.astype(np.float32), schema.field("logits").type),
    ]
    return pa.table(columns, schema=schema)


def kept_points(
    models: Mapping[str, PredictionSource], chosen: Collection[str]
) -> dict[str, tuple[Score | Combine, TextStage]]:
    """The stages with logits and labels of the chosen models and their float parents, by id."""
    found: dict[str, tuple[Score | Combine, TextStage]] = {}
    for model in chosen:
        it = models[model]
        found[model] = it.logits, it.text
        if it.parent:
            found[id_of(it.parent.compressed)] = it.parent, it.text
    return dict(sorted(found.items()))


def write_predictions(
    store: Store, models: Mapping[str, PredictionSource], chosen: Collection[str], folder: Path
) -> list[str]:
    """Write `predictions`: logits of the chosen models and their float parents on test.

    Args:
        store: of the stages.
        models: sources by id.
        chosen: ids of models.
        folder: of the run.

    Returns:
        The models that are left out, as the store does not hold their logits any more.
    """
    left_out = []
    parts = [schema_of(PredictionRow).empty_table()]
    for model, (stage, text) in kept_points(models, chosen).items():
        logits, texts = store.find(stage), store.find(text)
        if logits and texts:
            with np.load(logits.folder / LOGITS, allow_pickle=False) as data:
                parts.append(_predictions(model, data["test"], read_texts(texts.folder, "test")[1]))
        else:
            left_out.append(model)
    write_table(pa.concat_tables(parts), table_path(folder, "predictions"), PredictionRow)
    return left_out


def keeps_texts(asked: bool | None, corpus: CorpusSource | None) -> bool:
    """Whether a run keeps its test texts: as asked, else those of GoEmotions and the sample.

    Their licences (CC BY 4.0, CC0) let them be passed on with a run. The licence of an own corpus
    is unknown, and it may be private: it stays where it lies.

    Args:
        asked: the user's choice, None without one.
        corpus: an own corpus, None without one.

    Returns:
        True to keep them.
    """
    return corpus is None if asked is None else asked


def write_texts(corpus: CorpusRef, taxonomies: Iterable[str], folder: Path) -> None:
    """Write test as the rows of `predictions` count it: `texts`, one row a text and taxonomy."""
    rows = []
    for name in taxonomies:
        taxonomy, test = corpus.taxonomy(name), corpus.read_test(name)
        for n, (content, labels_K) in enumerate(zip(test.texts, test.labels_NK, strict=True)):
            truth = [label for label, there in zip(taxonomy.labels, labels_K, strict=True) if there]
            rows.append(
                TextRow(
                    corpus=corpus.name,
                    taxonomy=name,
                    text=n,
                    content=content,
                    truth=json.dumps(truth, ensure_ascii=False),
                )
            )
    write_table(rows, table_path(folder, "texts"), TextRow)
