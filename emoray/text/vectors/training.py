"""Train word vectors from counts by the method of the settings, with one thread.

Shapes: V words, D dimensions.
"""

from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from emoray.text.vectors.cooccurrence import Counts
from emoray.text.vectors.glove_objective import Report, objective_vectors, silent
from emoray.text.vectors.ppmi import ppmi_vectors
from emoray.text.vectors.settings import OwnVectors, Ppmi

SPREAD = 0.4  # root mean square of all components: as GloVe's, which learning rates are tuned for


def train_vectors(
    counts: Counts,
    settings: OwnVectors,
    *,
    dim: int,
    unfinished: Path | None = None,
    report: Report = silent,
) -> np.ndarray:
    """Train vectors; the same bytes for equal settings, whatever the number of threads.

    They are scaled together so that their components spread as GloVe's do: cosines stay as they
    were, and a network starts from the scale that it was tuned for.

    Args:
        counts: of the texts.
        settings: method and its parameters.
        dim: D.
        unfinished: a folder that keeps each epoch's state of GloVe's objective.
        report: called with epochs done and loss of GloVe's objective.

    Returns:
        vectors_VD, float32, of `counts.words`.

    Raises:
        ValueError: if the words are fewer than `dim`.
    """
    if not 1 <= dim <= len(counts.words):
        raise ValueError(
            f"vectors have at least 1 dimension and at most one for each word, got {dim} for "
            f"{len(counts.words)} words: ask for fewer dimensions, give more text, or a smaller "
            "min_count"
        )
    with threadpool_limits(1):  # sums in another order would be other bytes
        if isinstance(settings.method, Ppmi):
            vectors_VD = ppmi_vectors(
                counts.matrix_VV, settings.method, dim=dim, seed=settings.seed
            )
        else:
            vectors_VD = objective_vectors(
                counts.matrix_VV,
                settings.method,
                dim=dim,
                seed=settings.seed,
                unfinished=unfinished,
                report=report,
            )
    scaled_VD = vectors_VD * (SPREAD / np.sqrt(np.mean(vectors_VD**2)))
    return np.ascontiguousarray(scaled_VD, dtype=np.float32)
