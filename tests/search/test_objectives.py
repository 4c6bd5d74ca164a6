"""What a joint search is after: objectives, bounds, samplers, and what it begins with."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from emoray.decide.thresholds import Fixed, PerLabel
from emoray.search.form.own_space import own_space
from emoray.search.form.printing import as_yaml
from emoray.search.joint_space import JointSpace
from emoray.search.narrowing import Narrowing
from emoray.search.objectives import SAMPLERS, Constraint, Goal, measured, sampler_of
from emoray.search.overrides import named_space
from emoray.search.study import own_trials, trial_rows
from emoray.search.warm_start import KnownPoint, add_known, asked_text
from emoray.stages.spec import Decision

ROW = {"size_bytes": 1000, "dev_macro_f1": 0.5, "dev_ece": 0.02}


def joint(**changes: object) -> JointSpace:
    space = named_space("joint", "ekman", (50,), trials=4)
    assert isinstance(space, JointSpace)
    return replace(space, goal=Goal(**changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "excess"),
    [
        ("size_bytes < 1_200", -200.0),
        ("size_bytes <= 1000", 0.0),
        ("size_bytes < 900", 100.0),
        ("dev_macro_f1 >= 0.6", pytest.approx(0.1)),
        ("dev_macro_f1 > 0.4", pytest.approx(-0.1)),
    ],
)
def test_a_bound_says_how_far_a_row_is_beyond_it(text: str, excess: float) -> None:
    assert Constraint(text).excess(ROW) == excess


def test_less_than_a_limit_leaves_out_the_limit_itself() -> None:
    assert Constraint("size_bytes < 1000").excess(ROW) > 0


@pytest.mark.parametrize(
    "text", ["size_bytes", "size_bytes < x", "1 < size_bytes < 3", "size_bytes == 3", "<", ""]
)
def test_a_bound_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a constraint compares a column with a number, got"):
        Constraint(text)


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        ({"objectives": ()}, "a search has objectives, each once, got none"),
        ({"objectives": ("dev_ece", "dev_ece")}, "each once, got dev_ece, dev_ece"),
        ({"objectives": ("test_macro_f1",)}, "a search looks at dev alone, got test_macro_f1"),
        ({"objectives": ("latency_p50_ms",)}, "models are timed alone, after the search"),
        ({"objectives": ("size_byte",)}, r"got 'size_byte': do you mean size_bytes\?"),
        ({"sampler": "nsga3"}, r"a sampler is tpe, .*got 'nsga3': do you mean nsga2\?"),
    ],
    ids=str,
)
def test_a_goal_that_no_trial_could_be_judged_by_is_refused(
    goal: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Goal(**goal)  # type: ignore[arg-type]


def test_what_a_trial_is_judged_by_is_known_before_test() -> None:
    assert {"dev_macro_f1", "size_bytes", "dev_ece", "dev_nll"} <= set(measured())
    assert not [column for column in measured() if column.startswith("test_")]
    assert Goal(objectives=("dev_macro_f1", "dev_ece")).directions == ["maximize", "minimize"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_sampler_proposes_points_of_the_space_within_bounds(sampler: str) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = joint(sampler=sampler, constraints=(Constraint("size_bytes < 40"),))
    excesses: dict[str, list[float]] = {}
    made = sampler_of(space.goal, 0, 24, lambda trial: excesses[asked_text(trial.params)])
    study = optuna.create_study(directions=space.goal.directions, sampler=made)
    for _ in range(13):
        trial = study.ask()
        space.ask(trial)
        dim = space.spec(trial.params).recipe.embedding_dim
        row = {"size_bytes": dim, "dev_macro_f1": dim / 100}
        excesses[asked_text(trial.params)] = space.goal.excesses(row)
        study.tell(trial, [row[column] for column in space.goal.objectives])
    bounds = [trial.system_attrs.get("constraints") for trial in study.trials]
    wanted = [None if sampler == "random" else [t.values[1] - 40.0] for t in study.trials]
    assert [None if b is None else list(b) for b in bounds] == wanted


def test_a_file_says_what_a_joint_search_is_after(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    head = "search: joint\nobjectives: [dev_macro_f1, dev_ece]\n"
    rest = "constraints: ['size_bytes < 200_000']\nsampler: nsga2\n"
    tail = "recipe: {family: glove, layers: [0, 1]}\nschemes: [float]\n"
    path.write_text(head + rest + tail)
    space = own_space(str(path))
    assert isinstance(space, JointSpace)
    assert space.goal == Goal(
        objectives=("dev_macro_f1", "dev_ece"),
        constraints=(Constraint("size_bytes < 200_000"),),
        sampler="nsga2",
    )
    path.write_text(as_yaml(space))
    assert own_space(str(path)) == space
    for was, mistake, words in (
        ("dev_ece]", "dev_eec]", r"line 2, objectives: .*do you mean dev_ece\?"),
        ("size_bytes <", "size_bytes", r"line 3, constraints\[0\]: a constraint compares"),
        ("nsga2", "nsga", r"line 4, sampler: a sampler is .*do you mean nsga2\?"),
    ):
        path.write_text((head + rest + tail).replace(was, mistake))
        with pytest.raises(ValueError, match=words):
            own_space(str(path))


def test_a_grid_has_no_goal() -> None:
    grid = named_space("smoke", "ekman", (50,))
    with pytest.raises(ValueError, match="are of a joint search, got them with a grid"):
        Narrowing(sampler="gp").of(grid)
    found = Narrowing(objectives=("dev_macro_f1",), sampler="gp").of(joint())
    assert isinstance(found, JointSpace)
    assert (found.goal.objectives, found.goal.sampler) == (("dev_macro_f1",), "gp")
    assert found.name != joint().name


def test_a_point_is_said_as_the_trial_that_would_ask_for_it() -> None:
    space = joint()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(40):
        trial = study.ask()
        space.ask(trial)
        spec = space.spec(trial.params)
        said = space.parameters(spec)
        assert said is not None and space.spec(said) == spec
        space.ask(optuna.trial.FixedTrial(said))
    inside = space.spec(study.trials[0].params)
    for spec in (
        replace(inside, recipe=replace(inside.recipe, embedding_dim=7)),
        replace(inside, recipe=replace(inside.recipe, epochs=99)),
        replace(inside, decision=Decision(rule=Fixed(0.01))),
        replace(inside, decision=Decision(rule=PerLabel(min_support=3))),
    ):
        assert space.parameters(spec) is None


def test_points_of_an_earlier_run_are_trials_that_are_added_once() -> None:
    space = joint(constraints=(Constraint("size_bytes < 900"),))
    study = optuna.create_study(directions=space.goal.directions)
    with warnings.catch_warnings():  # the names only label axes
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(list(space.goal.objectives))
    trial = study.ask()
    space.ask(trial)
    known = [KnownPoint(run="before", spec=space.spec(trial.params), row=ROW)]
    study.tell(trial, [0.4, 2000])
    add_known(study, space, known)
    add_known(study, space, known)
    own, warm = trial_rows(study)
    assert (own.warm_start, warm.warm_start) == ("", "before")
    assert (warm.dev_macro_f1, warm.size_bytes, warm.is_feasible) == (0.5, 1000, False)
    assert json.loads(warm.objectives) == {"dev_macro_f1": 0.5, "size_bytes": 1000.0}
    assert [t.number for t in own_trials(study)] == [0]
