"""One training on features: the same logits in Keras, in NumPy's definition and in PyTorch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from emoray.models.batches import PaddedTexts
from emoray.models.features.recipe import FeatureRecipe
from emoray.models.features.scaling import FARTHEST
from emoray.models.features.torch_module import FeatureModule
from emoray.models.features.training import train_features
from emoray.models.outcome import TrainedWeights
from tests.data.made_features import WIDTH, rows

RECIPE = FeatureRecipe(
    embedding_dim=WIDTH, hidden_units=5, epochs=3, batch_size=32, learning_rate=0.02
)
RECIPES = {
    "all features": RECIPE,
    "components": replace(RECIPE, embedding_dim=3),
    "no layers": replace(RECIPE, layers=0),
    "averaged": replace(RECIPE, layers=2, ema=0.9),
}


def padded(seed: int) -> PaddedTexts:
    features_NF, labels_NK = rows(seed=seed)
    lengths_N = np.full(len(features_NF), WIDTH)
    return PaddedTexts(ids_NL=features_NF, lengths_N=lengths_N, labels_NK=labels_NK)


def trained(recipe: FeatureRecipe) -> tuple[TrainedWeights, np.ndarray]:
    """The training, and the dev logits of its kept epoch as Keras gave them."""
    said: list[np.ndarray] = []

    def score(logits_NK: np.ndarray) -> float:
        said.append(logits_NK)
        return float(len(said))

    found = train_features(recipe, train=padded(0), dev=padded(1), score=score)
    return found, said[found.kept - 1]


def by_definition(tensors: dict[str, np.ndarray], rows_NF: np.ndarray) -> np.ndarray:
    value = (rows_NF - tensors["mean"]) * tensors["factor"]
    value = np.clip(value, -FARTHEST, FARTHEST)
    if "components.kernel" in tensors:
        value = value @ tensors["components.kernel"]
    layers = sum(name.startswith("dense") for name in tensors) // 2
    for i in range(layers):
        value = np.maximum(value @ tensors[f"dense{i}.kernel"] + tensors[f"dense{i}.bias"], 0)
    return np.asarray(value @ tensors["head.kernel"] + tensors["head.bias"])


@pytest.mark.parametrize("name", RECIPES)
def test_keras_numpy_and_torch_give_the_same_logits(name: str) -> None:
    found, kept_NK = trained(RECIPES[name])
    rows_NF = padded(1).ids_NL
    np.testing.assert_allclose(by_definition(found.tensors, rows_NF), kept_NK, atol=1e-4)
    module = FeatureModule(found.tensors, dropout=0.5).eval()
    with torch.inference_mode():
        said_NK = module(torch.from_numpy(rows_NF)).numpy()
    np.testing.assert_allclose(said_NK, kept_NK, atol=1e-4)
    again = module.tensors()
    assert again.keys() == found.tensors.keys()
    for tensor in found.tensors:
        np.testing.assert_array_equal(again[tensor], found.tensors[tensor])


def test_equal_seeds_give_equal_weights_and_another_seed_others() -> None:
    first, again = trained(RECIPE)[0], trained(RECIPE)[0]
    other = trained(replace(RECIPE, seed=1))[0]
    for name, tensor in first.tensors.items():
        np.testing.assert_array_equal(tensor, again.tensors[name])
    assert not np.array_equal(first.tensors["head.kernel"], other.tensors["head.kernel"])
