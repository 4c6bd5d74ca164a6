"""How much of a text the recipes of a search read: as asked, else as long as the corpus' texts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from emoray.models.encoder.recipe import BertRecipe
from emoray.models.word.initial_vectors import PretrainedVectors
from emoray.models.word.recipe import MAX_TOKENS, GloveRecipe
from emoray.search.spaces import JointSpace, Space
from emoray.stages.inputs import CorpusSummary
from emoray.stages.spec import EncoderRef, Recipe
from emoray.stages.text_lengths import MOST_WORDS, Lengths, piece_lengths, word_lengths
from emoray.stages.vector_coverage import checked_coverages

Found = TypeVar("Found", bound=Recipe)


def _encoders(facts: CorpusSummary, recipe: BertRecipe) -> Sequence[EncoderRef]:
    return [e for e in facts.data.encoders if e.name == recipe.encoder] or facts.data.encoders


def _lengths(facts: CorpusSummary, recipe: Recipe, limit: int) -> Lengths:
    folder = facts.data.corpus.folder
    if isinstance(recipe, BertRecipe):
        return piece_lengths(folder, _encoders(facts, recipe)[0])
    return word_lengths(folder, max(limit, MOST_WORDS))


def limit_of(facts: CorpusSummary, recipe: Recipe, asked: int | None = None) -> int:
    """Tokens that a recipe is to read. One that wants other than the usual number keeps it."""
    if asked is not None:
        return asked
    most = MOST_WORDS
    if isinstance(recipe, BertRecipe):
        most = min(e.positions for e in _encoders(facts, recipe))
    if recipe.max_tokens not in (MAX_TOKENS, min(MAX_TOKENS, most)):
        return recipe.max_tokens
    return _lengths(facts, recipe, most).limit(most)


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


def recipes_reading(space: Space | JointSpace) -> Sequence[Recipe]:
    """Recipes that read all that those of a search do."""
    if isinstance(space, Space):
        return space.recipes
    return [replace(space.base, embedding_dim=dim) for dim in space.embedding_dims]


def told_reading(facts: CorpusSummary, recipes: Sequence[Recipe]) -> Iterator[str]:
    """In words: the limits of these recipes, and how well given vectors know the corpus' words.

    Raises ValueError where they know (nearly) none.
    """
    seen: dict[tuple[str, int], Recipe] = {}
    for recipe in recipes:
        encoder = recipe.encoder if isinstance(recipe, BertRecipe) else ""
        seen.setdefault((encoder, recipe.max_tokens), recipe)
    for (encoder, limit), recipe in seen.items():
        told = _lengths(facts, recipe, limit).told(limit, "pieces" if encoder else "words")
        yield f"{encoder}: {told}" if encoder else told
    started = [
        r for r in recipes if isinstance(r, GloveRecipe) and r.vectors == PretrainedVectors()
    ]
    if facts.data.vectors:
        given = dict.fromkeys(facts.data.vectors_for(r.embedding_dim).source for r in started)
        yield from map(str, checked_coverages(facts.data.corpus.folder, given))
