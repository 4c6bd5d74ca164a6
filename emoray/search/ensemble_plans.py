"""Who is to be in an ensemble: named plans as functions, a recipe a member, in the order that an
ensemble grows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

from emoray.models.encoder.recipe import BertRecipe, Cls
from emoray.models.losses import BCE, Asymmetric, Focal, WeightedBCE
from emoray.models.sampling import Bootstrap
from emoray.models.word.recipe import Attention, ConvMax, GloveRecipe, Max, Mean
from emoray.search.spaces import TRAINED, WITH_CONV
from emoray.stages.spec import EncoderRef, Recipe

LEAST = 2  # members
CONV = (Mean(), ConvMax(128))
WIDEST = 64  # of the word vectors: what the quick search found enough


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


def _variants(base: Recipe) -> tuple[Recipe, ...]:
    """The base first, then what differs from it in several knobs at once."""
    if isinstance(base, BertRecipe):
        return (
            base,
            replace(base, loss=Focal(), pooling=Cls()),
            replace(base, layers=-(-base.layers // 2), loss=BCE()),
            replace(base, embedding_dim=-(-base.embedding_dim // 3), loss=Asymmetric()),
            replace(base, sample=Bootstrap()),
        )
    widest = base.embedding_dim
    narrow, middle = -(-widest // 2), -(-widest * 3 // 4)
    return (
        base,
        replace(base, pools=WITH_CONV, embedding_dim=middle),
        replace(base, loss=Focal(), layers=1),
        replace(base, pools=CONV, loss=BCE()),
        replace(base, pools=WITH_CONV, embedding_dim=narrow, loss=Focal(), sample=Bootstrap()),
        replace(base, layers=2, loss=WeightedBCE(0.2), vocabulary=2 * base.vocabulary),
        replace(base, pools=(Attention(), Max()), embedding_dim=middle, sample=Bootstrap()),
    )


def diverse(members: int, bases: Sequence[Recipe]) -> EnsemblePlan:
    """Other dimensions, losses, pools, layers and samples; families by turns where both are there.

    Each member has a seed of its own, so a plan longer than the list of variants still differs.
    """
    turns = zip(*(cycle(_variants(base)) for base in bases), strict=True)
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
) -> tuple[Recipe, ...]:
    """What a plan varies: fine-tuned encoders where there are any, and word vectors beside them
    where both may mix. epochs: in place of the recipes' own."""
    glove: GloveRecipe = replace(
        TRAINED, taxonomy=taxonomy, embedding_dim=min(WIDEST, max(dims)), layers=0
    )
    tuned = [
        BertRecipe(
            taxonomy=taxonomy,
            encoder=encoder.name,
            layers=encoder.layers,
            embedding_dim=encoder.width,
            max_tokens=min(64, encoder.positions),
        )
        for encoder in encoders
    ]
    bases: list[Recipe] = [*tuned, glove] if name == "diverse" or not tuned else [*tuned]
    return tuple(replace(b, epochs=epochs) if epochs else b for b in bases)
