"""The space of several taxonomies: derived, trained natively, and as heads of one training."""

from collections.abc import Sequence
from dataclasses import replace

from emoray.models.heads import Head
from emoray.models.word.tuned import TRAINED, WITH_CONV
from emoray.quant.catalogue import few_schemes
from emoray.search.deriving import usual_taxonomies
from emoray.search.grid import Space, glove_recipes, up_to
from emoray.stages.spec import RULES, Decision

WEIGHTS = (0.3, 1.0)  # of a label of a head; those of the recipe's own taxonomy count 1


def tasks(taxonomy: str, dims: Sequence[int]) -> Space:
    """Several taxonomies: derived from models of fine labels, trained natively, as joint heads.

    Three seeds; three to ten minutes on two cores.

    Args:
        taxonomy: whose labels are learned.
        dims: widths of the vectors at hand.

    Returns:
        The space; of labels that no known taxonomy groups it is one recipe.
    """
    conv, others = replace(TRAINED, pools=WITH_CONV), usual_taxonomies(taxonomy)
    joint = [
        replace(conv, heads=tuple(Head(name, weight) for name in others), taxonomy=taxonomy)
        for weight in WEIGHTS
        if others
    ]
    return Space(
        recipes=tuple(
            recipe
            for base in (conv, *joint)
            for recipe in glove_recipes(base, taxonomy, up_to(max(dims), 64), [0], 3)
        ),
        schemes=tuple(few_schemes().values()),
        decisions=tuple(Decision(rule=rule) for rule in RULES),
        derive=others,
        native=others,
    )
