"""A grid: every recipe under every scheme at every decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from emoray.models.recipe import Recipe
from emoray.models.word.recipe import GloveRecipe
from emoray.quant.policy import Scheme
from emoray.search.budget import UNLIMITED, Budget
from emoray.stages.spec import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Every recipe under every scheme at every decision, within a budget.

    derive: coarser taxonomies that models of the job's labels decide in too, by name or file.
    native: taxonomies that recipes without heads are trained in too, each by itself.
    """

    recipes: tuple[Recipe, ...]
    schemes: tuple[Scheme, ...]
    decisions: tuple[Decision, ...]
    budget: Budget = UNLIMITED
    derive: tuple[str, ...] = ()
    native: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part in ("recipes", "schemes", "decisions"):
            if not getattr(self, part):
                raise ValueError(f"a search space needs {part}, got none: name at least one")

    @property
    def every_recipe(self) -> tuple[Recipe, ...]:
        """The recipes, and those of other taxonomies."""
        others = (
            replace(recipe, taxonomy=taxonomy)
            for taxonomy in self.native
            for recipe in self.recipes
            if not recipe.heads
        )
        return tuple(dict.fromkeys((*self.recipes, *others)))

    @property
    def trials(self) -> int:
        """Recipes: each is a trial."""
        return len(self.every_recipe)

    @property
    def models(self) -> int:
        """Compressed models: recipes x schemes."""
        return self.trials * len(self.schemes)


def glove_recipes(
    base: GloveRecipe, taxonomy: str, dims: Sequence[int], layers: Sequence[int], seeds: int
) -> list[GloveRecipe]:
    """A recipe of word vectors at every dimension, depth and seed."""
    return [
        replace(base, taxonomy=taxonomy, embedding_dim=d, layers=n, seed=s)
        for d, n, s in product(dims, layers, range(seeds))
    ]


def up_to(widest: int, *wanted: int) -> list[int]:
    """The wanted dimensions that there are; the widest where there is none."""
    return [d for d in wanted if d <= widest] or [widest]
