"""What every translator promises, and how a name becomes one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Untranslated:
    """Stands for a text that the translator could not do, and says why."""

    reason: str


class Handle(Protocol):
    """A translator at work in this process: loaded once, asked many times."""

    def translate(self, texts: Sequence[str]) -> list[str | Untranslated]:
        """A translation for each text, in order; the characters of `marks.HIDDEN` come through.

        A text's translation depends on this list alone, never on what was asked before.
        """
        ...


class Translator(Protocol):
    """One direction, as a value: frozen, hashable, and `str()` is a name that reads back."""

    def __hash__(self) -> int: ...

    @property
    def back(self) -> "Translator":
        """The way back."""
        ...

    @property
    def gpus(self) -> float:
        """How many GPUs a handle holds."""
        ...

    def fingerprint(self) -> str:
        """SHA-256 of all that it translates with; ValueError where it is not at hand."""
        ...

    def open(self) -> Handle:
        """Load it."""
        ...
