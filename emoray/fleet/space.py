"""Search spaces as functions: what is compared, under which schemes, with which decisions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emoray.model.recipe import Attention, ConvMax, GloveRecipe, Max, Mean
from emoray.quant.catalogue import all_schemes, quick_schemes
from emoray.quant.scheme import ModelScheme
from emoray.trial.spec import Decision, all_decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Every recipe under every scheme at every decision."""

    name: str
    recipes: tuple[GloveRecipe, ...]
    schemes: tuple[ModelScheme, ...]
    decisions: tuple[Decision, ...]

    def __post_init__(self) -> None:
        for part in ("recipes", "schemes", "decisions"):
            if not getattr(self, part):
                raise ValueError(f"a search space needs {part}, got none: name at least one")

    @property
    def points(self) -> int:
        return len(self.recipes) * len(self.schemes) * len(self.decisions)
