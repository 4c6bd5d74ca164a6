"""Words to ids and back: 0 is padding, 1 is every unknown word, word i has id i + 2.

Shapes: N texts, L tokens of the longest of them.
"""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

PADDING, UNKNOWN, FIRST = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ragged:
    """Token ids of many texts, end to end: text i is `flat[offsets[i]:offsets[i + 1]]`."""

    flat: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_lists(cls, rows: Iterable[Sequence[int] | np.ndarray]) -> "Ragged":
        """Concatenate the token ids of many texts."""
        arrays = [np.asarray(row, dtype=np.int32) for row in rows]
        offsets = np.zeros(len(arrays) + 1, dtype=np.int64)
        np.cumsum([len(a) for a in arrays], out=offsets[1:])
        return cls(flat=np.concatenate([np.zeros(0, np.int32), *arrays]), offsets=offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, (N,)."""
        return np.diff(self.offsets)

    def row(self, i: int) -> np.ndarray:
        """Token ids of text i."""
        if not 0 <= i < len(self):
            raise IndexError(f"rows lie in 0..{len(self) - 1}, got {i}: count from the front")
        return self.flat[self.offsets[i] : self.offsets[i + 1]]

    def padded(self, rows: np.ndarray) -> np.ndarray:
        """Return ids_NL of the chosen rows in their order, padded with 0 to the longest."""
        rows = np.asarray(rows)
        starts_N, lengths_N = self.offsets[rows], self.lengths[rows]
        columns_L = np.arange(lengths_N.max(initial=0))
        real_NL = columns_L < lengths_N[:, None]
        ids_NL = np.full(real_NL.shape, PADDING, dtype=np.int32)
        ids_NL[real_NL] = self.flat[(starts_N[:, None] + columns_L)[real_NL]]
        return ids_NL


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words that have a row of their own, most frequent first."""

    words: tuple[str, ...]
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ids = {word: i for i, word in enumerate(self.words, start=FIRST)}
        if len(ids) != len(self.words):
            twice = Counter(self.words).most_common(1)[0][0]
            raise ValueError(f"a word has one id, got {twice!r} more than once: drop the repeats")
        for word in self.words:
            if word.split() != [word]:
                raise ValueError(
                    f"a word is not empty and holds no white space, got {word!r}: "
                    "the vocabulary file keeps one word a line"
                )
        object.__setattr__(self, "_ids", ids)

    @classmethod
    def build(
        cls,
        train_tokens: Iterable[Sequence[str]],
        *,
        max_words: int,
        min_count: int = 1,
        oov_min_count: int = 20,
        known: Container[str] = frozenset(),
    ) -> "Vocabulary":
        """Choose the most frequent train words.

        A word that the vectors know (`known`) enters from `min_count` occurrences on, any other one
        from `oov_min_count` on: enough to train a row of its own. Equally frequent words are in
        code point order.

        Args:
            train_tokens: words of each text.
            max_words: of the vocabulary.
            min_count: occurrences of a word with a vector.
            oov_min_count: occurrences of a word without.
            known: words with a vector.

        Returns:
            The vocabulary.

        Raises:
            ValueError: if `max_words` is below 1, or not 1 <= min_count <= oov_min_count.
        """
        if max_words < 1:
            raise ValueError(f"max_words must be at least 1, got {max_words}: ask for more words")
        if not 1 <= min_count <= oov_min_count:
            raise ValueError(
                f"counts must keep 1 <= min_count <= oov_min_count, got {min_count} and "
                f"{oov_min_count}: a word without a vector needs the more occurrences"
            )
        counts = Counter(token for tokens in train_tokens for token in tokens)
        frequent = [
            (-count, word)
            for word, count in counts.items()
            if count >= oov_min_count or (count >= min_count and word in known)
        ]
        return cls(words=tuple(word for _, word in sorted(frequent)[:max_words]))

    @classmethod
    def from_text(cls, text: str) -> "Vocabulary":
        """Read what `to_text` wrote."""
        return cls(words=tuple(text.removesuffix("\n").split("\n")) if text else ())

    def to_text(self) -> str:
        """One word a line, as in an artifact's `vocabulary.txt`: id = line number + 2."""
        return "".join(f"{word}\n" for word in self.words)

    def __len__(self) -> int:
        """Number of ids, padding and unknown included: the rows of an embedding table."""
        return len(self.words) + FIRST

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def encode(self, tokens: Sequence[str]) -> np.ndarray:
        """Ids of one text, (L,) int32; a text without tokens is one unknown id, so L >= 1."""
        ids = [self._ids.get(token, UNKNOWN) for token in tokens]
        return np.array(ids or [UNKNOWN], dtype=np.int32)

    def encode_all(self, token_lists: Iterable[Sequence[str]]) -> Ragged:
        """Encode many texts."""
        get = self._ids.get
        return Ragged.from_lists(
            [get(token, UNKNOWN) for token in tokens] or [UNKNOWN] for tokens in token_lists
        )
