from dataclasses import replace

import optuna
import pytest

from emoray.decide.thresholds import Fixed
from emoray.fleet.space import GRIDS, JointSpace, Space, Wish, named
from emoray.quant.catalogue import all_schemes, quick_schemes
from emoray.quant.scheme import FLOAT
from emoray.trial.spec import Fitted


def grid(name: str, *dims: int) -> Space:
    space = named(name, "ekman", dims, trials=1)
    assert isinstance(space, Space)
    return space


def joint(*dims: int, trials: int = 5) -> JointSpace:
    space = named("joint", "ekman", dims, trials=trials)
    assert isinstance(space, JointSpace)
    return space


def test_an_unknown_space_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(
        ValueError, match=r"one of smoke, quick, seed, qat, joint, bert-.*got 'huge'"
    ):
        named("huge", "ekman", [50], trials=1)


@pytest.mark.parametrize("part", ["recipes", "schemes", "decisions"])
def test_a_space_with_nothing_to_try_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match=f"a search space needs {part}, got none"):
        replace(grid("smoke", 50), **{part: ()})


@pytest.mark.parametrize("dims", [(50,), (50, 100), (10,), (50, 300)], ids=str)
@pytest.mark.parametrize("name", GRIDS)
def test_no_recipe_is_wider_than_the_vectors_or_there_twice(name: str, dims: tuple[int]) -> None:
    space = grid(name, *dims)
    assert max(r.embedding_dim for r in space.recipes) <= max(dims)
    assert len(set(space.recipes)) == len(space.recipes) == space.trials
    assert space.models == len(space.recipes) * len(space.schemes)
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
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    specs = []
    for _ in range(60):
        trial = study.ask()
        space.ask(trial)
        specs.append(space.spec(trial.params))
        assert space.spec(dict(trial.params)) == specs[-1]
    assert {s.recipe.embedding_dim for s in specs} == set(space.embedding_dims)
    assert max(space.embedding_dims) == 50
    assert {s.recipe.layers for s in specs} == set(space.layers)
    assert len({str(s.scheme) for s in specs}) > 20
    assert len({str(s.decision.rule).rstrip("0123456789.") for s in specs}) == 4
    temperatures = {s.decision.temperature for s in specs}
    assert Fitted() in temperatures and len(temperatures) > 10
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
    wish = Wish(dims=(8, 16), layers=(0,), seeds=3)
    space = named("smoke", "ekman", [50], trials=1, wish=wish)
    assert isinstance(space, Space)
    assert len(set(space.recipes)) == len(space.recipes)
    assert {r.embedding_dim for r in space.recipes} == {8, 16}
    assert {r.layers for r in space.recipes} == {0}
    assert {r.seed for r in space.recipes} == {0, 1, 2}
    assert named("smoke", "ekman", [50], trials=1, wish=Wish()) == grid("smoke", 50)


def test_a_wish_is_refused_where_the_searcher_chooses() -> None:
    with pytest.raises(ValueError, match="dims, layers and seeds change a grid"):
        named("joint", "ekman", [50], trials=1, wish=Wish(layers=(1,)))
