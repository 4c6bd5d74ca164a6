"""One sweep in which workers are killed and a trial fails; then the same again."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from emoray.workflows.settings.sweep import Sweep
from tests.faults.conftest import Ledger
from tests.faults.dying_trials import before_rows, fails_once
from tests.faults.saboteur import Event, Saboteur, has_loaded, kill
from tests.faults.tolls import COMPUTED, assert_as_if_nothing_had_happened, begun_again, toll
from tests.runs import Run, swept

pytestmark = pytest.mark.faults  # tests/faults/test_stages.py kills single workers in each run


@dataclass
class Storm:
    """Kills the first training's worker once, the second's always."""

    trainings: list[str] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)

    def __call__(self, event: Event) -> None:
        key, pid = event["key"], event["pid"]
        if event["event"] == "started" and key.startswith("train-"):
            if key not in self.trainings:
                self.trainings.append(key)
            if self.trainings.index(key) == 1:
                self.strike(key, pid)
            elif self.trainings.index(key) == 0 and not self.struck[key]:
                threading.Thread(target=self.strike_in_training, args=(key, pid)).start()

    def strike_in_training(self, key: str, pid: int) -> None:
        deadline = time.monotonic() + 60
        while not has_loaded(pid, "tensorflow") and time.monotonic() < deadline:
            time.sleep(0.01)
        self.strike(key, pid)

    def strike(self, what: str, pid: int) -> None:
        self.struck[what] += 1
        kill(pid)


@dataclass(frozen=True, kw_only=True)
class Story:
    """The run after the storm, and after the same command once more."""

    storm: Storm
    broken: Run
    healed: Run


@pytest.fixture(scope="module")
def story(smoke: Run, tmp_path_factory: pytest.TempPathFactory) -> Story:
    out = tmp_path_factory.mktemp("storm") / "out"
    sweep, storm = Sweep(space="smoke", out=out, download=False), Storm()
    with before_rows(fails_once), Saboteur(sweep.store_place, storm):
        broken = swept(sweep)
    return Story(storm=storm, broken=broken, healed=swept(sweep))


def lost_training(story: Story) -> str:
    return story.storm.trainings[1][: len("train-") + 16]


def test_the_storm_struck_what_it_was_to_strike(story: Story) -> None:
    first, second = story.storm.trainings[:2]
    assert story.storm.struck == Counter({first: 1, second: 3})
    assert (story.broken.folder / "_failed_trial").exists()


def test_a_training_killed_at_every_attempt_is_one_row_of_failures(story: Story) -> None:
    (failure,) = story.broken.tables["failures"].to_dict("records")
    assert failure["trial"] == lost_training(story) and failure["stage"] == "train"
    assert "a stage gets 3 attempts, the worker of train died in each" in failure["error"]


@pytest.mark.parametrize("table", COMPUTED)
def test_all_that_does_not_need_it_is_there_and_once(table: str, story: Story, smoke: Run) -> None:
    points = smoke.searched
    lost = points.loc[points["training_id"] == lost_training(story)]
    whole, broken = smoke.tables[table], story.broken.tables[table]
    for column, gone in (("point", "point"), ("after", "point"), ("model", "model")):
        if column in whole:
            whole = whole[~whole[column].isin(lost[gone])]
    if "training_id" in whole:
        whole = whole[whole["training_id"] != lost_training(story)]
    if table != "repeats":  # of which the lost seed was a part
        assert len(broken) == len(whole)


def test_no_finished_stage_was_made_again(story: Story) -> None:
    first, second = story.storm.trainings[:2]
    assert begun_again(story.healed.journal) == Counter({first: 1, second: 3})


def test_the_counts_of_a_run_are_those_of_the_journal(story: Story) -> None:
    row = story.broken.tables["runs"].iloc[0]
    said = {
        event: {e["key"] for e in story.broken.journal if e["event"] == event}
        for event in ("made", "failed")
    }
    assert row["stages_run"] == len(said["made"])
    assert row["stages_failed"] == len(said["failed"]) == 1
    assert row["points"] == len(story.broken.searched)


def test_the_same_command_makes_what_was_lost(story: Story, smoke: Run, ledger: Ledger) -> None:
    assert_as_if_nothing_had_happened(story.healed, smoke)
    ledger(
        "workers killed, a trial failed, then the same command",
        5,
        toll(story.healed, smoke),
    )
