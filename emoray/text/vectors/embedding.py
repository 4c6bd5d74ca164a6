"""The initial embedding table of a model: a row per id, from word vectors where possible.

Shapes: V ids (padding and unknown included), F words found in the vectors, D numbers each.
"""

from collections.abc import Sequence

import numpy as np

from emoray.text.vocabulary import FIRST, UNKNOWN, Vocabulary

# Of the words found, this share, the rarest ones, stands for the words never seen.
_RARE_SHARE = 0.1


def embedding_rows(
    vocabulary: Vocabulary, found: Sequence[str], matrix_FD: np.ndarray
) -> np.ndarray:
    """Build the initial embedding table.

    Padding is zero, unknown the mean of the rarest found words' vectors; a found word has its own
    vector, and every other word starts at zero, without effect until trained.

    Args:
        vocabulary: of the model.
        found: words with a vector.
        matrix_FD: their vectors.

    Returns:
        embedding_VD, float32, one row per id.

    Raises:
        ValueError: if words and vectors differ in number.
    """
    if len(found) != len(matrix_FD):
        raise ValueError(
            f"every found word has one vector, got {len(found)} words and {len(matrix_FD)} "
            "vectors: pass both as the reader gave them"
        )
    row_of = {word: row for row, word in enumerate(found)}
    rows = [row_of.get(word, -1) for word in vocabulary.words]
    source_V = np.array([-1] * FIRST + rows, dtype=np.int64)
    embedding_VD = np.zeros((len(source_V), matrix_FD.shape[1]), dtype=np.float32)
    known_V = source_V >= 0
    embedding_VD[known_V] = matrix_FD[source_V[known_V]]
    if known := int(known_V.sum()):
        # The vocabulary stands in order of frequency, so its last found words are the rarest.
        rare = source_V[known_V][-max(1, int(known * _RARE_SHARE)) :]
        embedding_VD[UNKNOWN] = matrix_FD[rare].mean(axis=0)
    return embedding_VD
