"""What of an encoder is trained, and in which order: plain values to hash, store and print."""

from dataclasses import dataclass
from typing import ClassVar

from emoray.models.contrast import NoAuxiliary
from emoray.models.recipe import Recipe


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """Encoder and head together."""

    tag: ClassVar[str] = "EndToEnd"

    def __str__(self) -> str:
        return "end-to-end"


def _check_penalty(c: float) -> None:
    if not 0 < c < float("inf"):
        raise ValueError(
            f"c must be finite and above 0, got {c}: less holds the head's weights smaller"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadOnly:
    """The encoder stays as it is; a regression is fitted to its sentence vectors.

    Attributes:
        c: the penalty is 1/(2c) times the squared weights, for vectors standardized on train.
    """

    tag: ClassVar[str] = "HeadOnly"

    c: float = 0.003

    def __post_init__(self) -> None:
        _check_penalty(self.c)

    def __str__(self) -> str:
        return f"head{self.c:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsFirst:
    """The encoder learns which texts share labels, then the head is fitted to what it says.

    Tunstall et al. 2022, "Efficient few-shot learning without prompts" (SetFit), with all pairs of
    a batch in place of drawn ones, each by how much its label sets overlap (`Contrast`).

    Attributes:
        epochs: passes over train.
        batch_size: texts that are compared with each other.
        learning_rate: at its highest; it warms up over a tenth of the steps and falls linearly.
        temperature: that cosines are divided by.
        similarity: as of `Contrast`.
        c: as of `HeadOnly`.
    """

    tag: ClassVar[str] = "PairsFirst"

    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 5e-5
    temperature: float = 0.1
    similarity: str = "jaccard"
    c: float = 0.003

    def __post_init__(self) -> None:
        _check_penalty(self.c)
        for name, least in (("epochs", 1), ("batch_size", 2)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")

    def __str__(self) -> str:
        how = "" if self.similarity == "jaccard" else f"-{self.similarity}"
        return (
            f"pairs{self.epochs}x{self.batch_size}r{self.learning_rate:g}t{self.temperature:g}"
            f"c{self.c:g}{how}"
        )


Tuning = EndToEnd | HeadOnly | PairsFirst


def require_whole_tuning(recipe: Recipe, tuning: Tuning) -> None:
    """Refuse (ValueError) what a head that is fitted by itself does not learn."""
    if isinstance(tuning, EndToEnd):
        return
    if recipe.heads or recipe.auxiliary != NoAuxiliary() or recipe.ema:
        raise ValueError(
            "heads, auxiliary and ema are of encoder and head trained together, got "
            f"{(recipe.heads_words + recipe.auxiliary_words).strip() or f'ema{recipe.ema:g}'} with "
            f"{tuning}: leave them out, or the tuning"
        )
