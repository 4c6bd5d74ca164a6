"""Finished models that emoray does not train: a graph that PyTorch or somebody else exported."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Never

import numpy as np

from emoray.models.recipe import Recipe
from emoray.quant.affine import AffineMap
from emoray.quant.scheme import ModelScheme
from emoray.stages.families.protocol import Family, TextStage, TrainStage
from emoray.stages.spec import Data, EncoderRef

if TYPE_CHECKING:
    from emoray.artifact.scoring import Texts
    from emoray.export.given.network import GivenNetwork  # with onnx
    from emoray.export.graph import Built
    from emoray.export.kernels import Ranges

GRAPH, FACTS = "graph.onnx", "given.json"  # of a finished reading of a model


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRecipe(Recipe):
    """How the model came about is not known."""

    tag: ClassVar[str] = "GivenRecipe"
    family: ClassVar[str] = "given"


def _untrained() -> Never:
    raise ValueError(
        "a model that emoray has no graph of its own for is stored as it is, got a scheme that "
        "trains or prunes: leave it out"
    )


class GivenFamily(Family[GivenRecipe, "GivenNetwork"]):
    """Graphs of `export/given`."""

    recipe = GivenRecipe
    unit = "pieces"
    texts_both_ways = 20

    def start_recipes(
        self, taxonomy: str, dims: Sequence[int], encoders: Sequence[EncoderRef]
    ) -> tuple[GivenRecipe, ...]:
        """None: nothing is trained."""
        return ()

    def most_tokens(self, recipe: GivenRecipe, data: Data) -> int:
        """The model's own limit."""
        return recipe.max_tokens

    def lengths(self, recipe: GivenRecipe, data: Data, limit: int) -> None:
        """None: texts are read as the model reads them."""
        return None

    def text_stage(self, recipe: GivenRecipe, data: Data) -> TextStage:
        """Refuse: the texts come with the model."""
        _untrained()

    def train_stage(self, recipe: GivenRecipe, data: Data) -> TrainStage:
        """Refuse: nothing is trained."""
        _untrained()

    def module(
        self, recipe: GivenRecipe, tensors: Mapping[str, np.ndarray], trained: Path
    ) -> Never:
        """Refuse: nothing is trained."""
        _untrained()

    def network(
        self, recipe: GivenRecipe, tensors: Mapping[str, np.ndarray], trained: Path
    ) -> "GivenNetwork":
        """The graph that the reading left, its outputs in the taxonomy's order."""
        from emoray.export.given.network import read_network_file

        said = json.loads((trained / FACTS).read_text())
        found = read_network_file(trained / GRAPH, np.array(said["columns"], np.int64))
        return replace(found, tokens=said["tokens"])

    def calibrate(
        self, network: "GivenNetwork", dev: "Texts", scheme: ModelScheme
    ) -> dict[str, tuple[float, float]] | None:
        """Static ranges by product; None where the scheme has none."""
        from emoray.export.given.calibrate import given_static_ranges

        return given_static_ranges(network, dev, scheme)

    def input_moments(self, network: "GivenNetwork", dev: "Texts") -> dict[str, np.ndarray]:
        """E[x_i²] (I,) of what each product reads."""
        from emoray.export.given.calibrate import given_input_moments

        return given_input_moments(network, dev)

    def build(
        self,
        network: "GivenNetwork",
        scheme: ModelScheme,
        ranges: "Ranges | None",
        maps: Mapping[str, AffineMap],
    ) -> "Built":
        """The ONNX model of the graph."""
        from emoray.export.given.graph import build_given

        return build_given(network, scheme, ranges, maps)

    def row_columns(self, recipe: GivenRecipe) -> dict[str, object]:
        """Columns of `points`, where no such model stands."""
        return {"hidden_units": 0, "pooling": "", "trainable_vectors": False}
