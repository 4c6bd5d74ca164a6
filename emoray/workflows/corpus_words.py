"""Lines of a first look at a corpus: how long its texts are as models read them, and how many of
its words the vectors at hand know."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from emoray.stages.text_lengths import MOST_WORDS, word_lengths
from emoray.stages.vector_coverage import coverages
from emoray.text.vectors.sources import VectorSource


def told_words(folder: Path, vectors: Sequence[VectorSource]) -> Iterator[str]:
    """A line each; vectors: those at hand, which may be none."""
    lengths = word_lengths(folder)
    limit = lengths.limit(MOST_WORDS)
    yield f"by word vectors {lengths.told(limit, 'words')} (--max-tokens)"
    yield from map(str, coverages(folder, vectors))
