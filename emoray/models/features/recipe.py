"""Settings of a training on rows of features: plain values to hash, store and print."""

from dataclasses import dataclass
from typing import ClassVar

from emoray.models.augmentation import NoAugmentation
from emoray.models.objectives import Supervised
from emoray.models.recipe import MAX_TOKENS, Recipe
from emoray.models.sampling import Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRecipe(Recipe):
    """Standardized features -> PCA -> Dense(ReLU) x layers -> Dense(sigmoid), trained with Adam.

    Attributes:
        embedding_dim: principal components that are kept; as many as there are features keep these
            as they are.
    """

    tag: ClassVar[str] = "FeatureRecipe"
    family: ClassVar[str] = "features"

    # scientific: what a search compares
    embedding_dim: int = 64
    layers: int = 1
    hidden_units: int = 64
    # nuisance: tuned so that the comparison is fair
    patience: int = 5
    dropout: float = 0.2

    def __post_init__(self) -> None:
        for name, low in (
            ("embedding_dim", 1),
            ("layers", 0),
            ("hidden_units", 1),
            ("epochs", 1),
            ("patience", 1),
            ("batch_size", 1),
        ):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be at least {low}, got {getattr(self, name)}")
        for name in ("dropout", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in [0, 1), got {getattr(self, name)}")
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        if self.augmentation != NoAugmentation():
            raise ValueError(
                f"features have no words to translate, got {self.augmentation} for them: leave the "
                "augmentation out, or bring a corpus of texts"
            )
        if self.max_tokens != MAX_TOKENS:
            raise ValueError(
                f"features have no tokens to count, got max_tokens {self.max_tokens}: leave it out"
            )

        if self.objective != Supervised():
            raise ValueError(
                f"a teacher reads texts, got the objective {self.objective} for features: leave it "
                "out"
            )
        if self.heads:
            raise ValueError(
                f"heads are learned beside the labels of texts, got {self.heads_words.strip()} for "
                "features: leave heads out"
            )

    def __str__(self) -> str:
        depth = f"l{self.layers}x{self.hidden_units}" if self.layers else "l0"
        sample = "" if self.sample == Whole() else f" {self.sample}"
        mean = (f" ema{self.ema:g}" if self.ema else "") + self.auxiliary_words
        return f"{self.taxonomy} d{self.embedding_dim} {depth} {self.loss}{mean}{sample}"
