"""Auxiliary heads: what they add to a training's labels, and what is left of them after it."""

import numpy as np
import pytest

from emoray.models.encoder.recipe import BertRecipe
from emoray.models.heads import Head, with_heads, without_heads
from emoray.models.recipe import Recipe
from emoray.models.word.recipe import GloveRecipe
from emoray.storage.store.keys import digest

LABELS_NK = np.eye(3, dtype=np.uint8)
COARSE_NH = np.array([[1, 0], [1, 0], [0, 1]], np.uint8)


def test_labels_of_heads_stand_after_the_models_own_and_count_their_weight() -> None:
    labels_NK, weights_K = with_heads(LABELS_NK, (Head("b", 0.5),), {"b": COARSE_NH})
    np.testing.assert_array_equal(labels_NK, np.hstack([LABELS_NK, COARSE_NH]))
    np.testing.assert_array_equal(weights_K, np.float32([1, 1, 1, 0.5, 0.5]))


def test_a_finished_model_has_no_heads() -> None:
    tensors = {
        "head.kernel": np.arange(10.0).reshape(2, 5),
        "head.bias": np.arange(5.0),
        "other": np.ones(5),
    }
    found = without_heads(tensors, 3)
    np.testing.assert_array_equal(found["head.kernel"], tensors["head.kernel"][:, :3])
    np.testing.assert_array_equal(found["head.bias"], [0, 1, 2])
    assert found["other"] is tensors["other"]


@pytest.mark.parametrize("kind", [GloveRecipe, BertRecipe])
def test_heads_are_part_of_a_recipes_name_and_key_and_their_lack_is_not(kind: type[Recipe]) -> None:
    plain, joint = kind(taxonomy="goemotions"), kind(taxonomy="goemotions", heads=(Head("ekman"),))
    assert str(joint) == str(plain).replace(str(plain.loss), f"{plain.loss} +ekman*0.3")
    assert digest(plain) == digest(kind(taxonomy="goemotions", heads=())) != digest(joint)


@pytest.mark.parametrize("kind", [GloveRecipe, BertRecipe])
@pytest.mark.parametrize("heads", [(Head("ekman"),), (Head("sentiment"), Head("sentiment", 1))])
def test_a_taxonomy_is_learned_once(kind: type[Recipe], heads: tuple[Head, ...]) -> None:
    with pytest.raises(ValueError, match=r"each once, got (ekman|sentiment) twice: leave it out"):
        kind(taxonomy="ekman", heads=heads)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("inf"), float("nan")])
def test_a_head_counts_something(weight: float) -> None:
    with pytest.raises(ValueError, match=r"a head's weight is above 0, got .* for ekman"):
        Head("ekman", weight)
