"""Token limits of a search's recipes: as asked, else from the lengths of the corpus' texts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from emoray.models.recipe import MAX_TOKENS, Recipe
from emoray.models.word.initial_vectors import PretrainedVectors
from emoray.search.joint_space import JointSpace
from emoray.search.spaces import Space
from emoray.stages.families.registry import FAMILIES
from emoray.stages.inputs import CorpusSummary
from emoray.stages.vector_coverage import checked_coverages

Found = TypeVar("Found", bound=Recipe)


def limit_of(facts: CorpusSummary, recipe: Recipe, asked: int | None = None) -> int:
    """Tokens that a recipe reads; one with another than the default number keeps it."""
    if asked is not None:
        return asked
    family = FAMILIES[recipe.family]
    most = family.most_tokens(recipe, facts.data)
    if recipe.max_tokens not in (MAX_TOKENS, min(MAX_TOKENS, most)):
        return recipe.max_tokens
    lengths = family.lengths(recipe, facts.data, most)
    return recipe.max_tokens if lengths is None else lengths.limit(most)


def reading(facts: CorpusSummary, recipe: Found, asked: int | None = None) -> Found:
    """The recipe, its limit set."""
    return replace(recipe, max_tokens=limit_of(facts, recipe, asked))


def space_reading(
    facts: CorpusSummary, space: Space | JointSpace, asked: int | None = None
) -> Space | JointSpace:
    """The space, each recipe's limit set."""
    if isinstance(space, JointSpace):
        return replace(space, base=reading(facts, space.base, asked))
    return replace(space, recipes=tuple(reading(facts, r, asked) for r in space.recipes))


def limit_sentences(facts: CorpusSummary, recipes: Sequence[Recipe]) -> Iterator[str]:
    """Yield sentences on the limits of these recipes, and on the coverage of given vectors.

    ValueError where these have (nearly) none of the corpus' words.
    """
    seen: dict[tuple[str, str | None, int], Recipe] = {}
    for recipe in recipes:
        encoder = FAMILIES[recipe.family].encoder(recipe)
        seen.setdefault((recipe.family, encoder, recipe.max_tokens), recipe)
    for (name, encoder, limit), recipe in seen.items():
        family = FAMILIES[name]
        if (lengths := family.lengths(recipe, facts.data, limit)) is not None:
            line = lengths.sentence(limit, family.unit)
            yield f"{encoder}: {line}" if encoder else line
    started = [r for r in recipes if FAMILIES[r.family].word_vectors(r) == PretrainedVectors()]
    if facts.data.vectors:
        given = dict.fromkeys(facts.data.vectors_for(r.embedding_dim).source for r in started)
        yield from map(str, checked_coverages(facts.data.corpus.folder, given))
