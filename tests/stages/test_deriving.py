"""Decisions in a coarser taxonomy, from logits of a finer model. Shapes: N texts, K labels."""

import numpy as np
import pytest

from emoray.artifact.runtime import WAYS, derived_logits
from emoray.labels import Taxonomy
from emoray.stages.decision_columns import ModelLogits
from emoray.stages.deriving import derivation_on_dev

GROUPS = ((0, 1, 2), (3,), (4, 5))
COARSE = Taxonomy(name="mood", labels=("a", "b", "c"), members=GROUPS, of=tuple("uvwxyz"))
RNG = np.random.default_rng(0)
LOGITS_NK = RNG.normal(scale=3, size=(200, 6)).astype(np.float32)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def by_definition(way: str, temperature: float) -> np.ndarray:
    p_NK = sigmoid(LOGITS_NK.astype(np.float64) / temperature)
    of = {
        "noisy_or": lambda p_NM: 1 - np.prod(1 - p_NM, axis=1),
        "max": lambda p_NM: p_NM.max(axis=1),
        "sum": lambda p_NM: np.minimum(p_NM.sum(axis=1), 1 - 1e-6),
    }[way]
    return np.stack([of(p_NK[:, list(group)]) for group in GROUPS], axis=1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_each_way_is_its_definition(way: str, temperature: float) -> None:
    found = derived_logits(LOGITS_NK, GROUPS, way, temperature)
    assert found.dtype == np.float32
    np.testing.assert_allclose(sigmoid(found), by_definition(way, temperature), atol=2e-6)


@pytest.mark.parametrize("way", WAYS)
def test_a_group_of_one_label_is_that_label(way: str) -> None:
    found = derived_logits(LOGITS_NK, GROUPS, way, 2.0)
    np.testing.assert_allclose(found[:, 1], LOGITS_NK[:, 3] / 2, atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("extreme", [-1e4, -800.0, 800.0, 1e4])
def test_extreme_logits_stay_finite_and_in_order(way: str, extreme: float) -> None:
    logits_NK = np.full((2, 6), extreme, np.float32)
    logits_NK[1] = 0
    found = derived_logits(logits_NK, GROUPS, way, 0.05)
    assert np.isfinite(found).all()
    assert ((found[0] < found[1]) == (extreme < 0)).all()


def _logits(labels_NK: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (4 * labels_NK - 3 + rng.normal(scale=1.5, size=labels_NK.shape)).astype(np.float32)


def test_the_way_is_the_best_on_dev_and_truth_is_a_union() -> None:
    rng = np.random.default_rng(1)
    dev, test = (rng.random((400, 6)) < 0.2 for _ in range(2))
    model = ModelLogits(
        dev_NK=_logits(dev, rng),
        dev_labels_NK=dev,
        test_NK=_logits(test, rng),
        test_labels_NK=test,
        leaked_N=np.zeros(400, bool),
        two_ways=(LOGITS_NK, LOGITS_NK),
    )
    found = derivation_on_dev(COARSE, model)
    assert set(found.dev_macro_f1) == set(WAYS)
    assert found.dev_macro_f1[found.way] == max(found.dev_macro_f1.values()) > 0.6
    assert found.groups == {"a": ["u", "v", "w"], "b": ["x"], "c": ["y", "z"]}
    derived = found.of(model)
    np.testing.assert_array_equal(derived.test_labels_NK[:, 2], test[:, 4] | test[:, 5])
    np.testing.assert_array_equal(derived.dev_NK, found.logits(model.dev_NK))
    assert derived.two_ways is not None and derived.two_ways[0].shape == (200, 3)
