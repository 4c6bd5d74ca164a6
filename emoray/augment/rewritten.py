"""Texts that nobody wrote, made from others: what a teacher labels beside true texts.

Words are what white space parts, so that every tokenizer reads the result as it reads a text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

SHORTEST, LONGEST = 2, 12  # words of an n-gram
MASKED, SPLICED, NGRAM = "masked", "spliced", "n-gram"


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenText:
    """A text, how it was made, and the index of the text that its making began with."""

    text: str
    way: str
    source: int


def rewritten(
    texts: Sequence[str],
    group_N: np.ndarray,
    *,
    copies: int,
    mask: float,
    splice: float,
    ngrams: float,
    seed: int,
) -> Iterator[RewrittenText]:
    """Make texts from others: words left out, two texts in one, neighbouring words of two.

    Args:
        texts: to begin with.
        group_N: a text is joined with one of its own group alone.
        copies: results of each text.
        mask: share of the words that are left out of each result; one at least stays.
        splice: share of the results that are two texts, one behind the other.
        ngrams: share of the results that are neighbouring words of two texts.
        seed: of the random numbers.

    Yields:
        The results, copy by copy in the order of the texts.
    """
    rng = np.random.default_rng([seed, len(texts)])
    words = [text.split() for text in texts]
    members = {g: np.flatnonzero(group_N == g) for g in np.unique(group_N)}
    for _ in range(copies):
        way_N = rng.random(len(texts))
        for i, (own, way) in enumerate(zip(words, way_N, strict=True)):
            name, found = MASKED, own
            if way < splice + ngrams:
                name = SPLICED
                found = [*own, *words[rng.choice(members[group_N[i]])]]
            if way < ngrams:
                name = NGRAM
                size = int(rng.integers(SHORTEST, LONGEST + 1))
                start = int(rng.integers(max(1, len(found) - size + 1)))
                found = found[start : start + size]
            kept = rng.random(len(found)) >= mask
            if len(found) and not kept.any():
                kept[rng.integers(len(found))] = True
            left = (word for word, keep in zip(found, kept, strict=True) if keep)
            yield RewrittenText(text=" ".join(left), way=name, source=i)
