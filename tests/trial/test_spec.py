from dataclasses import fields, replace
from pathlib import Path

import pytest

from emoray.decide.thresholds import Fixed, OneForAll, PerLabel
from emoray.model.augmentation import BackTranslation
from emoray.model.losses import BCE, WeightedBCE
from emoray.model.recipe import GloveRecipe, Max, Mean
from emoray.model.sample import Bootstrap
from emoray.text.own_vectors.settings import OwnVectors
from emoray.text.vectors import Stanford
from emoray.trial.spec import (
    CorpusRef,
    Data,
    Decision,
    Fitted,
    VectorsRef,
    all_decisions,
    recipe_id,
)

CORPUS = CorpusRef(name="sample", sha256="0" * 64, folder=Path("/anywhere"))


def vectors(dim: int) -> VectorsRef:
    return VectorsRef(source=Stanford(dim=dim, path=Path(f"/x/{dim}")), sha256=f"{dim}")


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("inf"), float("nan")])
def test_a_temperature_that_divides_nothing_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature must be finite and above 0, got"):
        Decision(temperature=temperature)


def test_every_rule_is_tried_calibrated_and_not_and_no_decision_twice() -> None:
    decisions = all_decisions()
    assert len(set(decisions)) == len(decisions) == len({str(d) for d in decisions})
    for temperature in (Fitted(), 1.0):
        for rule in (Fixed(0.5), OneForAll(), PerLabel(), PerLabel(min_support=20)):
            assert Decision(temperature=temperature, rule=rule) in decisions
    assert len({d.temperature for d in decisions}) > 5
    assert str(Decision()) == "t=fitted per_label"


def test_vectors_of_the_very_width_come_first_then_the_narrowest_wider_ones() -> None:
    data = Data(corpus=CORPUS, vectors=(vectors(300), vectors(50), vectors(100)))
    assert [data.vectors_for(dim).dim for dim in (16, 50, 51, 100, 200)] == [50, 50, 100, 100, 300]
    assert vectors(50).name(50) == "glove.6B.50d"
    assert vectors(50).name(16) == "glove.6B.50d-pca16"


@pytest.mark.parametrize("have", [(vectors(50), vectors(100)), ()])
def test_more_dimensions_than_any_vectors_are_refused(have: tuple[VectorsRef, ...]) -> None:
    names = "glove.6B.50d, glove.6B.100d" if have else "none"
    with pytest.raises(ValueError, match=f"must not exceed .*, got 200 with {names}: put a wider"):
        Data(corpus=CORPUS, vectors=have).vectors_for(200)


OTHER = {
    "taxonomy": "sentiment",
    "pools": (Mean(), Max()),
    "trainable_vectors": True,
    "dropout": 0.1,
    "word_dropout": 0.1,
    "loss": WeightedBCE(0.4),
    "sample": Bootstrap(),
    "augmentation": BackTranslation(),
    "vectors": OwnVectors(),
}


def test_a_recipe_id_tells_every_knob_apart_but_the_seed() -> None:
    recipe = GloveRecipe(loss=BCE())
    ids = {recipe_id(recipe)}
    for field in fields(GloveRecipe):
        if field.name != "seed":
            now = getattr(recipe, field.name)
            value = OTHER.get(field.name) or type(now)(now / 2 + 2)
            ids.add(recipe_id(replace(recipe, **{field.name: value})))
    assert len(ids) == len(fields(GloveRecipe))
    assert recipe_id(replace(recipe, seed=3)) == recipe_id(recipe)
