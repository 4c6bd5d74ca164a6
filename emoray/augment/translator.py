"""The protocols of translators."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Untranslated:
    """Stands for a text that the translator could not do, with the reason."""

    reason: str


class Handle(Protocol):
    """A translator loaded in this process."""

    def translate(self, texts: Sequence[str]) -> list[str | Untranslated]:
        """Translate each text, in order; the characters of `placeholders.HIDDEN` come through.

        A text's translation depends on this list alone, never on earlier calls.

        Returns:
            A translation for each text, or the reason for none.
        """
        ...


class Translator(Protocol):
    """One direction, as a value: frozen, hashable, and `str()` is a name that parses back."""

    def __hash__(self) -> int: ...

    @property
    def back(self) -> "Translator":
        """The direction back."""
        ...

    @property
    def gpus(self) -> float:
        """The number of GPUs of a handle."""
        ...

    def fingerprint(self) -> str:
        """SHA-256 of all that it translates with; ValueError where a part is missing."""
        ...

    def open(self) -> Handle:
        """Load it."""
        ...
