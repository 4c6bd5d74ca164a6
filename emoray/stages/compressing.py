"""Building a model from a training and a scheme: calibration, policy, graph."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emoray.artifact.scoring import Texts
from emoray.export.calibrate import token_counts
from emoray.export.coverage import Coverage, coverage
from emoray.export.graph import Built
from emoray.models.recipe import Recipe
from emoray.quant.affine import AffineMap
from emoray.quant.policy import Adaptive, Scheme, choose
from emoray.quant.scheme import EMBEDDING
from emoray.stages.families.registry import EVERY_FAMILY
from emoray.stages.qat import MAPS, RANGES, read_maps
from emoray.stages.trained import read_tensors


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compressed:
    """A model, its facts for the tables, and why the policy treats each weight as it does."""

    built: Built
    facts: dict[str, object]
    coverage: Coverage
    reasons: Mapping[str, str] = field(default_factory=dict)


def compressed(
    recipe: Recipe,
    trained: Path,
    dev: Texts,
    scheme: Scheme,
    *,
    refined: Path | None = None,
    left: Path | None = None,
) -> Compressed:
    """Build the model of a finished training, or of what followed it, under a scheme.

    Args:
        recipe: of the training.
        trained: its folder.
        dev: texts that static ranges and the policy are computed on.
        scheme: how weights and activations are stored.
        refined: the folder of quantization-aware training, where the scheme needs it.
        left: the folder of what pruning left, where the scheme prunes.

    Returns:
        The graph, its facts and what of it is integer.
    """
    family = EVERY_FAMILY[recipe.family]
    network = family.network(recipe, read_tensors(refined or left or trained), trained)
    reasons: Mapping[str, str] = {}
    maps: Mapping[str, AffineMap] = {}
    if isinstance(scheme, Adaptive):
        table = network.weights().get(EMBEDDING)
        counts_V = None if table is None else token_counts(len(table), dev)
        moments = family.input_moments(network, dev)
        choice = choose(network.weights(), scheme, moments=moments, token_counts=counts_V)
        scheme, maps, reasons = choice.scheme, choice.maps, choice.reasons
    if refined is None:
        ranges = family.calibrate(network, dev, scheme)
    else:
        shapes = {name: values.shape for name, values in network.weights().items()}
        maps = read_maps(refined / MAPS, scheme, shapes)
        ranges = json.loads((refined / RANGES).read_text())
    built = family.build(network, scheme, ranges, maps)
    covered = coverage(built)
    facts = {
        "execution": built.execution,
        "embedding_bytes": built.embedding_bytes,
        "parameters": network.parameters,
        "quantized_bytes_share": covered.quantized_bytes_share,
        "integer_products_share": covered.integer_products_share,
    }
    return Compressed(built=built, facts=facts, reasons=reasons, coverage=covered)
