from pathlib import Path

import optuna
import pytest

from emoray.models.encoder.recipe import BertRecipe
from emoray.quant.scheme import FLOAT, ModelScheme
from emoray.search.joint_space import JointSpace
from emoray.search.overrides import SpaceOverrides, encoders_needed, named_space
from emoray.search.spaces import BERT_GRIDS, Space
from emoray.stages.plan import deciding, training
from emoray.stages.qat import QuantizationAwareTraining
from emoray.stages.spec import CorpusRef, Data, EncoderRef

SMALL = EncoderRef(
    name="small", sha256="0" * 64, folder=Path("small"), width=48, layers=5, positions=40
)
LARGE = EncoderRef(
    name="large", sha256="1" * 64, folder=Path("large"), width=96, layers=12, positions=512
)
DATA = Data(
    corpus=CorpusRef(name="sample", sha256="2" * 64, folder=Path("sample")),
    encoders=(SMALL, LARGE),
)


def grid(name: str, overrides: SpaceOverrides | None = None) -> Space:
    space = named_space(name, "ekman", (), encoders=DATA.encoders, overrides=overrides)
    assert isinstance(space, Space)
    return space


def joint() -> JointSpace:
    space = named_space("bert-joint", "sentiment", (), encoders=DATA.encoders, trials=3)
    assert isinstance(space, JointSpace)
    return space


@pytest.mark.parametrize("name", BERT_GRIDS)
def test_every_fine_tuning_is_one_that_its_encoder_can_give(name: str) -> None:
    space = grid(name)
    assert encoders_needed(name)
    assert FLOAT in space.schemes
    assert {r.encoder for r in space.recipes if isinstance(r, BertRecipe)} == {"small", "large"}
    for recipe in space.recipes:
        training(recipe, DATA)  # refuses what an encoder has not


def test_the_survey_tries_each_encoder_whole_at_half_its_layers_and_factorised() -> None:
    found = {(r.layers, r.embedding_dim) for r in grid("bert").recipes if "small" in str(r)}
    assert found == {(5, 48), (3, 48), (5, 16)}


def test_an_encoder_is_pruned_once_for_all_codes_and_healed_once() -> None:
    space = grid("bert-prune")
    train = training(space.recipes[0], DATA)
    made = [deciding(train, scheme, space.decisions).compressed for scheme in space.schemes]
    prunings = {str(scheme.prune) for scheme in space.schemes if scheme.prune}
    assert len({each.pruned for each in made if each.pruned}) == len(prunings) == 3
    healed = {each.left for each in made if each.left != each.pruned}
    assert len(healed) == 2


def test_schemes_that_train_for_their_codes_get_a_stage_of_their_own() -> None:
    space = grid("bert")
    train = training(space.recipes[0], DATA)
    refined = {}
    for scheme in space.schemes:
        decide = deciding(train, scheme, space.decisions)
        refined[str(scheme)] = decide.compressed.refined
        wanted = isinstance(scheme, ModelScheme) and scheme.qat is not None
        assert (decide.compressed.refined is not None) is wanted
    assert sum(isinstance(stage, QuantizationAwareTraining) for stage in refined.values()) >= 4


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (SpaceOverrides(layers=(13,)), r"layers must not exceed the encoder's 5, got 13 for small"),
        (
            SpaceOverrides(dims=(64,)),
            r"embedding_dim must not exceed the encoder's 48, got 64 for small",
        ),
    ],
    ids=["layers", "rank"],
)
def test_more_than_an_encoder_has_is_refused_before_any_worker_starts(
    overrides: SpaceOverrides, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        for recipe in grid("bert", overrides).recipes:
            training(recipe, DATA)


def test_texts_longer_than_the_positions_are_refused() -> None:
    with pytest.raises(ValueError, match="max_tokens must not exceed the encoder's 40, got 64"):
        training(BertRecipe(encoder="small", layers=2, embedding_dim=48), DATA)


def test_an_encoder_that_is_not_at_hand_is_refused() -> None:
    with pytest.raises(ValueError, match="must be at hand, got 'other' with small, large"):
        DATA.encoder("other")


def test_the_joint_search_asks_for_every_dear_and_cheap_knob() -> None:
    space, study = joint(), optuna.create_study()
    for _ in range(30):
        trial = study.ask()
        space.ask(trial)
        spec = space.spec(trial.params)
        assert isinstance(spec.recipe, BertRecipe)
        training(spec.recipe, DATA)  # whichever encoder it took
        assert spec.recipe.taxonomy == "sentiment"
        assert str(spec.recipe.loss) == trial.params["loss"]
        assert str(spec.recipe.pooling) == trial.params["pooling"]
        assert str(spec.recipe.pieces) == trial.params["pieces"]
        assert spec.recipe.layers == trial.params["layers"]
    asked = {"encoder", "layers", "embedding_dim", "pooling", "pieces", "loss", "scheme"}
    assert asked <= set(trial.params)
