"""Filter back-translations: other words, a similar length, the same labels.

A verdict is `kept`, or the reason against it. Distances are of words as the word tokenizer cuts
them, so that case, spaces and the many spellings of a laugh do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from emoray.text.words import tokenize

KEPT = "kept"


@dataclass(frozen=True, slots=True)
class AnyLabels:
    """No check that a text still carries its labels."""

    tag: ClassVar[str] = "AnyLabels"

    def __str__(self) -> str:
        return "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A trained classifier, an artifact known by its content, still predicts the labels.

    Attributes:
        folder: of the artifact.
        sha256: of its manifest.
        most_fall: how far the mean probability of a text's own labels may fall.
    """

    tag: ClassVar[str] = "Agreement"

    folder: Path
    sha256: str
    most_fall: float = 0.25

    def __post_init__(self) -> None:
        if not 0 < self.most_fall <= 1:
            raise ValueError(
                f"most_fall must lie in (0, 1], got {self.most_fall}: 0.25 drops texts whose "
                "labels lose a quarter of their probability"
            )

    def __str__(self) -> str:
        return f"fall{self.most_fall:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Limits of a back-translation, chosen by reading 2,000 of GoEmotions' train texts.

    Attributes:
        least_edits: share of words changed.
        most_edits: share of words changed.
        least_length: words of the result for each word of the source.
        most_length: words of the result for each word of the source.
        labels: whether a classifier checks the labels.
    """

    tag: ClassVar[str] = "Filters"

    least_edits: float = 0.1
    most_edits: float = 0.7
    least_length: float = 0.6
    most_length: float = 1.6
    labels: AnyLabels | Agreement = AnyLabels()

    def __post_init__(self) -> None:
        if not 0 <= self.least_edits < self.most_edits <= 1:
            raise ValueError(
                "least_edits and most_edits are shares, the first below the second, got "
                f"{self.least_edits} and {self.most_edits}"
            )
        if not 0 <= self.least_length <= 1 <= self.most_length:
            raise ValueError(
                "least_length lies in [0, 1] and most_length from 1 up, got "
                f"{self.least_length} and {self.most_length}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDistance:
    """The distance of a back-translation from its source; `same`: its key for finding copies."""

    edit_distance: float
    length_ratio: float
    same: str


def normal_form(text: str) -> str:
    """A key that is equal for texts that a model reads alike."""
    return " ".join(tokenize(text))


def text_distance(source: str, result: str) -> TextDistance:
    """Word edits as a share of the longer text, and words of the result per word of the source."""
    before, after = tokenize(source), tokenize(result)
    return TextDistance(
        edit_distance=edits(before, after) / max(len(before), len(after), 1),
        length_ratio=len(after) / max(len(before), 1),
        same=" ".join(after),
    )


def edits(before: Sequence[str], after: Sequence[str]) -> int:
    """Levenshtein's distance: words inserted, deleted or replaced."""
    row = list(range(len(after) + 1))
    for i, word in enumerate(before, start=1):
        corner, row[0] = row[0], i
        for j, other in enumerate(after, start=1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (word != other))
    return row[-1]


def verdict(found: TextDistance, filters: Filters, fall: float | None = None) -> str:
    """`kept`, or why not; fall: of the labels' mean probability, None without a classifier."""
    if not found.same:
        return "empty"
    if found.edit_distance < filters.least_edits:
        return "near_copy"
    if found.length_ratio < filters.least_length:
        return "too_short"
    if found.length_ratio > filters.most_length:
        return "too_long"
    if found.edit_distance > filters.most_edits:
        return "too_far"
    if isinstance(filters.labels, Agreement) and fall is not None:
        return "drift" if fall > filters.labels.most_fall else KEPT
    return KEPT
