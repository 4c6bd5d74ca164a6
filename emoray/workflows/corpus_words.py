"""Lines of a corpus' summary: lengths of its texts in tokens, coverage of its words by vectors."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from emoray.stages.text_lengths import MOST_WORDS, word_lengths
from emoray.stages.vector_coverage import coverages
from emoray.text.vectors.sources import VectorSource


def word_sentences(folder: Path, vectors: Sequence[VectorSource]) -> Iterator[str]:
    """Yield a line on lengths, and one for each of `vectors`, if there are any."""
    lengths = word_lengths(folder)
    limit = lengths.limit(MOST_WORDS)
    yield f"by word vectors {lengths.sentence(limit, 'words')} (--max-tokens)"
    yield from map(str, coverages(folder, vectors))
