"""How many of a corpus' running words have a vector; vectors that have next to none are refused."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emoray.stages.text_lengths import sampled_words
from emoray.text.vectors.sources import Stanford, VectorSource

FEW = 0.5  # of a corpus' running words: below, the vectors may be of another language
LEAST = 0.05  # of a corpus' running words: below, its words are of another language or spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorCoverage:
    """Of running words with a letter in them; unknown: the most frequent ones without a vector."""

    vectors: str
    share: float
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        line = f"{self.share:.1%} of train's running words have a vector in {self.vectors}"
        if self.share >= FEW:
            return line
        words = ", ".join(word[:20] for word in self.unknown)
        return (
            f"{line} (none for {words}): are they of its language? --vectors own-ppmi trains some "
            "on the corpus"
        )


def coverage_of(folder: Path, source: VectorSource) -> VectorCoverage:
    """How well the vectors know the words of a corpus' train, or of a sample of it."""
    counts = Counter(
        word for text in sampled_words(folder) for word in text if any(map(str.isalpha, word))
    )
    known = set(source.load(counts)[0])
    total = sum(counts.values())
    found = sum(count for word, count in counts.items() if word in known)
    unknown = (word for word, _ in counts.most_common() if word not in known)
    few = tuple(word for word, _ in zip(unknown, range(3), strict=False))
    return VectorCoverage(vectors=source.name, share=found / total if total else 1.0, unknown=few)


def coverages(folder: Path, sources: Iterable[VectorSource]) -> list[VectorCoverage]:
    """Coverage of each file; files of one archive have the same words, so its narrowest is read."""
    narrowest: dict[object, VectorSource] = {}
    for source in sorted(sources, key=lambda each: each.dim):
        narrowest.setdefault(source.path if isinstance(source, Stanford) else source, source)
    return [coverage_of(folder, source) for source in narrowest.values()]


def checked_coverages(folder: Path, sources: Iterable[VectorSource]) -> list[VectorCoverage]:
    """The same; ValueError where vectors know (nearly) none of the words."""
    found = coverages(folder, sources)
    for each in found:
        if each.share < LEAST:
            words = ", ".join(word[:20] for word in each.unknown)
            raise ValueError(
                f"word vectors know the words of the corpus, in its language and in small letters, "
                f"got a vector for {each.share:.1%} of its running words in {each.vectors[:60]} "
                f"(none for {words}): name others with --vectors-file, or have them trained on the "
                "corpus itself (python -m jobs.sweep --vectors own-ppmi)"
            )
    return found
