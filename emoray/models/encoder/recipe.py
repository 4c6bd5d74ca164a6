"""Settings of a fine-tuning: plain values to hash, store and print."""

from dataclasses import dataclass, field
from typing import ClassVar

from emoray.models.augmentation import NoAugmentation
from emoray.models.encoder.tuning import EndToEnd, Tuning, require_whole_tuning
from emoray.models.heads import check_heads
from emoray.models.losses import Loss, WeightedBCE
from emoray.models.objectives import Supervised, require_soft_targets
from emoray.models.recipe import Recipe
from emoray.models.sampling import Whole, require_shots_alone
from emoray.models.word.recipe import Mean


@dataclass(frozen=True, slots=True)
class Cls:
    """The vector of a text's first token."""

    tag: ClassVar[str] = "Cls"

    def __str__(self) -> str:
        return "cls"


@dataclass(frozen=True, slots=True)
class AllPieces:
    """Every token piece keeps its row."""

    tag: ClassVar[str] = "AllPieces"

    def __str__(self) -> str:
        return "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedPieces:
    """Pieces that train uses `min_count` times or more, and `allowance` more for new texts.

    A dropped piece falls back to shorter ones, down to single characters.

    Attributes:
        min_count: uses of a piece in train.
        allowance: number of further pieces.
        signs: uses in train from which emoji and other signs that the encoder lacks get a row of
            their own; 0 for none.
    """

    tag: ClassVar[str] = "UsedPieces"

    min_count: int = 1
    allowance: int = 2000
    signs: int = 3

    def __post_init__(self) -> None:
        if self.min_count < 1:
            raise ValueError(f"min_count must be at least 1, got {self.min_count}")
        if self.allowance < 0:
            raise ValueError(f"allowance must be at least 0, got {self.allowance}: 0 adds nothing")
        if self.signs < 0:
            raise ValueError(f"signs must be at least 0, got {self.signs}: 0 adds none")

    def __str__(self) -> str:
        signs = f"s{self.signs}" if self.signs else ""
        return f"used{self.min_count}+{self.allowance}{signs}"


Pieces = AllPieces | UsedPieces
DEFAULT_ENCODER = "all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class BertRecipe(Recipe):
    """Encoder -> pooling -> linear head, fine-tuned with AdamW, warm-up and linear decay.

    embedding_dim: rank of the token embedding; below the encoder's width it is factorised by SVD.
    layers: encoder layers kept, from the bottom. head_rate: the head's learning rate, as a multiple
    of `learning_rate`. bf16: autocast where the processor has bfloat16, else float32. tuning: what
    is trained; a head that is fitted by itself takes no epochs, rates, batches and dropout of here.
    """

    tag: ClassVar[str] = "BertRecipe"
    family: ClassVar[str] = "bert"
    least_batch: ClassVar[int] = 8

    # scientific: what a search compares
    encoder: str = DEFAULT_ENCODER
    layers: int = 6
    embedding_dim: int = 384
    pooling: Mean | Cls = field(default_factory=Mean)
    pieces: Pieces = field(default_factory=UsedPieces)
    loss: Loss = field(default_factory=WeightedBCE)
    tuning: Tuning = field(default_factory=EndToEnd, metadata={"key_default": EndToEnd()})
    # nuisance: tuned so that the comparison is fair
    epochs: int = 4
    patience: int = 2
    learning_rate: float = 8e-5
    head_rate: float = 10.0
    warmup: float = 0.1
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    batch_size: int = 64
    dropout: float = 0.1
    bf16: bool = True

    def __post_init__(self) -> None:
        check_heads(self.heads, self.taxonomy)
        for name in ("layers", "embedding_dim", "epochs", "patience", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "head_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("dropout", "warmup", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in [0, 1), got {getattr(self, name)}")
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay must be at least 0, got {self.weight_decay}")
        if self.max_tokens < 3:
            raise ValueError(
                f"max_tokens must be at least 3, got {self.max_tokens}: two frame every text"
            )
        require_soft_targets(self.objective, self.loss, self.heads)
        require_shots_alone(self.sample, self.augmentation)
        require_whole_tuning(self, self.tuning)

    def __str__(self) -> str:
        encoder = self.encoder.rstrip("/").rsplit("/", 1)[-1]
        sample = "" if self.sample == Whole() else f" {self.sample}"
        more = "" if self.augmentation == NoAugmentation() else f" {self.augmentation}"
        mean = f" ema{self.ema:g}" if self.ema else ""
        mean += self.heads_words + self.auxiliary_words
        aim = "" if self.objective == Supervised() else f" {self.objective}"
        tuned = "" if self.tuning == EndToEnd() else f" {self.tuning}"
        return (
            f"{self.taxonomy} {encoder} l{self.layers} d{self.embedding_dim} "
            f"{self.pieces} {self.pooling} {self.loss}{tuned}{aim}{mean}{sample}{more}"
        )
