"""An artifact in memory. Shapes: N texts, K labels."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emoray.artifact.runtime import MANIFEST, Classifier, Reading, read, sha256

PRIMARY, SPLIT, SHADOW = "primary", "split", "shadow"
PER_TEXT = 32  # characters that a text costs beyond its own
REMEMBERED = 0.9  # of what was known of an artifact's pace, with each request


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """What a model found in some texts. seconds: of model and tokenizer, without waiting."""

    logits_NK: np.ndarray
    probabilities_NK: np.ndarray
    decided_NK: np.ndarray
    readings: list[Reading]
    seconds: float


@dataclass(kw_only=True, eq=False)
class Engine:
    """A loaded artifact.

    Requests are never put into one batch: an answer must not depend on who else asks.

    Attributes:
        folder: of the artifact.
        role: what it does in this service: primary, split or shadow.
        taxonomy: that it decides in; None for its own labels. Beside the primary one an artifact
            that was not derived for it may have its labels for its own.
    """

    folder: Path
    role: str = PRIMARY
    taxonomy: str | None = None
    classifier: Classifier = field(init=False)
    sha256: str = field(init=False)
    labels: list[str] = field(init=False)
    _seconds: float = field(init=False, default=0.0)
    _size: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        files = read(self.folder)
        try:
            classifier = Classifier(files)
            if self.role == PRIMARY or self.taxonomy in classifier.taxonomies:
                classifier = classifier.in_taxonomy(self.taxonomy)
            self.classifier = classifier
        except ValueError as error:
            raise ValueError(f"{error} ({self.folder})") from None
        if self.classifier.reads != "texts":
            raise ValueError(
                f"a service answers texts, got an artifact of {self.classifier.reads} in "
                f"{self.folder}: give it rows in Python, or on its standard input"
            )
        self.sha256 = manifest_sha256(self.folder)
        self.labels = list(self.classifier.labels)
        self.classifier(["ready?"])  # the first call takes longer than those after it
        self.learn(["ready?"], self.score(["ready?"]).seconds)

    def score(self, texts: Sequence[str]) -> Scored:
        """Score some texts in this thread."""
        start = time.perf_counter()
        classifier = self.classifier
        logits_NK, readings = classifier.scores(texts)
        return Scored(
            logits_NK=logits_NK,
            probabilities_NK=classifier.probabilities_of(logits_NK),
            decided_NK=logits_NK >= classifier.cuts_K,
            readings=readings,
            seconds=time.perf_counter() - start,
        )

    def expected(self, texts: Sequence[str]) -> float:
        """Seconds that texts will take, by what others took lately."""
        return _size(texts) * self._seconds / self._size

    def learn(self, texts: Sequence[str], seconds: float) -> None:
        """What texts took."""
        self._seconds = REMEMBERED * self._seconds + seconds
        self._size = REMEMBERED * self._size + _size(texts)


def _size(texts: Sequence[str]) -> int:
    return PER_TEXT * len(texts) + sum(map(len, texts))


def manifest_sha256(folder: Path) -> str:
    """SHA-256 of an artifact's manifest, by which the tables of a run name it."""
    return sha256((folder / MANIFEST).read_bytes())
