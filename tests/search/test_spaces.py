from dataclasses import replace

import optuna
import pytest

from emoray.decide.thresholds import Fixed
from emoray.models.word.initial_vectors import PretrainedVectors
from emoray.quant.catalogue import all_schemes, quick_schemes
from emoray.quant.scheme import FLOAT
from emoray.search.joint_space import JointSpace
from emoray.search.overrides import SpaceOverrides, named_space, own_vectors
from emoray.search.spaces import GRIDS, Space
from emoray.stages.spec import Decision, Fitted


def grid(name: str, *dims: int) -> Space:
    space = named_space(name, "ekman", dims, trials=1)
    assert isinstance(space, Space)
    return space


def joint(*dims: int, trials: int = 5) -> JointSpace:
    space = named_space("joint", "ekman", dims, trials=trials)
    assert isinstance(space, JointSpace)
    return space


def test_an_unknown_space_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(
        ValueError,
        match=r"one of smoke, quick, seed, qat, features, distil, prune, tasks, joint, "
        r"features-joint, .*got 'huge'",
    ):
        named_space("huge", "ekman", [50], trials=1)


@pytest.mark.parametrize("part", ["recipes", "schemes", "decisions"])
def test_a_space_with_nothing_to_try_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match=f"a search space needs {part}, got none"):
        replace(grid("smoke", 50), **{part: ()})


@pytest.mark.parametrize("dims", [(50,), (50, 100), (10,), (50, 300)], ids=str)
@pytest.mark.parametrize("name", GRIDS)
def test_no_recipe_is_wider_than_the_vectors_or_there_twice(name: str, dims: tuple[int]) -> None:
    space = grid(name, *dims)
    assert max(r.embedding_dim for r in space.recipes) <= max(dims)
    assert len(set(space.recipes)) == len(space.recipes)
    assert len(set(space.every_recipe)) == len(space.every_recipe) == space.trials
    assert space.models == space.trials * len(space.schemes)
    assert {r.taxonomy for r in space.recipes} == {"ekman"}
    assert FLOAT in space.schemes, "what quantization costs is told against float"


def test_the_survey_is_dimensions_by_layers_by_five_seeds_under_every_scheme() -> None:
    for dims, widths in (((50,), 1), ((50, 100), 2), ((50, 100, 300), 3)):
        space = grid("seed", *dims)
        assert space.trials == widths * 5 * 5
        assert {r.layers for r in space.recipes} == {0, 1, 2, 3, 4}
        assert {r.seed for r in space.recipes} == set(range(5))
        assert {r.epochs for r in space.recipes} == {30}
        assert len(space.schemes) == len(all_schemes()) > 60


def test_the_quick_space_compares_frozen_with_trained_and_repeats_what_it_recommends() -> None:
    space = grid("quick", 50, 100)
    assert {r.trainable_vectors for r in space.recipes} == {True, False}
    assert len({r.layers for r in space.recipes}) >= 3
    assert len({r.embedding_dim for r in space.recipes if r.trainable_vectors}) >= 2
    trained = [r for r in space.recipes if r.trainable_vectors]
    assert len({r.without_seed() for r in trained}) * 2 == len(trained)
    assert space.schemes == tuple(quick_schemes().values())


def test_a_joint_trial_becomes_an_operating_point_of_all_five_knobs() -> None:
    space = joint(50)
    dims = {recipe.embedding_dim for recipe in space.recipes}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    specs = []
    for _ in range(60):
        trial = study.ask()
        space.ask(trial)
        specs.append(space.spec(trial.params))
        assert space.spec(dict(trial.params)) == specs[-1]
    assert {s.recipe.embedding_dim for s in specs} == dims
    assert max(dims) == 50
    assert {s.recipe.layers for s in specs} == {0, 1, 2}
    assert len({str(s.scheme) for s in specs}) > 20
    assert len({str(s.decision.rule).rstrip("0123456789.") for s in specs}) == 4
    temperatures = {s.decision.temperature for s in specs}
    assert Fitted() in temperatures and len(temperatures) > 5
    fitted = [s.decision for s in specs if not isinstance(s.decision.rule, Fixed)]
    assert fitted == [Decision(rule=d.rule) for d in fitted], "they decide alike at any temperature"
    fixed = [s.decision.rule for s in specs if isinstance(s.decision.rule, Fixed)]
    assert all(0.05 <= rule.value <= 0.95 for rule in fixed)


def test_a_joint_point_is_what_its_parameters_say() -> None:
    space = joint(50, 100)
    scheme = list(space.schemes)[3]
    spec = space.spec(
        {
            "embedding_dim": 64,
            "layers": 2,
            "scheme": scheme,
            "calibrated": False,
            "temperature": 1.5,
            "threshold_rule": "fixed",
            "threshold": 0.3,
        }
    )
    assert (spec.recipe.embedding_dim, spec.recipe.layers) == (64, 2)
    assert str(spec.scheme) == scheme
    assert (spec.decision.temperature, spec.decision.rule) == (1.5, Fixed(0.3))


