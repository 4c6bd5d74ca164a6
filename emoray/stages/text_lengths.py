"""Lengths of a corpus' texts in tokens, and the limit that follows from them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from emoray.data.corpus import read_records
from emoray.models.recipe import MAX_TOKENS
from emoray.stages.spec import EncoderRef

SAMPLE = 4_000  # texts that are measured, evenly spaced over train; all where it has no more
MOST_WORDS = 256  # that a limit which follows a corpus comes to
CHARACTERS = 16  # of a text that are looked at for each token of the limit: more than it reads
MOST_READ = 99  # per cent of train's texts that are read to their end


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lengths:
    """Lengths of texts of train.

    Attributes:
        tokens_N: tokens of each text measured.
        texts: how many texts train has.
    """

    tokens_N: np.ndarray
    texts: int

    @property
    def exact(self) -> bool:
        """Whether all texts were measured."""
        return len(self.tokens_N) == self.texts

    def limit(self, most: int) -> int:
        """The default limit: 99 % of train's texts whole, 64 tokens at least, `most` at most."""
        fits = int(np.percentile(self.tokens_N, MOST_READ, method="higher"))
        return min(most, max(MAX_TOKENS, fits))

    def truncated(self, limit: int) -> int:
        """Texts of train that lose their end; scaled up where some were measured."""
        return round(float((self.tokens_N > limit).mean()) * self.texts)

    def sentence(self, limit: int, unit: str) -> str:
        """A sentence about the texts that are truncated."""
        about, cut = "" if self.exact else "about ", self.truncated(limit)
        return (
            f"up to {limit} {unit} of a text are read: {about}{cut:,} of "
            f"{self.texts:,} train texts {'is' if cut == 1 else 'are'} longer and "
            f"{'loses its' if cut == 1 else 'lose their'} end"
        )


@cache
def _sampled(folder: Path, changed_ns: int) -> tuple[tuple[str, ...], int]:
    texts = [text for _, text, _ in read_records(folder, "train")[1]]
    rows = np.linspace(0, len(texts) - 1, min(SAMPLE, len(texts))).round().astype(int)
    return tuple(texts[row] for row in rows), len(texts)


def sampled_texts(folder: Path) -> tuple[tuple[str, ...], int]:
    """Texts of a corpus' train, evenly spaced, and how many it has in all."""
    return _sampled(folder, (folder / "train.tsv").stat().st_mtime_ns)


@cache
def _words(texts: tuple[str, ...], most: int) -> tuple[tuple[str, ...], ...]:
    from emoray.text.words import tokenize

    return tuple(tuple(tokenize(text[: CHARACTERS * most])) for text in texts)


def sampled_words(folder: Path, most: int = MOST_WORDS) -> tuple[tuple[str, ...], ...]:
    """The words of those texts, `most` of each at least where it has so many."""
    return _words(sampled_texts(folder)[0], most)


def word_lengths(folder: Path, most: int = MOST_WORDS) -> Lengths:
    """In words, of a corpus in emoray's form; right for limits up to `most`."""
    counts = np.array([len(words) for words in sampled_words(folder, most)])
    return Lengths(tokens_N=counts, texts=sampled_texts(folder)[1])


def piece_lengths(folder: Path, encoder: EncoderRef) -> Lengths:
    """In an encoder's pieces, those that frame a text counted."""
    from emoray.text.subwords_io import read_pieces

    texts, total = sampled_texts(folder)
    pieces = read_pieces(encoder.folder, max_tokens=encoder.positions)
    seen = CHARACTERS * encoder.positions
    return Lengths(tokens_N=pieces.lengths(text[:seen] for text in texts), texts=total)
