"""Trainings on a taxonomy compared with those that derive it, and with heads beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from emoray.distributed.single_flight import Failed
from emoray.models.recipe import Recipe
from emoray.search.trials import RunContext, write_failure
from emoray.stages.decisions import Decide
from emoray.stages.derived_decisions import DecideDerived
from emoray.stages.plan import deriving
from emoray.stages.taxonomy_comparisons import CompareTrainings
from emoray.storage.store.keys import key_of

Pair = tuple[Decide, Decide | DecideDerived]


def _alike(recipe: Recipe, taxonomy: str = "", *, with_heads: bool = False) -> Recipe:
    """What is equal of trainings that are compared: all but taxonomy, seed and heads."""
    heads = recipe.heads if with_heads else ()
    return replace(recipe.without_seed(), taxonomy=taxonomy or recipe.taxonomy, heads=heads)


def comparisons(decided: Sequence[Decide], context: RunContext) -> Iterator[CompareTrainings]:
    """Plan the comparisons of a run's models, of each recipe with all its seeds at once.

    Args:
        decided: models that are finished.
        context: the run.

    Yields:
        Derived decisions beside models trained on the taxonomy, then heads beside none.
    """
    found: dict[tuple[object, ...], list[Pair]] = {}
    plain = {
        (_alike(recipe), recipe.seed, decide.compressed.scheme): decide
        for decide in decided
        if not (recipe := decide.compressed.trained.recipe).heads
    }
    for decide in decided:
        recipe, scheme = decide.compressed.trained.recipe, decide.compressed.scheme
        stage = deriving(decide, context.derived)
        for taxonomy in () if stage is None else stage.taxonomies:
            native = plain.get((_alike(recipe, taxonomy.name), recipe.seed, scheme))
            if native is not None and stage is not None:
                key = taxonomy.name, _alike(recipe, with_heads=True), scheme, "derived"
                found.setdefault(key, []).append((native, stage))
        without = plain.get((_alike(recipe), recipe.seed, scheme))
        if recipe.heads and without is not None:
            key = recipe.taxonomy, _alike(recipe, with_heads=True), scheme, "heads"
            found.setdefault(key, []).append((without, decide))
    for (name, *_), pairs in found.items():
        yield CompareTrainings.of(str(name), pairs)


def compare_taxonomies(context: RunContext, decided: Sequence[Decide]) -> None:
    """Make the comparisons of all finished models and copy their rows into the run."""
    written = context.written("points")

    def is_finished(decide: Decide) -> bool:
        derived = deriving(decide, context.derived)
        return all(key_of(each) in written for each in (decide, derived) if each is not None)

    finished = [decide for decide in decided if is_finished(decide)]
    planned = list(comparisons(finished, context))
    asked = [context.stages.make(stage) for stage in planned]
    for stage, future in zip(planned, asked, strict=True):
        made = future.result()
        if isinstance(made, Failed):
            write_failure(context, stage, made)
        else:
            context.copy(context.folder(made), "taxonomy_comparisons", made.folder.name)
