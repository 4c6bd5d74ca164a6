"""How many of a corpus' running words have a vector; vectors that know next to none are refused."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emoray.text.vectors import Package, Stanford, VectorSource
from emoray.trial.lengths import sampled_words

LEAST = 0.05  # of a corpus' running words: below, its words are of another language or spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of running words with a letter in them; unknown: the most frequent ones without a vector."""

    vectors: str
    share: float
    unknown: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.share:.1%} of train's running words have a vector in {self.vectors}"


def coverage_of(folder: Path, source: VectorSource) -> Coverage:
    """How well the vectors know the words of a corpus' train, or of a sample of it."""
    counts = Counter(
        word for text in sampled_words(folder) for word in text if any(map(str.isalpha, word))
    )
    known = set(source.load(counts)[0])
    total = sum(counts.values())
    found = sum(count for word, count in counts.items() if word in known)
    unknown = (word for word, _ in counts.most_common() if word not in known)
    few = tuple(word for word, _ in zip(unknown, range(3), strict=False))
    return Coverage(vectors=source.name, share=found / total if total else 1.0, unknown=few)


def coverages(folder: Path, sources: Iterable[VectorSource]) -> list[Coverage]:
    """Of each file; Stanford's widths know the same words, so the narrowest answers for them."""
    alike: list[VectorSource] = []
    for source in sorted(sources, key=lambda each: each.dim):
        same = isinstance(source, Stanford | Package)
        if not (same and any(isinstance(each, Stanford | Package) for each in alike)):
            alike.append(source)
    return [coverage_of(folder, source) for source in alike]


def checked_coverages(folder: Path, sources: Iterable[VectorSource]) -> list[Coverage]:
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
