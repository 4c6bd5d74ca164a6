"""Predictions of finished models on dev and test, alone or as an ensemble.

Shapes: N texts, K labels.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emoray.decide import ensemble
from emoray.labels import Taxonomy
from emoray.stages.compression import BASE, LOGITS, Score
from emoray.stages.decision_columns import ModelLogits
from emoray.stages.deriving import derivation_on_dev
from emoray.stages.encoding import read_texts
from emoray.stages.fitted import fit_decisions
from emoray.storage.store.keys import Stage
from emoray.storage.store.local import Store
from emoray.workflows.improve_rows import DECISIONS, TechniqueLogits


def _folder(store: Store, stage: Stage) -> Path:
    found = store.find(stage)
    if found is None:
        raise ValueError(
            f"a finished stage must lie in the store, {stage.name} does not: run the same command "
            "again"
        )
    return found.folder


def technique_logits(
    scores: Sequence[Score], store: Store, derived: Taxonomy | None = None
) -> TechniqueLogits:
    """Mean logits of models of one corpus and taxonomy.

    Args:
        scores: of the models.
        store: of the stages.
        derived: a taxonomy over the models' labels that is decided in instead, in the way that
            is best on dev.

    Returns:
        The logits, with decisions fitted on dev.
    """
    parts: dict[str, list[np.ndarray]] = {"dev": [], "test": []}
    for score in scores:
        with np.load(_folder(store, score) / LOGITS, allow_pickle=False) as data:
            for split, logits_NK in data.items():
                parts[split].append(logits_NK)
    dev_NK, test_NK = (
        ensemble.combine(ensemble.MeanLogits(), np.stack(logits), np.ones(len(scores)))
        for logits in parts.values()
    )
    text = _folder(store, scores[0].text)
    (_, dev_labels_NK), (_, test_labels_NK) = (read_texts(text, s) for s in parts)
    bases = [_folder(store, score.compressed) / BASE for score in scores]
    logits = ModelLogits(
        dev_NK=dev_NK,
        dev_labels_NK=dev_labels_NK,
        test_NK=test_NK,
        test_labels_NK=test_labels_NK,
        leaked_N=np.load(text / "leaked.npy", allow_pickle=False),
    )
    if derived is not None:
        logits = derivation_on_dev(derived, logits).of(logits)
    return TechniqueLogits(
        fitted=fit_decisions(DECISIONS, logits.dev_NK, logits.dev_labels_NK),
        seed=scores[0].compressed.trained.recipe.seed,
        logits=logits,
        size_bytes=sum(p.stat().st_size for base in bases for p in base.iterdir()),
    )
