"""Quality of word vectors: neighbours, and two checks that need no reference list.

Shapes: V words, most frequent first, D dimensions, P pairs of words, R random words to a pair.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.stats import spearmanr

RANDOM = 50  # words that an inflection is held against
ENDINGS = ("s", "ed", "ing", "ly", "er")
SHORTEST = 4  # letters of a word whose inflections count: `the` and `they` are none
FREQUENT = 2000  # words that two sets of vectors are compared on
PAIRS = 20_000


def unit_rows(vectors_VD: np.ndarray) -> np.ndarray:
    """Scale rows to length 1; a row of zeros stays."""
    lengths_V1 = np.linalg.norm(vectors_VD, axis=1, keepdims=True)
    return np.asarray(vectors_VD / np.where(lengths_V1 > 0, lengths_V1, 1.0))


def neighbours(
    words: Sequence[str], vectors_VD: np.ndarray, word: str, count: int = 8
) -> list[tuple[str, float]]:
    """The nearest words by cosine, nearest first, without `word` itself."""
    if word not in words:
        raise ValueError(
            f"neighbours are told of a word that has a vector, got {word!r}: it stands too "
            "rarely in the texts, or is written in another way"
        )
    row, unit_VD = list(words).index(word), unit_rows(vectors_VD)
    cosine_V = unit_VD @ unit_VD[row]
    order_V = np.argsort(-cosine_V, kind="stable")
    return [(words[i], float(cosine_V[i])) for i in order_V[: count + 1] if i != row][:count]


def _inflected(word: str) -> Iterator[str]:
    """The word with each ending, with and without its final e."""
    yield from (f"{word}{ending}" for ending in ENDINGS)
    if word.endswith("e"):
        yield from (f"{word[:-1]}{ending}" for ending in ("ed", "ing", "er"))


def inflections(words: Sequence[str]) -> list[tuple[int, int]]:
    """Rows of all words and their regular English inflections, where both have a vector."""
    row = {word: i for i, word in enumerate(words)}
    stems = [w for w in words if len(w) >= SHORTEST and w.isalpha()]
    return [(row[s], row[other]) for s in stems for other in _inflected(s) if other in row]


def inflection_score(words: Sequence[str], vectors_VD: np.ndarray, *, seed: int = 0) -> float:
    """Measure how often a word is nearer to its inflection than to a random word of its frequency.

    Returns:
        A share: 1 is always, 0.5 is chance; NaN where no inflections are known.
    """
    pairs_P2 = np.array(inflections(words)).reshape(-1, 2)
    if not len(pairs_P2):
        return float("nan")
    unit_VD, rng = unit_rows(vectors_VD), np.random.default_rng(seed)
    near_PR = pairs_P2[:, 1:] + rng.integers(-RANDOM, RANDOM + 1, size=(len(pairs_P2), RANDOM))
    near_PR = np.clip(near_PR, 0, len(words) - 1)
    other_PR = (near_PR != pairs_P2[:, :1]) & (near_PR != pairs_P2[:, 1:])
    stem_PD = unit_VD[pairs_P2[:, 0]]
    wanted_P1 = np.einsum("pd,pd->p", stem_PD, unit_VD[pairs_P2[:, 1]])[:, None]
    random_PR = np.einsum("pd,prd->pr", stem_PD, unit_VD[near_PR])
    won_PR = (wanted_P1 > random_PR) + 0.5 * (wanted_P1 == random_PR)
    return float(won_PR[other_PR].mean()) if other_PR.any() else float("nan")


def agreement(
    words: Sequence[str],
    vectors_VD: np.ndarray,
    others: Sequence[str],
    others_VD: np.ndarray,
    *,
    seed: int = 0,
) -> float:
    """Compare two sets of vectors over random pairs of their most frequent common words.

    Returns:
        Spearman's rank correlation of the cosines; NaN for fewer than three common words.
    """
    row = {word: i for i, word in enumerate(others)}
    shared = [(i, row[word]) for i, word in enumerate(words) if word in row][:FREQUENT]
    if len(shared) < 3:
        return float("nan")
    rows_F2 = np.array(shared)
    pairs_P2 = np.random.default_rng(seed).integers(len(shared), size=(PAIRS, 2))
    pairs_P2 = pairs_P2[pairs_P2[:, 0] != pairs_P2[:, 1]]
    cosines = []
    for side, matrix_VD in enumerate((vectors_VD, others_VD)):
        unit_FD = unit_rows(matrix_VD[rows_F2[:, side]])
        cosines.append(np.einsum("pd,pd->p", unit_FD[pairs_P2[:, 0]], unit_FD[pairs_P2[:, 1]]))
    return float(spearmanr(*cosines).statistic)
