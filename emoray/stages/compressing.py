"""A training and a scheme become a model: ranges calibrated, the policy asked, the graph built."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emoray.artifact.scoring import Texts
from emoray.export.calibrate import input_moments, token_counts
from emoray.export.coverage import Coverage, coverage
from emoray.export.encoder import calibrate as bert_calibrate
from emoray.export.encoder.layers import build_encoder as build_encoder
from emoray.export.encoder.network import Encoder
from emoray.export.graph import Built, build_graph
from emoray.export.network import Network
from emoray.quant.affine import AffineMap
from emoray.quant.policy import Adaptive, Scheme, choose
from emoray.quant.scheme import EMBEDDING, ModelScheme
from emoray.stages.families import calibrated, network_of, read_tensors
from emoray.stages.qat import MAPS, RANGES, read_maps
from emoray.stages.spec import Recipe


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compressed:
    """A model, its facts for the tables, and why the policy treats each weight as it does."""

    built: Built
    facts: dict[str, object]
    coverage: Coverage
    reasons: Mapping[str, str] = field(default_factory=dict)


def _build(
    network: Network | Encoder,
    scheme: ModelScheme,
    ranges: Mapping[str, tuple[float, float]] | None,
    maps: Mapping[str, AffineMap],
) -> Built:
    if isinstance(network, Encoder):
        return build_encoder(network, scheme, ranges, maps)
    return build_graph(network, scheme, ranges, maps)


def _moments(network: Network | Encoder, dev: Texts) -> dict[str, np.ndarray]:
    if isinstance(network, Encoder):
        return bert_calibrate.encoder_input_moments(network, dev)
    return input_moments(network, dev)


def compressed(
    recipe: Recipe, trained: Path, dev: Texts, scheme: Scheme, refined: Path | None = None
) -> Compressed:
    """The model of a finished training, or of its refinement, under a scheme.

    dev: texts that static ranges and the policy look at.
    """
    tensors = read_tensors(refined or trained)
    network = network_of(recipe, tensors, trained)
    reasons: Mapping[str, str] = {}
    maps: Mapping[str, AffineMap] = {}
    if isinstance(scheme, Adaptive):
        counts_V = token_counts(len(network.weights()[EMBEDDING]), dev)
        choice = choose(
            network.weights(), scheme, moments=_moments(network, dev), token_counts=counts_V
        )
        scheme, maps, reasons = choice.scheme, choice.maps, choice.reasons
    if refined is None:
        ranges = calibrated(network, dev, scheme)
    else:
        shapes = {name: values.shape for name, values in network.weights().items()}
        maps = read_maps(refined / MAPS, scheme, shapes)
        ranges = json.loads((refined / RANGES).read_text())
    built = _build(network, scheme, ranges, maps)
    covered = coverage(built)
    facts = {
        "execution": built.execution,
        "embedding_bytes": built.embedding_bytes,
        "parameters": network.parameters,
        "quantized_bytes_share": covered.quantized_bytes_share,
        "integer_products_share": covered.integer_products_share,
    }
    return Compressed(built=built, facts=facts, reasons=reasons, coverage=covered)
