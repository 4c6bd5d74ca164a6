"""What a trained model loses before it is quantized: plain values, a part of a scheme."""

from dataclasses import dataclass, field, fields
from typing import ClassVar

from emoray.quant.further_training import FurtherTraining


@dataclass(frozen=True, slots=True, kw_only=True)
class Heal(FurtherTraining):
    """A pruned model trained on towards the logits that the whole one gives on train."""

    tag: ClassVar[str] = "Heal"
    word: ClassVar[str] = "heal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prune:
    """Shares that are removed, those of least importance on train first; 0 removes nothing.

    Attributes:
        heads: of an encoder's attention heads, over all layers; each layer keeps one at least.
        ffn: of the columns of its feed-forward parts, over all layers.
        layers: whole layers of an encoder, those whose loss costs least.
        rows: of the vocabulary of word vectors: such a word is read as an unknown one.
        heal: training of what is left, before it is quantized; None for none.
    """

    tag: ClassVar[str] = "Prune"

    heads: float = 0.0
    ffn: float = 0.0
    layers: int = 0
    rows: float = 0.0
    heal: Heal | None = field(default=None)

    def __post_init__(self) -> None:
        for name in ("heads", "ffn", "rows"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{name} is a share, got {value!r}: write {name}=0.5")
            if not 0 <= value < 1:
                raise ValueError(
                    f"{name} must lie in [0, 1), the share that is removed, got {value:g}: "
                    "something is always kept"
                )
            object.__setattr__(self, name, float(value))  # 0 and 0.0 are one key in the store
        if isinstance(self.layers, bool) or not isinstance(self.layers, int) or self.layers < 0:
            raise ValueError(
                f"layers is a whole number of layers that are removed, got {self.layers!r}: "
                "0 removes none"
            )
        if not self.asked:
            raise ValueError(
                "pruning removes something, got 0 of everything: name a share, such as ffn=0.5, "
                "or leave out prune"
            )

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of what is removed."""
        return tuple(f.name for f in fields(self) if f.name != "heal" and getattr(self, f.name))

    @property
    def healing(self) -> str:
        """What stands behind a scheme for the training of what is left; empty without."""
        return "" if self.heal is None else f"~{self.heal}"

    def __str__(self) -> str:
        said = ",".join(f"{name}={getattr(self, name):.10g}" for name in self.asked)
        return f"prune({said})"
