"""Exact co-occurrence counts of words, a block of texts at a time.

Sums are whole numbers until the end, so they depend neither on blocks nor on their order.
Shapes: V words of the vocabulary, W all different words, P pairs of words, U pairs in the upper
triangle of the matrix.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from emoray.text.vectors.files import read_word_list
from emoray.text.vectors.numbered_words import END, Numbered, number_words
from emoray.text.vectors.writing import words_text

BLOCK = 1 << 18  # words counted at a time; each makes `window` pairs
WORDS, COUNTS = "words.txt", "counts.npz"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counts:
    """The vocabulary, most frequent first, and its co-occurrence counts.

    Attributes:
        words: of the vocabulary.
        count_V: occurrences of each.
        matrix_VV: symmetric; row w, column c sums 1 / distance over all places where c is in w's
            window.
        texts: number of texts.
        running: words of all texts, in the vocabulary or not.
    """

    words: tuple[str, ...]
    count_V: np.ndarray
    matrix_VV: sparse.csr_array
    texts: int
    running: int

    def save(self, folder: Path) -> None:
        """Write `words.txt` and `counts.npz`, which holds the upper triangle."""
        (folder / WORDS).write_text(words_text(self.words), "utf-8")
        upper = sparse.triu(self.matrix_VV, format="csr")
        np.savez(
            folder / COUNTS,
            count_V=self.count_V,
            sum_U=upper.data,
            column_U=upper.indices,
            offsets=upper.indptr,
            texts=self.texts,
            running=self.running,
        )

    @classmethod
    def load(cls, folder: Path) -> "Counts":
        """Read what `save` wrote."""
        words = read_word_list(folder / WORDS)
        with np.load(folder / COUNTS, allow_pickle=False) as data:
            parts = data["sum_U"], data["column_U"], data["offsets"]
            return cls(
                words=tuple(words),
                count_V=data["count_V"],
                matrix_VV=_both_ways(sparse.csr_array(parts, shape=(len(words), len(words)))),
                texts=int(data["texts"]),
                running=int(data["running"]),
            )


def _both_ways(upper: sparse.csr_array) -> sparse.csr_array:
    """The symmetric matrix of an upper triangle that has its diagonal."""
    return sparse.csr_array(upper + sparse.triu(upper, k=1, format="csr").T)


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Sums by key, keys ascending, each once."""

    key_P: np.ndarray
    sum_P: np.ndarray

    @classmethod
    def of(cls, key_P: np.ndarray, sum_P: np.ndarray) -> "_Run":
        if not len(key_P):
            return cls(key_P, sum_P)
        order_P = np.argsort(key_P, kind="stable")  # merges what is sorted already in linear time
        key_P, sum_P = key_P[order_P], sum_P[order_P]
        first_P = np.flatnonzero(np.diff(key_P, prepend=-1))
        return cls(key_P[first_P], np.add.reduceat(sum_P, first_P))

    def __or__(self, other: "_Run") -> "_Run":
        key_P = np.concatenate([self.key_P, other.key_P])
        return _Run.of(key_P, np.concatenate([self.sum_P, other.sum_P]))


def _merged(runs: Iterable[_Run]) -> _Run:
    """Merge all runs.

    A run waits for another of its length: each pair is merged a logarithm of times, and memory
    holds the different pairs some few times over, however many texts.

    Returns:
        One run.
    """
    waiting: list[_Run] = []
    for run in runs:
        while waiting and len(waiting[-1].key_P) < 2 * len(run.key_P):
            run = waiting.pop() | run
        waiting.append(run)
    total = _Run(np.zeros(0, np.int64), np.zeros(0, np.int64))
    while waiting:
        total = waiting.pop() | total
    return total


def _pairs(block: np.ndarray, place_W: np.ndarray, window: int, size: int) -> _Run:
    """Count one block's pairs.

    Words without a place are dropped before distances are taken; a word near itself counts from
    both places.

    Returns:
        Keys, smaller place x V + larger place, with sums in shares of the least common multiple of
        all distances.
    """
    text, word = np.cumsum(block == END), np.where(block == END, -1, place_W[block])
    text, word = text[word >= 0], word[word >= 0]
    unit = math.lcm(*range(1, window + 1))
    keys, sums = [], []
    for distance in range(1, window + 1):
        near = text[:-distance] == text[distance:]
        one, other = word[:-distance][near], word[distance:][near]
        keys.append(np.minimum(one, other) * size + np.maximum(one, other))
        sums.append(np.where(one == other, 2, 1) * (unit // distance))
    return _Run.of(np.concatenate(keys), np.concatenate(sums))


def _vocabulary(found: Numbered, min_count: int, max_words: int) -> list[int]:
    """Numbers of the most frequent words; equally frequent ones in code point order."""
    often = np.flatnonzero(found.count_W >= min_count).tolist()
    return sorted(often, key=lambda n: (-int(found.count_W[n]), found.words[n]))[:max_words]


def _triangle(run: _Run, size: int, unit: int) -> sparse.csr_array:
    row_U, column_U = np.divmod(run.key_P, size)
    return sparse.csr_array((run.sum_P / unit, (row_U, column_U)), shape=(size, size))


def count_pairs(
    texts: Iterable[Sequence[str]],
    *,
    window: int,
    min_count: int = 1,
    max_words: int = 1 << 30,
    block: int = BLOCK,
) -> Counts:
    """Count the words of `texts` near each other, as `OwnVectors` defines it.

    Args:
        texts: words of each text.
        window: words to either side.
        min_count: occurrences of a word of the vocabulary.
        max_words: of the vocabulary.
        block: words counted at a time.

    Returns:
        The counts.

    Raises:
        ValueError: if no word occurs often enough.
    """
    with number_words(texts) as found:
        vocabulary = _vocabulary(found, min_count, max_words)
        if not vocabulary:
            raise ValueError(
                f"word vectors need words that stand {min_count} times in the texts, got "
                f"{found.count_W.sum()} words in {found.texts} texts and none so often: give more "
                "text or a smaller min_count"
            )
        size = len(vocabulary)
        place_W = np.full(len(found.words), -1, np.int64)
        place_W[vocabulary] = np.arange(size)
        run = _merged(_pairs(b, place_W, window, size) for b in found.blocks(block))
        return Counts(
            words=tuple(found.words[n] for n in vocabulary),
            count_V=found.count_W[vocabulary],
            matrix_VV=_both_ways(_triangle(run, size, math.lcm(*range(1, window + 1)))),
            texts=found.texts,
            running=int(found.count_W.sum()),
        )
