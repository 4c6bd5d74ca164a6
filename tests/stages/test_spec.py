from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from emoray.decide.thresholds import Fixed, OneForAll, PerLabel
from emoray.models.augmentation import BackTranslation
from emoray.models.contrast import Contrast
from emoray.models.heads import Head
from emoray.models.losses import BCE, WeightedBCE
from emoray.models.objectives import Distilled
from emoray.models.sampling import Bootstrap
from emoray.models.word.recipe import GloveRecipe, Max, Mean
from emoray.stages.fitted import fit_decisions
from emoray.stages.spec import (
    RULES,
    TEMPERATURES,
    THRESHOLDS,
    CorpusRef,
    Data,
    Decision,
    Fitted,
    Rule,
    VectorsRef,
    all_decisions,
    distinct,
    recipe_id,
)
from emoray.text.vectors.settings import OwnVectors
from emoray.text.vectors.sources import Stanford
from tests.metrics.made import made

CORPUS = CorpusRef(name="sample", sha256="0" * 64, folder=Path("/anywhere"))


def vectors(dim: int) -> VectorsRef:
    return VectorsRef(source=Stanford(dim=dim, path=Path(f"/x/{dim}")), sha256=f"{dim}")


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("inf"), float("nan")])
def test_a_temperature_that_divides_nothing_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature must be finite and above 0, got"):
        Decision(temperature=temperature)


def test_every_rule_is_tried_calibrated_and_no_decision_twice() -> None:
    decisions = all_decisions()
    assert len(set(decisions)) == len(decisions) == len({str(d) for d in decisions})
    for rule in (Fixed(0.5), OneForAll(), PerLabel(), PerLabel(min_support=20)):
        assert Decision(rule=rule) in decisions
    assert len({d.temperature for d in decisions}) > 5
    assert str(Decision()) == "t=fitted per_label"


def test_no_two_of_all_decisions_cut_the_same_logits() -> None:
    logits_NK, labels_NK = made(300, 4, seed=0)
    cuts_RK = fit_decisions(all_decisions(), logits_NK, labels_NK).cuts_RK
    assert len(np.unique(cuts_RK.round(8), axis=0)) == len(cuts_RK)


def test_nothing_is_lost_where_decisions_that_are_alike_are_one() -> None:
    every = [Decision(temperature=t, rule=r) for t in (Fitted(), *TEMPERATURES) for r in RULES]
    every += [Decision(temperature=t, rule=Fixed(s)) for t in TEMPERATURES for s in THRESHOLDS]
    logits_NK, labels_NK = made(300, 4, seed=0)
    whole, kept = (
        fit_decisions(some, logits_NK, labels_NK).cuts_RK.round(8)
        for some in (every, distinct(every))
    )
    assert set(map(tuple, whole)) == set(map(tuple, kept))
    assert len(kept) == len(np.unique(whole, axis=0))


@pytest.mark.parametrize(
    ("twins", "kept"),
    [
        ([(t, Fixed(0.5)) for t in (0.5, Fitted(), 2.0)], (Fitted(), Fixed(0.5))),
        ([(1.0, PerLabel()), (Fitted(), PerLabel())], (Fitted(), PerLabel())),
        ([(0.5, OneForAll()), (0.9, OneForAll()), (2.0, OneForAll())], (0.9, OneForAll())),
        ([(2.0, Fixed(0.75)), (1.0, Fixed(0.9))], (1.0, Fixed(0.9))),
    ],
)
def test_of_decisions_that_are_alike_the_calibrated_one_is_kept(
    twins: list[tuple[Fitted | float, Rule]], kept: tuple[Fitted | float, Rule]
) -> None:
    decisions = [Decision(temperature=t, rule=rule) for t, rule in twins]
    assert distinct(decisions) == (Decision(temperature=kept[0], rule=kept[1]),)


def test_decisions_that_cut_elsewhere_all_stay() -> None:
    decisions = (
        Decision(temperature=0.9, rule=Fixed(0.4)),
        Decision(temperature=1.0, rule=Fixed(0.4)),
        Decision(rule=Fixed(0.4)),
        Decision(rule=PerLabel(min_support=20)),
        Decision(),
    )
    assert distinct(decisions) == decisions
    assert [d.cuts_are_fitted for d in decisions] == [False, False, True, True, True]
    assert not Decision(rule=Fixed(0.5)).cuts_are_fitted


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
    "ema": 0.9,
    "loss": WeightedBCE(0.4),
    "sample": Bootstrap(),
    "augmentation": BackTranslation(),
    "vectors": OwnVectors(),
    "heads": (Head("sentiment"),),
    "objective": Distilled(teacher="best"),
    "auxiliary": Contrast(),
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
