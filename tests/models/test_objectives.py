"""What may be learned from, and with which losses."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from emoray.models.encoder.recipe import BertRecipe
from emoray.models.losses import BCE, NUMPY, Asymmetric, Focal, Loss, WeightedBCE
from emoray.models.objectives import Distilled, MoreTexts, Supervised
from emoray.models.recipe import Recipe
from emoray.models.word.recipe import GloveRecipe
from emoray.storage.store.keys import digest

LOSSES = (BCE(), WeightedBCE(), WeightedBCE(1.0), Focal(), Focal(gamma=1.0), Asymmetric())


def best_answer(loss: Loss, target: float, prior: float) -> float:
    """The probability of least loss for one target, without what weights add to its logit."""
    prior_K = np.array([prior])
    found = minimize_scalar(
        lambda z: float(loss.of(np.array([[z]]), np.array([[target]]), prior_K, NUMPY)[0, 0]),
        bounds=(-12, 12),
        method="bounded",
    )
    odds = found.x - np.log(loss.positive_weights(prior_K)[0])
    return float(1 / (1 + np.exp(-odds)))


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_a_loss_is_soft_where_its_best_answer_to_a_target_is_that_target(loss: Loss) -> None:
    targets = np.array([0.1, 0.3, 0.5, 0.8])
    found = np.array([best_answer(loss, target, prior=0.2) for target in targets])
    assert bool(np.abs(found - targets).max() < 1e-3) is loss.soft


@pytest.mark.parametrize("recipe", [GloveRecipe(), BertRecipe()], ids=["glove", "bert"])
@pytest.mark.parametrize("loss", [Focal(), Asymmetric()], ids=str)
def test_a_teacher_is_refused_with_a_loss_for_true_labels_alone(recipe: Recipe, loss: Loss) -> None:
    assert replace(recipe, loss=loss).objective == Supervised()
    with pytest.raises(ValueError, match=r"targets between 0 and 1.*choose bce or weighted_bce"):
        replace(recipe, loss=loss, objective=Distilled(teacher="somewhere"))


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"folds": 0}, "folds must be at least 1, got 0"),
        ({"hard": 1.5}, r"hard must lie in \[0, 1\], got 1.5"),
        ({"temperature": 0.0}, "temperature must be finite and above 0, got 0.0"),
    ],
)
def test_an_objective_refuses_what_means_nothing(knobs: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Distilled(**knobs)


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"copies": 0}, "copies must be at least 1 without unlabelled texts, got 0"),
        ({"mask": 1.0}, r"mask must lie in \[0, 1\), got 1.0"),
        ({"splice": 0.7, "ngrams": 0.6}, "at most 1 together, got 0.7 and 0.6"),
    ],
)
def test_transfer_texts_that_mean_nothing_are_refused(knobs: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MoreTexts(**knobs)


def test_an_objective_is_called_by_its_teacher_and_what_it_mixes() -> None:
    assert str(Distilled(teacher="results/run/artifacts/best")) == "distilled(best h0.5)"
    found = Distilled(
        teacher="big", folds=2, hard=0.25, temperature=2, transfer=MoreTexts(unlabelled="a/b.txt")
    )
    assert str(found) == "distilled(big f2 h0.25 t2 x2m0.15s0.25n0.5+b.txt)"
    assert str(GloveRecipe(objective=found)).endswith(f" bce {found}")


def test_a_supervised_recipe_has_the_key_that_it_had_before_there_were_teachers() -> None:
    plain = GloveRecipe()
    assert digest(plain) == digest(replace(plain, objective=Supervised()))
    assert digest(plain) != digest(replace(plain, objective=Distilled()))
