"""Optuna over all five knobs, with recipes of seconds."""

import json
from collections.abc import Iterator
from dataclasses import replace

import optuna
import pytest

from emoray.search import overrides, spaces
from emoray.stages.spec import recipe_id
from emoray.workflows.settings.sweep import Sweep
from tests.runs import Run, read, swept

TRIALS = 4


@pytest.fixture(scope="module")
def tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spaces, "TRAINED", replace(spaces.FROZEN, epochs=2, vocabulary=1000))
        yield


@pytest.fixture(scope="module")
def run(tiny: None, local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("joint")
    return swept(Sweep(space="joint", out=out, trials=TRIALS, download=False))


def study(run: Run) -> optuna.Study:
    storage = f"sqlite:///{run.folder / '_tune' / 'study.db'}"
    (name,) = optuna.get_all_study_names(storage)
    return optuna.load_study(study_name=name, storage=storage)


def test_every_trial_is_a_row_and_complete_in_a_study_that_optuna_opens(run: Run) -> None:
    found = study(run)
    assert [t.state.name for t in found.trials] == ["COMPLETE"] * TRIALS
    assert [d.name for d in found.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert found.metric_names == ["dev_macro_f1", "size_bytes"]
    points = run.searched
    rows = {(row["dev_macro_f1"], row["size_bytes"]) for row in points.to_dict("records")}
    assert {tuple(trial.values) for trial in found.trials} == rows


def test_rows_are_what_their_trials_asked_for(run: Run) -> None:
    points = run.searched
    wanted = overrides.named_space("joint", "ekman", [50], trials=TRIALS)
    assert isinstance(wanted, spaces.JointSpace)
    specs = [wanted.spec(trial.params) for trial in study(run).trials]
    said = {(recipe_id(s.recipe), str(s.scheme), str(s.decision.rule)) for s in specs}
    assert set(points[["recipe", "scheme", "threshold_rule"]].itertuples(index=False)) == said
    assert run.tables["runs"].iloc[-1]["search"] == "joint"


def test_the_study_is_a_table_with_what_each_parameter_explains(run: Run) -> None:
    trials, found = run.tables["study"], study(run)
    assert trials["trial"].tolist() == list(range(TRIALS))
    assert trials["dev_macro_f1"].tolist() == [trial.values[0] for trial in found.trials]
    assert [json.loads(told) for told in trials["parameters"]] == [t.params for t in found.trials]
    grown = trials["hypervolume"]
    assert grown.is_monotonic_increasing and grown.between(0, 1).all() and grown.iloc[-1] > 0
    shares = run.tables["importances"].groupby("objective")["importance"]
    assert set(shares.groups) == {"dev_macro_f1", "size_bytes"}
    assert shares.sum().tolist() == pytest.approx([1.0, 1.0])
    assert (run.tables["importances"]["trials"] == TRIALS).all()


def test_asked_again_only_missing_trials_are_made(run: Run) -> None:
    before = run.searched.set_index("point")["dev_macro_f1"]
    again = swept(replace(run.sweep, trials=TRIALS + 1))
    found = study(again)
    assert len(found.trials) == TRIALS + 1
    after = again.searched.set_index("point")["dev_macro_f1"]
    assert before.equals(after.loc[before.index])
    last = again.tables["runs"].sort_values("finished").iloc[-1]
    assert last["stages_run"] <= 11, "one training at most, one model, its parent, its clock"


@pytest.mark.long
@pytest.mark.parametrize("space", ["smoke", "joint"])
def test_a_search_ends_at_its_budget_and_a_larger_one_goes_on(
    space: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of `smoke` one of three recipes; of the joint search one training, however many trials."""
    few = replace(run.sweep, name=f"few-{space}", space=space, trainings=1)
    few = few if space == "joint" else replace(few, trials=None)
    first = swept(few)
    assert first.tables["trainings"]["training_id"].nunique() == 1
    assert (
        "the budget of 1 training ended the search after 1 of its trainings"
        in capsys.readouterr().out
    )
    more = swept(replace(few, trainings=2))
    assert more.tables["trainings"]["training_id"].nunique() == 2
    assert set(first.searched["point"]) < set(more.searched["point"])


@pytest.mark.long
def test_a_search_after_other_goals_begins_with_what_an_earlier_run_found(run: Run) -> None:
    sweep = replace(
        run.sweep,
        name="warm",
        trials=2,
        objectives=("dev_macro_f1", "dev_ece"),
        constraints=("size_bytes < 1_000_000",),
        sampler="nsga2",
        warm_start=(run.folder,),
    )
    before = read(run.sweep).searched  # another test may have added a trial
    for _ in range(2):
        again = swept(sweep)
        trials = again.tables["study"]
        warm = trials[trials["warm_start"] != ""]
        assert set(warm["warm_start"]) == {run.folder.name}
        models = before["model"].nunique()
        assert len(warm) == models and len(trials) == models + 2
        assert trials["size_bytes"].isna().all() and trials["is_feasible"].notna().all()
        own = trials[trials["warm_start"] == ""]
        rows = set(again.searched[["dev_macro_f1", "dev_ece"]].itertuples(index=False, name=None))
        told = {tuple(json.loads(text).values()) for text in own["objectives"]}
        assert told == rows
        told = {json.loads(text)["dev_ece"] for text in warm["objectives"]}
        assert told <= set(before["dev_ece"])


def test_a_run_of_other_data_or_another_space_is_no_start(run: Run) -> None:
    warm = replace(run.sweep, name="refused", warm_start=(run.folder,))
    with pytest.raises(ValueError, match=r"of the same corpus and labels, got .* in ekman for"):
        swept(replace(warm, taxonomy="sentiment"))
    with pytest.raises(ValueError, match=r"got none among .*recipes must be alike"):
        swept(replace(warm, max_tokens=9))
    with pytest.raises(ValueError, match="got --warm-start with a grid, which visits all"):
        swept(replace(warm, space="smoke"))
