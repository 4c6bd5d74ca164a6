"""Whether a trained classifier still finds a text's labels once it is translated.

Shapes: N texts, K labels.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emoray.artifact.loading import (
    Finished,
    open_artifact,
    taxonomy_columns,
    taxonomy_of_labels,
)
from emoray.augment.filters import Agreement
from emoray.labels import Taxonomy
from emoray.stages.spec import CorpusRef
from emoray.tables.ensemble_rows import TranslationRow


def agreement_of(
    folder: Path, among: Sequence[Taxonomy], most_fall: float | None = None
) -> Agreement:
    """Make a filter of translations from the artifact in `folder`.

    ValueError where it is no artifact, or its labels are those of no taxonomy.

    Args:
        folder: of the artifact.
        among: the corpus' taxonomies.
        most_fall: of a mean probability; None for the usual.

    Returns:
        The filter, which names the artifact by its content.
    """
    finished = open_artifact(folder)
    taxonomy_of_labels(finished.labels, among)
    given = {} if most_fall is None else {"most_fall": most_fall}
    return Agreement(folder=folder.absolute(), sha256=finished.model_sha256, **given)


def _probabilities(finished: Finished, texts: Sequence[str], labels_NK: np.ndarray) -> np.ndarray:
    """The mean probability that the artifact gives to each text's own labels."""
    from emoray.artifact import runtime
    from emoray.metrics.cuts import probabilities

    logits_NK = runtime.load(finished.folder).logits(list(texts))
    probs_NK = probabilities(logits_NK, finished.temperature, softmax=finished.softmax)
    return np.asarray((probs_NK * labels_NK).sum(axis=1) / np.maximum(labels_NK.sum(axis=1), 1))


def falls(agreement: Agreement, corpus: CorpusRef, found: Sequence[TranslationRow]) -> list[float]:
    """How far the mean probability of each source's labels falls on the way to its result."""
    finished = open_artifact(agreement.folder)
    if finished.model_sha256 != agreement.sha256:
        raise ValueError(
            f"an artifact must not change during a run, got another model in {finished.folder}: "
            "start the run again"
        )
    taxonomy = taxonomy_of_labels(finished.labels, corpus.taxonomies)
    train = corpus.read(taxonomy.name).train
    columns_K = taxonomy_columns(finished.labels, taxonomy)
    labels_NK = train.labels_NK[[row.index for row in found]][:, columns_K]
    before_N = _probabilities(finished, [row.source for row in found], labels_NK)
    after_N = _probabilities(finished, [row.result for row in found], labels_NK)
    return [float(fall) for fall in before_N - after_N]
