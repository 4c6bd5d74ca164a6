import pytest

from emoray.models.encoder.recipe import BertRecipe
from emoray.models.sampling import Bootstrap, Whole
from emoray.models.word.recipe import GloveRecipe
from emoray.search.ensemble_plans import PLANS, EnsemblePlan, bases_of, checked_plan
from emoray.stages.spec import EncoderRef, Recipe
from tests.search.test_encoder_space import SMALL

DIMS = (50, 300)


def plan(name: str, members: int, encoders: tuple[EncoderRef, ...] = ()) -> EnsemblePlan:
    return PLANS[name](members, bases_of(name, "ekman", DIMS, encoders))


def knobs(recipe: Recipe, *names: str) -> tuple[str, ...]:
    return tuple(str(getattr(recipe, name)) for name in names)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("members", [2, 5, 17])
def test_a_plan_has_as_many_different_members_as_asked_for(name: str, members: int) -> None:
    recipes = plan(name, members).recipes
    assert len(recipes) == members == len(set(recipes))
    assert [recipe.seed for recipe in recipes] == list(range(members))
    assert all(recipe.taxonomy == "ekman" for recipe in recipes)


def test_a_shorter_plan_is_the_beginning_of_a_longer_one() -> None:
    for name in PLANS:
        assert plan(name, 7).recipes[:3] == plan(name, 3).recipes


def test_members_of_the_plan_seeds_differ_in_their_seed_alone() -> None:
    recipes = plan("seeds", 4).recipes
    assert len({recipe.without_seed() for recipe in recipes}) == 1
    assert recipes[0].sample == Whole()


def test_bootstrap_draws_for_every_member() -> None:
    assert {recipe.sample for recipe in plan("bootstrap", 3).recipes} == {Bootstrap()}


def test_diverse_varies_every_dear_knob() -> None:
    recipes = plan("diverse", 7).recipes
    for name in ("embedding_dim", "layers", "loss", "pools", "sample"):
        assert len({knobs(recipe, name) for recipe in recipes}) > 1, name
    assert len({recipe.without_seed() for recipe in recipes}) == 7


def test_families_take_turns_where_both_are_there() -> None:
    recipes = plan("diverse", 5, (SMALL,)).recipes
    assert [type(r) for r in recipes] == [BertRecipe, GloveRecipe] * 2 + [BertRecipe]


def test_an_encoder_alone_is_what_seeds_and_bootstraps_repeat() -> None:
    for name in ("seeds", "bootstrap"):
        assert {type(r) for r in plan(name, 3, (SMALL,)).recipes} == {BertRecipe}


def test_the_epochs_that_are_asked_for_are_those_of_every_member() -> None:
    bases = bases_of("diverse", "ekman", DIMS, (SMALL,), epochs=1)
    assert {recipe.epochs for recipe in bases} == {1}


def test_an_ensemble_of_one_is_no_plan() -> None:
    with pytest.raises(ValueError, match=r"at least 2 different members, got 1: .* --members"):
        plan("seeds", 1)


def test_an_unknown_plan_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a plan is one of seeds, .* got 'boosting': pick one"):
        checked_plan("boosting")


def test_a_corpus_of_features_has_members_of_their_family() -> None:
    for name in PLANS:
        bases = bases_of(name, "own", (64,), (), features=True)
        assert {(base.family, base.embedding_dim) for base in bases} == {("features", 64)}
        assert len(set(PLANS[name](6, bases).recipes)) == 6
