"""A spec comes back from its JSON, or is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from emoray.decide.ensemble import MeanProbabilities
from emoray.decide.thresholds import Fixed
from emoray.decide.weighing import FittedWeights, Greedy, MeanOf
from emoray.models.augmentation import BackTranslation
from emoray.models.sampling import Bootstrap
from emoray.quant.catalogue import all_schemes, bert_schemes, both_ways
from emoray.quant.scheme import Qat
from emoray.search import ensemble_plans, spaces
from emoray.stages.ensembles import Combine
from emoray.stages.spec import Decision, EncoderRef, all_decisions
from emoray.stages.spec_json import known, read_spec, spec_rows, written_spec
from emoray.storage.store.keys import digest, id_of, key_of
from tests.stages.chain import RECIPE, Chain

SCHEMES = {**all_schemes(), **bert_schemes(), **both_ways(Qat(epochs=3))}


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=str)
def test_every_scheme_comes_back(scheme: object) -> None:
    assert read_spec(written_spec(scheme)) == scheme


@pytest.mark.parametrize("name", spaces.GRIDS)
def test_every_recipe_of_a_grid_comes_back_with_its_id(name: str) -> None:
    for recipe in spaces.GRIDS[name]("ekman", [50]).recipes:
        again = read_spec(written_spec(recipe))
        assert again == recipe and digest(again) == digest(recipe)


def test_recipes_of_encoders_and_of_plans_come_back() -> None:
    encoder = EncoderRef(
        name="some", sha256="0" * 64, folder=Path("/nowhere"), width=384, layers=6, positions=512
    )
    bases = ensemble_plans.bases_of("diverse", "ekman", [50], [encoder])
    augmented = replace(RECIPE, augmentation=BackTranslation(), sample=Bootstrap())
    encoders = spaces.bert("ekman", [encoder]).recipes
    for recipe in (augmented, *encoders, *ensemble_plans.diverse(14, bases).recipes):
        assert read_spec(written_spec(recipe)) == recipe


def test_decisions_and_weighings_come_back() -> None:
    exact = Decision(temperature=0.1 + 0.2, rule=Fixed(1 / 3))
    for value in (all_decisions(), (exact,), Greedy(rounds=3), MeanOf(MeanProbabilities())):
        assert read_spec(written_spec(value)) == value
    assert read_spec(written_spec(FittedWeights(MeanProbabilities()))) == FittedWeights(
        MeanProbabilities()
    )


def test_a_class_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match=r"classes that are known here, got 'Popen'"):
        read_spec('{"args":["true"],"type":"Popen"}')


def test_fields_of_another_version_are_refused() -> None:
    with pytest.raises(ValueError, match=r"fields of its classes, got others for Fixed"):
        read_spec('{"type":"Fixed","value":0.5,"more":1}')
    with pytest.raises(ValueError, match=r"says the same when it is written again"):
        read_spec('{"type":"Fixed"}')


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="a spec is JSON, got 'Fixed"):
        read_spec("Fixed(0.5)")


def test_only_values_are_known_no_stages_and_no_paths() -> None:
    assert {"GloveRecipe", "BertRecipe", "ModelScheme", "Adaptive", "Decision"} <= set(known())
    assert not {"Compress", "Train", "CorpusRef", "Stanford"} & set(known())


def test_a_row_says_what_its_model_is_made_from(chain: Chain) -> None:
    combine = Combine.of(chain.decided[:2], Greedy(rounds=2), plan="seeds")
    rows = {row.model: row for row in spec_rows(chain.decided, [combine])}
    assert len(rows) == len(chain.decided) + 1
    for decide in chain.decided:
        row = rows[id_of(decide.compressed)]
        assert row.key == key_of(decide.compressed)
        assert read_spec(row.recipe) == RECIPE and read_spec(row.scheme) == decide.compressed.scheme
        assert read_spec(row.decisions) == decide.decisions
    together = rows[id_of(combine)]
    assert read_spec(together.weighing) == combine.weighing and together.recipe == ""
