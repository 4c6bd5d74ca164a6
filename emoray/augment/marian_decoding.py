"""Decoding of Marian's translations."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Beams:
    """Beam search for the likeliest translation; 1 is greedy."""

    tag: ClassVar[str] = "Beams"

    number: int = 4

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError(f"beams must be at least 1, got {self.number}")

    def __str__(self) -> str:
        return f"beams={self.number}"


@dataclass(frozen=True, slots=True)
class Sampling:
    """A random translation, the further from the likeliest the higher the temperature."""

    tag: ClassVar[str] = "Sampling"

    temperature: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise ValueError(f"temperature must be finite and above 0, got {self.temperature}")

    def __str__(self) -> str:
        return f"sampling={self.temperature:g}&seed={self.seed}"


Decoding = Beams | Sampling
