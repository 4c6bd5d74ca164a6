"""Settings of a training of the `glove` family: plain values to hash, store and print."""

from dataclasses import dataclass, field
from typing import ClassVar

from emoray.models.augmentation import NoAugmentation
from emoray.models.heads import check_heads
from emoray.models.objectives import Supervised, require_soft_targets
from emoray.models.recipe import MAX_TOKENS, Recipe
from emoray.models.sampling import Whole, require_shots_alone
from emoray.models.word.initial_vectors import PretrainedVectors, Vectors


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean of a text's word vectors."""

    tag: ClassVar[str] = "Mean"

    def __str__(self) -> str:
        return "mean"


@dataclass(frozen=True, slots=True)
class Max:
    """Largest value of each component."""

    tag: ClassVar[str] = "Max"

    def __str__(self) -> str:
        return "max"


@dataclass(frozen=True, slots=True)
class Min:
    """Smallest value of each component."""

    tag: ClassVar[str] = "Min"

    def __str__(self) -> str:
        return "min"


@dataclass(frozen=True, slots=True)
class Attention:
    """Mean weighted by a softmax over words of a learned query times the word vector."""

    tag: ClassVar[str] = "Attention"

    def __str__(self) -> str:
        return "attention"


@dataclass(frozen=True, slots=True)
class ConvMax:
    """Convolution over three neighbouring words, ReLU, largest value over the text (Kim 2014)."""

    tag: ClassVar[str] = "ConvMax"

    filters: int = 64

    def __post_init__(self) -> None:
        if self.filters < 1:
            raise ValueError(f"filters must be at least 1, got {self.filters}")

    def __str__(self) -> str:
        return f"conv{self.filters}"


Pool = Mean | Max | Min | Attention | ConvMax


@dataclass(frozen=True, slots=True, kw_only=True)
class GloveRecipe(Recipe):
    """Word vectors -> pooling -> Dense(ReLU) x layers -> Dense(sigmoid), trained with Adam."""

    tag: ClassVar[str] = "GloveRecipe"
    family: ClassVar[str] = "glove"

    # scientific: what a search compares
    layers: int = 1
    pools: tuple[Pool, ...] = (Mean(),)
    trainable_vectors: bool = False
    vocabulary: int = 8000
    hidden_units: int = 128
    vectors: Vectors = field(
        default_factory=PretrainedVectors, metadata={"key_default": PretrainedVectors()}
    )
    max_tokens: int = field(default=MAX_TOKENS, metadata={"key_default": MAX_TOKENS})
    # nuisance: tuned so that the comparison is fair
    patience: int = 5
    vectors_rate: float = 1e-3
    dropout: float = 0.2
    word_dropout: float = 0.0

    def __post_init__(self) -> None:
        check_heads(self.heads, self.taxonomy)
        for name, low in (
            ("embedding_dim", 1),
            ("layers", 0),
            ("vocabulary", 1),
            ("hidden_units", 1),
            ("epochs", 1),
            ("patience", 1),
            ("batch_size", 1),
            ("max_tokens", 1),
        ):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}, got {getattr(self, name)}")
        for name in ("dropout", "word_dropout", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in [0, 1), got {getattr(self, name)}")
        for name in ("learning_rate", "vectors_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not self.pools:
            raise ValueError("pools is empty: name at least one, e.g. (Mean(),)")
        require_soft_targets(self.objective, self.loss, self.heads)
        require_shots_alone(self.sample, self.augmentation)

    @property
    def pooling(self) -> str:
        """The pools as text."""
        return "+".join(map(str, self.pools))

    @property
    def pooled_once(self) -> bool:
        """Whether the pooled vectors stay the same in training: frozen ones under a mean."""
        return not self.trainable_vectors and self.pools == (Mean(),)

    def __str__(self) -> str:
        vectors = "trained" if self.trainable_vectors else "frozen"
        depth = f"l{self.layers}x{self.hidden_units}" if self.layers else "l0"
        sample = "" if self.sample == Whole() else f" {self.sample}"
        more = "" if self.augmentation == NoAugmentation() else f" {self.augmentation}"
        mean = f" ema{self.ema:g}" if self.ema else ""
        mean += self.heads_words + self.auxiliary_words
        aim = "" if self.objective == Supervised() else f" {self.objective}"
        own = "" if self.vectors == PretrainedVectors() else f" {self.vectors}"
        read = "" if self.max_tokens == MAX_TOKENS else f" n{self.max_tokens}"
        return (
            f"{self.taxonomy} d{self.embedding_dim} {vectors} v{self.vocabulary} "
            f"{self.pooling} {depth} {self.loss}{aim}{mean}{sample}{more}{own}{read}"
        )
