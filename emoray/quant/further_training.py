"""Further training of a finished model: how long, and at what share of its own learning rate."""

from dataclasses import dataclass
from typing import ClassVar

RATE = 0.5  # of the training's own learning rate


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherTraining:
    """How a training goes on.

    Attributes:
        epochs: of that training.
        rate: learning rate, as a share of the one the recipe trained with.
    """

    word: ClassVar[str]  # what names it in a scheme

    epochs: int = 1
    rate: float = RATE

    def __post_init__(self) -> None:
        if isinstance(self.epochs, bool) or not isinstance(self.epochs, int) or self.epochs < 1:
            raise ValueError(
                f"epochs must be a whole number from 1, got {self.epochs!r}: for no training leave "
                f"out {self.word}"
            )
        if isinstance(self.rate, bool) or not isinstance(self.rate, int | float):
            raise ValueError(f"rate must be a number, got {self.rate!r}: give a share such as 0.5")
        if not 0 < self.rate < float("inf"):
            raise ValueError(
                f"rate must be finite and above 0, got {self.rate}: for no training leave out "
                f"{self.word}"
            )
        object.__setattr__(self, "rate", float(self.rate))  # 1 and 1.0 are one key in the store

    @property
    def how_long(self) -> str:
        """Epochs, and the rate where it is not the usual one, as text."""
        return f"{self.epochs}" if self.rate == RATE else f"{self.epochs}-x{self.rate:.10g}"

    def __str__(self) -> str:
        return f"{self.word}{self.how_long}"