def test_a_joint_space_counts_its_trials() -> None:
    space = joint(50, trials=9)
    assert space.models == space.trials == 9


def test_a_wish_changes_a_grid_and_keeps_each_recipe_once() -> None:
    overrides = SpaceOverrides(dims=(8, 16), layers=(0,), seeds=3)
    space = named_space("smoke", "ekman", [50], trials=1, overrides=overrides)
    assert isinstance(space, Space)
    assert len(set(space.recipes)) == len(space.recipes)
    assert {r.embedding_dim for r in space.recipes} == {8, 16}
    assert {r.layers for r in space.recipes} == {0}
    assert {r.seed for r in space.recipes} == {0, 1, 2}
    assert named_space("smoke", "ekman", [50], trials=1, overrides=SpaceOverrides()) == grid(
        "smoke", 50
    )


def test_a_wish_is_refused_where_the_searcher_chooses() -> None:
    with pytest.raises(ValueError, match="dims, layers and seeds change a grid"):
        named_space("joint", "ekman", [50], trials=1, overrides=SpaceOverrides(layers=(1,)))


def test_vectors_that_are_named_start_every_recipe_of_a_grid() -> None:
    given, own = (
        SpaceOverrides.from_options((), (), None, ["given"]),
        SpaceOverrides.from_options((), (), None, ["own-ppmi"]),
    )
    for name, each in (("smoke", given), ("smoke", own), ("quick", given), ("quick", own)):
        space = named_space(name, "ekman", [50], overrides=each)
        assert isinstance(space, Space)
        assert {r.vectors for r in space.recipes} == set(each.vectors)
        assert own_vectors(space) == [str(v) for v in each.vectors if v != PretrainedVectors()]
    both = SpaceOverrides.from_options((8,), (0,), None, ["given", "own-ppmi", "own-glove"])
    space = named_space("smoke", "ekman", [50], overrides=both)
    assert len({str(r.vectors) for r in space.recipes}) == 3
    assert given.needs_given and both.needs_given and not own.needs_given


def test_the_quick_space_holds_own_vectors_beside_given_ones_of_their_width() -> None:
    recipes = grid("quick", 50, 100).recipes
    own = [r for r in recipes if r.vectors != PretrainedVectors()]
    assert len(own) == 2
    assert {replace(r, vectors=PretrainedVectors()) for r in own} <= set(recipes)


def test_own_vectors_alone_are_as_wide_as_a_space_asks() -> None:
    overrides = SpaceOverrides.from_options((), (), None, ["own-ppmi"])
    space = named_space("seed", "ekman", (), overrides=overrides)
    assert isinstance(space, Space)
    assert {r.embedding_dim for r in space.recipes} == {50, 100, 300}


def test_a_joint_search_chooses_among_the_vectors_that_are_named() -> None:
    overrides = SpaceOverrides.from_options((), (), None, ["given", "own-ppmi"])
    space = named_space("joint", "ekman", [50], trials=1, overrides=overrides)
    assert isinstance(space, JointSpace) and own_vectors(space) == ["own-ppmi"]
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found = set()
    for _ in range(20):
        trial = study.ask()
        space.ask(trial)
        found.add(str(space.spec(trial.params).recipe.vectors))
    assert found == {"given", "own-ppmi"}
    assert space.name != joint(50).name, "a study of other knobs is another study"


def test_vectors_of_an_unknown_name_are_refused_and_the_known_ones_named() -> None:
    with pytest.raises(ValueError, match="are given, own-ppmi, own-glove, got 'fasttext'"):
        SpaceOverrides.from_options((), (), None, ["fasttext"])


def test_the_space_of_features_asks_for_no_more_dimensions_than_there_are() -> None:
    space = named_space("features", "own", (40,))
    assert isinstance(space, Space)
    assert {recipe.embedding_dim for recipe in space.recipes} == {16, 32, 40}
    assert {recipe.layers for recipe in space.recipes} == {0, 1, 2}
    assert {recipe.seed for recipe in space.recipes} == {0, 1, 2}
    assert not any(getattr(scheme, "embedding", None) for scheme in space.schemes[:9])
    joint = named_space("features-joint", "own", (40,), trials=5)
    assert isinstance(joint, JointSpace)
    assert {recipe.family for recipe in joint.recipes} == {"features"} and joint.trials == 5


@pytest.mark.parametrize("name", ["features", "features-joint"])
def test_a_space_of_features_starts_from_no_word_vectors(name: str) -> None:
    with pytest.raises(ValueError, match=f"for spaces of words, got them with space {name}: leave"):
        named_space(name, "own", (40,), overrides=SpaceOverrides(vectors=(PretrainedVectors(),)))
