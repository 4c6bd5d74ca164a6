"""Texts that training gets beyond the corpus: plain values to hash, store and print."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class NoAugmentation:
    """The corpus and nothing else."""

    tag: ClassVar[str] = "NoAugmentation"

    def __str__(self) -> str:
        return "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTranslation:
    """Train texts translated into another language and back, labels kept.

    Attributes:
        share: such texts as a share of train.
        balance: 0 takes every text alike, above 0 rare labels more (a text is as likely as its
            rarest label's frequency ** -balance).
        translator: see `augment.registry`.
    """

    tag: ClassVar[str] = "BackTranslation"

    share: float = 0.5
    balance: float = 0.0
    translator: str = "apertium:eng-spa"

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(
                f"share must lie in (0, 1], got {self.share}: each text has one back-translation"
            )
        if not 0 <= self.balance < float("inf"):
            raise ValueError(
                f"balance must be finite and at least 0, got {self.balance}: 0 takes every text "
                "alike, 1 rare labels more"
            )
        if not self.translator:
            raise ValueError("a translator needs a name, got none: name e.g. apertium:eng-spa")

    def __str__(self) -> str:
        balance = f"b{self.balance:g}" if self.balance else ""
        return f"bt{self.share:g}{balance}({self.translator})"


Augmentation = NoAugmentation | BackTranslation
