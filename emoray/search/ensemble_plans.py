"""Plans of ensembles as functions: a recipe per member, in the order that an ensemble grows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

from emoray.models.encoder.recipe import BertRecipe
from emoray.models.features.recipe import FeatureRecipe
from emoray.models.recipe import Recipe
from emoray.models.sampling import Bootstrap
from emoray.models.word.recipe import GloveRecipe
from emoray.stages.families.registry import FAMILIES
from emoray.stages.spec import EncoderRef

LEAST = 2  # members


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsemblePlan:
    """The members of an ensemble before they are trained."""

    name: str
    recipes: tuple[Recipe, ...]

    def __post_init__(self) -> None:
        if len(set(self.recipes)) < LEAST:
            raise ValueError(
                f"an ensemble has at least {LEAST} different members, got "
                f"{len(set(self.recipes))}: ask for more with --members"
            )


def seeds(members: int, bases: Sequence[Recipe]) -> EnsemblePlan:
    """The same recipe from other seeds: the cheapest diversity there is."""
    base, *_ = bases
    return EnsemblePlan(name="seeds", recipes=tuple(replace(base, seed=i) for i in range(members)))


def bootstrap(members: int, bases: Sequence[Recipe]) -> EnsemblePlan:
    """The same recipe, each on its own bootstrap sample of train: bagging."""
    base, *_ = bases
    drawn = (replace(base, seed=i, sample=Bootstrap()) for i in range(members))
    return EnsemblePlan(name="bootstrap", recipes=tuple(drawn))


def diverse(members: int, bases: Sequence[Recipe]) -> EnsemblePlan:
    """Vary dimension, loss, pool, layers and sample; families by turns where both are there.

    Each member has a seed of its own, so a plan longer than the list of variants still differs.

    Args:
        members: how many.
        bases: the recipe of each family.

    Returns:
        The plan.
    """
    variants = [FAMILIES[base.family].variants(base) for base in bases]
    turns = zip(*map(cycle, variants), strict=True)
    recipes = islice((recipe for turn in turns for recipe in turn), members)
    return EnsemblePlan(
        name="diverse", recipes=tuple(replace(r, seed=i) for i, r in enumerate(recipes))
    )


PLANS: dict[str, Callable[[int, Sequence[Recipe]], EnsemblePlan]] = {
    "seeds": seeds,
    "bootstrap": bootstrap,
    "diverse": diverse,
}


def checked_plan(name: str) -> str:
    """The name, if there is such a plan."""
    if name not in PLANS:
        raise ValueError(f"a plan is one of {', '.join(PLANS)}, got {name!r}: pick one of these")
    return name


def bases_of(
    name: str,
    taxonomy: str,
    dims: Sequence[int],
    encoders: Sequence[EncoderRef],
    epochs: int | None = None,
    *,
    features: bool = False,
) -> tuple[Recipe, ...]:
    """Choose the recipes that a plan varies.

    They are fine-tuned encoders where there are any, and word vectors too where both may mix.

    Args:
        name: of the plan.
        taxonomy: whose labels are learned.
        dims: widths of the word vectors at hand.
        encoders: at hand.
        epochs: in place of the recipes' own.
        features: whether the corpus has features in place of texts.

    Returns:
        A recipe per encoder or family.
    """
    if features:
        bases: Sequence[Recipe] = FAMILIES[FeatureRecipe.family].start_recipes(taxonomy, dims, ())
        return tuple(replace(b, epochs=epochs) if epochs else b for b in bases)
    words, tuned = (
        FAMILIES[kind.family].start_recipes(taxonomy, dims, encoders)
        for kind in (GloveRecipe, BertRecipe)
    )
    bases = (*tuned, *words) if name == "diverse" else tuned or words
    return tuple(replace(b, epochs=epochs) if epochs else b for b in bases)
