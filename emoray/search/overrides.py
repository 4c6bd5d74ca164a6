"""The search space that a user asks for: one by name, and overrides of its values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from emoray.models.recipe import Recipe
from emoray.models.word.initial_vectors import PretrainedVectors, Vectors
from emoray.search.form.document import nearest
from emoray.search.joint_space import TRIALS, JointSpace
from emoray.search.spaces import (
    BERT_GRIDS,
    FEATURE_SPACES,
    GRIDS,
    Space,
    bert_joint,
    features_joint,
    joint,
)
from emoray.stages.families.registry import FAMILIES
from emoray.stages.spec import EncoderRef
from emoray.text.vectors.settings import GloveObjective, OwnVectors

VECTORS: dict[str, Vectors] = {
    str(v): v for v in (PretrainedVectors(), OwnVectors(), OwnVectors(method=GloveObjective()))
}
ANY_WIDTH = 300  # the widest that a space uses of vectors that are trained in any width


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceOverrides:
    """What a user wants in place of a grid's own values; empty keeps them."""

    dims: tuple[int, ...] = ()
    layers: tuple[int, ...] = ()
    seeds: int | None = None
    vectors: tuple[Vectors, ...] = ()

    @classmethod
    def from_options(
        cls,
        dims: Sequence[int],
        layers: Sequence[int],
        seeds: int | None,
        vectors: Sequence[str],
    ) -> "SpaceOverrides":
        """Overrides from the options of a job; ValueError for vectors of an unknown name."""
        strange = [name for name in vectors if name not in VECTORS]
        if strange:
            raise ValueError(
                f"vectors are {', '.join(VECTORS)}, got {strange[0]!r}: name one of these"
            )
        wanted = tuple(VECTORS[name] for name in vectors)
        return cls(dims=tuple(dims), layers=tuple(layers), seeds=seeds, vectors=wanted)

    @property
    def needs_given(self) -> bool:
        """Whether vectors must be at hand; own ones are trained."""
        return not self.vectors or PretrainedVectors() in self.vectors

    def own(self, space: Space | JointSpace, trials: int | None) -> Space | JointSpace:
        """A space of a user's own with these values; ValueError for what it does not have."""
        if isinstance(space, Space):
            return self.of(space)
        if self != SpaceOverrides():
            raise ValueError(
                "dims, layers, seeds and vectors change a grid, got them with a joint search: "
                "write them into its file"
            )
        return replace(space, trials=trials or space.trials)

    def of(self, space: Space) -> Space:
        """The space with every recipe at the overriding values, each once."""
        recipes = [
            replace(started, embedding_dim=d, layers=n, seed=s)
            for r in space.recipes
            for started in self._starting(r)
            for d in self.dims or (r.embedding_dim,)
            for n in self.layers or (r.layers,)
            for s in (range(self.seeds) if self.seeds else (r.seed,))
        ]
        return replace(space, recipes=tuple(dict.fromkeys(recipes)))

    def _starting(self, recipe: Recipe) -> list[Recipe]:
        """The recipe with each of the overriding vectors."""
        family = FAMILIES[recipe.family]
        return [family.with_vectors(recipe, vectors) for vectors in self.vectors] or [recipe]


def own_vectors(space: Space | JointSpace) -> list[str]:
    """Names of the vectors that recipes of a search train for themselves."""
    started = (FAMILIES[r.family].word_vectors(r) for r in space.recipes)
    found = [each for each in started if each not in (None, PretrainedVectors())]
    return list(dict.fromkeys(map(str, found)))


def starts_from_given(space: Space | JointSpace) -> bool:
    """Whether any recipe of a search starts from vectors that must be at hand."""
    return any(FAMILIES[r.family].word_vectors(r) == PretrainedVectors() for r in space.recipes)


def encoders_of(space: Space | JointSpace) -> tuple[str, ...]:
    """Names of the encoders that recipes of a search start from."""
    named = (FAMILIES[r.family].encoder(r) for r in space.recipes)
    return tuple(dict.fromkeys(name for name in named if name is not None))


def encoders_needed(name: str) -> bool:
    """Whether the space of that name fine-tunes encoders."""
    return name in (*BERT_GRIDS, "bert-joint")


def features_needed(name: str) -> bool:
    """Whether the space of that name reads features in place of texts."""
    return name in FEATURE_SPACES


def named_space(
    name: str,
    taxonomy: str,
    dims: Sequence[int],
    *,
    encoders: Sequence[EncoderRef] = (),
    trials: int | None = None,
    overrides: SpaceOverrides | None = None,
) -> Space | JointSpace:
    """Build the space of that name, with overrides.

    Args:
        name: of a grid or of a joint search.
        taxonomy: whose labels are learned.
        dims: widths of the vectors at hand; none where vectors are only trained, in any width.
        encoders: at hand.
        trials: of a joint search.
        overrides: values in place of a grid's own.

    Returns:
        The space.

    Raises:
        ValueError: an unknown name, or overrides that the space does not have.
    """
    overrides = overrides or SpaceOverrides()
    if overrides.vectors and (encoders_needed(name) or features_needed(name)):
        raise ValueError(
            f"word vectors are for spaces of words, got them with space {name}: leave --vectors "
            "out, or choose another space"
        )
    dims, trials = dims or (ANY_WIDTH,), trials or TRIALS
    if name in ("joint", "bert-joint", "features-joint"):
        if replace(overrides, vectors=()) != SpaceOverrides():
            raise ValueError(
                f"dims, layers and seeds change a grid, got them with space {name}: "
                "leave them out, the searcher chooses"
            )
        if name == "bert-joint":
            return bert_joint(taxonomy, encoders, trials)
        if name == "features-joint":
            return features_joint(taxonomy, dims, trials)
        return joint(taxonomy, dims, trials, overrides.vectors)
    if name in BERT_GRIDS:
        return overrides.of(BERT_GRIDS[name](taxonomy, encoders))
    if name not in GRIDS:
        known = [*GRIDS, "joint", "features-joint", *BERT_GRIDS, "bert-joint"]
        raise ValueError(
            f"space is one of {', '.join(known)}, or a file such as space.yaml or "
            f"my_space.py:wide, got {name!r}: {nearest(name, known)}"
        )
    return overrides.of(GRIDS[name](taxonomy, dims))
