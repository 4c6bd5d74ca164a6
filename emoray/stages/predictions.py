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
from emoray.labels import Taxonomy
from emoray.stages.compression import LOGITS, Score
from emoray.stages.decisions import Decide
from emoray.stages.derived_decisions import DecideDerived
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

    The latter are several where a searcher proposed the model more than once. `taxonomy`: of a
    model that decides in a coarser one than its labels, which has a folder in those of its stages.
    """

    logits: Score | Combine | DecideDerived
    parent: Score | None
    resampled: tuple[Decide | Combine | DecideDerived, ...]
    text: TextStage
    taxonomy: Taxonomy | None = None

    def at(self, folder: Path) -> Path:
        """Where its files lie in the folder of one of its stages."""
        return folder if self.taxonomy is None else folder / self.taxonomy.name

    def labels(self, text: Path) -> np.ndarray:
        """What is true of test."""
        labels_NK = read_texts(text, "test")[1]
        return labels_NK if self.taxonomy is None else self.taxonomy.project(labels_NK)


def prediction_source(
    decided: Sequence[Decide],
    ensembles: Sequence[Combine] = (),
    derived: Sequence[DecideDerived] = (),
) -> dict[str, PredictionSource]:
    """The sources of predictions by model, ensemble, or model in a coarser taxonomy."""
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
    for stage in derived:
        for model, taxonomy in stage.models.items():
            before = found[model].resampled if model in found else ()
            found[model] = PredictionSource(
                logits=stage,
                parent=None,
                resampled=tuple(dict.fromkeys((*before, stage))),
                text=stage.text,
                taxonomy=taxonomy,
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
            return tuple(models[model].at(done.folder) for done in found if done)

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
) -> dict[str, PredictionSource]:
    """The sources of the chosen models and their float parents, by id."""
    found: dict[str, PredictionSource] = {}
    for model in chosen:
        it = found[model] = models[model]
        if it.parent:
            parent = PredictionSource(logits=it.parent, parent=None, resampled=(), text=it.text)
            found[id_of(it.parent.compressed)] = parent
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
    for model, source in kept_points(models, chosen).items():
        logits, texts = store.find(source.logits), store.find(source.text)
        if logits and texts:
            with np.load(source.at(logits.folder) / LOGITS, allow_pickle=False) as data:
                parts.append(_predictions(model, data["test"], source.labels(texts.folder)))
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


def write_texts(
    corpus: CorpusRef,
    taxonomies: Iterable[str],
    folder: Path,
    derived: Mapping[str, tuple[str, Taxonomy]] | None = None,
) -> None:
    """Write test as the rows of `predictions` count it: `texts`, one row a text and taxonomy.

    Args:
        corpus: whose texts they are.
        taxonomies: by name.
        folder: of the run.
        derived: those that the corpus does not know: a finer one, and the groups of its labels.
    """
    rows = []
    for name in taxonomies:
        if derived and name in derived:
            finer, taxonomy = derived[name]
            test = corpus.read_test(finer)
            labels_NK = taxonomy.project(test.labels_NK)
        else:
            taxonomy, test = corpus.taxonomy(name), corpus.read_test(name)
            labels_NK = test.labels_NK
        for n, (content, labels_K) in enumerate(zip(test.texts, labels_NK, strict=True)):
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
