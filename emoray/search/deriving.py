"""Coarser taxonomies that a search decides in besides, as a space or a command line names them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emoray.data.groups import read_groups
from emoray.labels import TAXONOMIES, Taxonomy, coarser, derivable, taxonomy
from emoray.models.heads import Head
from emoray.search.grid import Space

FILE = ".json"  # ending of a file of groups
NONE = "none"  # asks for no taxonomy where a space has some


def derived_taxonomies(
    names: Sequence[str], fine: Taxonomy, among: Sequence[Taxonomy]
) -> tuple[Taxonomy, ...]:
    """Taxonomies whose labels are groups of the labels that a search learns.

    Args:
        names: of taxonomies, or files of groups.
        fine: the taxonomy that is learned.
        among: taxonomies of the corpus.

    Returns:
        Each once, by name; members are places among the labels of `fine`.

    Raises:
        ValueError: there is no such taxonomy or file, or its labels are no groups of those learned.
    """
    found: dict[str, Taxonomy] = {}
    for name in names:
        if name == NONE:
            continue
        if name.endswith(FILE):
            each = read_groups(Path(name), fine.labels)
        elif name in TAXONOMIES and name not in {known.name for known in among}:
            raise ValueError(
                f"{name} groups labels of GoEmotions, got a corpus with labels of its own: give "
                "groups of them in a file, --derive groups.json"
            )
        else:
            each = coarser(taxonomy(name, among), fine)
        if each.name == fine.name or found.setdefault(each.name, each) != each:
            raise ValueError(
                f"a taxonomy is decided in once, got {each.name!r} twice: rename the file of groups"
            )
    return tuple(found[name] for name in sorted(found))


def with_heads(space: Space, names: Sequence[str]) -> Space:
    """A grid whose recipes are trained with heads of these names too, as NAME or NAME*WEIGHT."""
    if not names:
        return space
    heads = []
    for text in names:
        name, star, weight = text.partition("*")
        try:
            heads.append(Head(name, float(weight)) if star else Head(name))
        except ValueError as error:
            raise ValueError(f"a head is NAME or NAME*WEIGHT, got {text!r} ({error})") from None
    plain = [recipe for recipe in space.recipes if not recipe.heads]
    joint = [replace(recipe, heads=tuple(heads)) for recipe in plain]
    return replace(space, recipes=tuple(dict.fromkeys((*space.recipes, *joint))))


def usual_taxonomies(name: str) -> tuple[str, ...]:
    """Names of the known taxonomies that are coarser than one; none of labels of one's own."""
    if name not in TAXONOMIES:
        return ()
    return tuple(each.name for each in derivable(TAXONOMIES[name], TAXONOMIES.values()))
