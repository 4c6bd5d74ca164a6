"""The word vectors that a training starts from: plain values to hash, store and print."""

from dataclasses import dataclass
from typing import ClassVar

from emoray.text.vectors.settings import OwnVectors


@dataclass(frozen=True, slots=True)
class PretrainedVectors:
    """The available ones: Stanford's, or a file that the user names."""

    tag: ClassVar[str] = "Given"

    def __str__(self) -> str:
        return "given"


Vectors = PretrainedVectors | OwnVectors
