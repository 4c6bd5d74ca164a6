"""Settings that the recipe of every model family has; a family's own recipe adds its knobs."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

from emoray.models.augmentation import Augmentation, NoAugmentation
from emoray.models.contrast import Auxiliary, NoAuxiliary
from emoray.models.heads import Head
from emoray.models.losses import BCE, Loss
from emoray.models.objectives import Objective, Supervised
from emoray.models.sampling import Sample, Whole

MAX_TOKENS = 64  # tokens of a text that are read by default


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what a training produces: plain values to hash, store and print.

    The fields are those that searches, plans and quantization-aware training set in any family. A
    family derives a class with a `tag` of its own, under which keys and tables know it.

    Attributes:
        objective: what is learned from: the true labels, or a teacher besides.
        ema: what is kept at each step of an exponential moving average of the weights, which then
            takes their place (Polyak & Juditsky 1992; Morales-Brotons et al. 2024, "Exponential
            moving average of weights in deep learning"): 0.99 covers some 100 steps, 0 averages
            nothing.
        heads: further taxonomies, whose labels are groups of the recipe's own, that a training
            learns beside it and drops in the end.
        auxiliary: a loss beside the recipe's.
    """

    family: ClassVar[str]  # its name among `FAMILIES`, and in tables
    least_batch: ClassVar[int] = 16  # texts a batch on however small a corpus

    # scientific: what a search compares
    taxonomy: str = "ekman"
    embedding_dim: int = 50
    layers: int = 0
    seed: int = 0
    sample: Sample = field(default_factory=Whole)
    augmentation: Augmentation = field(default_factory=NoAugmentation)
    max_tokens: int = MAX_TOKENS
    # nuisance: tuned so that the comparison is fair
    epochs: int = 30
    learning_rate: float = 1e-3
    batch_size: int = 256
    loss: Loss = field(default_factory=BCE)
    ema: float = field(default=0.0, metadata={"key_default": 0.0})
    heads: tuple[Head, ...] = field(default=(), metadata={"key_default": ()})
    objective: Objective = field(default_factory=Supervised, metadata={"key_default": Supervised()})
    auxiliary: Auxiliary = field(
        default_factory=NoAuxiliary, metadata={"key_default": NoAuxiliary()}
    )

    def without_seed(self) -> Self:
        """The recipe with seed 0, equal for repeats."""
        return replace(self, seed=0)

    @property
    def heads_words(self) -> str:
        """The heads as a part of the recipe's name; empty without any."""
        return "".join(f" +{head}" for head in self.heads)

    @property
    def auxiliary_words(self) -> str:
        """The loss beside its own as a part of the recipe's name; empty without one."""
        return "" if self.auxiliary == NoAuxiliary() else f" {self.auxiliary}"

    def batch_of(self, texts: int) -> int:
        """Texts a batch: `batch_size`, less where an epoch would not come to 64 steps.

        Tuned on 43,410 texts, 512 a batch; a corpus of 1,000 would see two steps an epoch.

        Returns:
            At least `least_batch`.
        """
        return min(self.batch_size, max(self.least_batch, texts // 64))
