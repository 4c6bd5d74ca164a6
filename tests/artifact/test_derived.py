"""One artifact, several taxonomies: what it decides in each, and what stays as it was."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.artifact.decision_history import change, change_derived, history, undo
from emoray.artifact.loading import open_artifact, taxonomies_of_artifact
from emoray.artifact.packaging import DerivedDecision, decision_json, derived_decisions
from emoray.artifact.runtime import DECISION, derived_logits
from emoray.labels import EKMAN, SENTIMENT, coarser
from emoray.stages.deriving import groups_of
from tests.artifact.finished import make_artifact

OVER = coarser(SENTIMENT, EKMAN)
TEXTS = ["thank you so much", "this is awful", "what is that?", "a table"]
MOOD = DerivedDecision(
    taxonomy="sentiment",
    native="ekman",
    groups=groups_of(OVER),
    way="noisy_or",
    own_temperature=1.5,
    temperature=1.25,
    cuts_G=np.array([0.5, -0.25, 0.0, 1.0]),
    rule="per_label",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_artifact(tmp_path_factory.mktemp("derived") / "ekman", EKMAN)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(made, tmp_path / "model"))
    change_derived(copy, MOOD, why="a test")
    return copy


def test_it_decides_in_a_coarser_taxonomy_by_groups_of_its_own_labels(folder: Path) -> None:
    classifier = runtime.load(folder)
    mood = classifier.in_taxonomy("sentiment")
    wanted = derived_logits(classifier.logits(TEXTS), OVER.members, "noisy_or", 1.5)
    np.testing.assert_array_equal(mood.logits(TEXTS), wanted)
    np.testing.assert_array_equal(mood.predict(TEXTS), wanted >= MOOD.cuts_G)
    np.testing.assert_allclose(mood.predict_proba(TEXTS), 1 / (1 + np.exp(-wanted / 1.25)), 1e-5)
    assert mood.labels == SENTIMENT.labels and classifier.labels == EKMAN.labels
    said = classifier.classify(TEXTS, taxonomy="sentiment")
    assert said.labels == mood(TEXTS).labels == [p.labels for p in mood.stream(TEXTS)]
    assert [set(p.probabilities) for p in mood.stream(TEXTS)] == [set(SENTIMENT.labels)] * 4


def test_its_own_labels_stay_as_they_were(made: Path, folder: Path) -> None:
    before, after = runtime.load(made), runtime.load(folder)
    np.testing.assert_array_equal(before.logits(TEXTS), after.logits(TEXTS))
    assert before(TEXTS).labels == after(TEXTS).labels == after.classify(TEXTS, "ekman").labels
    assert after.taxonomies == ("ekman", "sentiment") and before.taxonomies == ()


def test_a_model_is_shared_between_taxonomies_and_travels_with_its_own(folder: Path) -> None:
    classifier = runtime.load(folder)
    mood = classifier.in_taxonomy("sentiment")
    assert mood.members is classifier.members
    assert mood.in_taxonomy(None).labels == EKMAN.labels
    again = pickle.loads(pickle.dumps(mood))
    assert again.taxonomy == "sentiment" and again(TEXTS).labels == mood(TEXTS).labels


def test_a_taxonomy_that_was_not_derived_is_refused(made: Path, folder: Path) -> None:
    with pytest.raises(ValueError, match=r"\(ekman, sentiment\), got 'mood': name one of these"):
        runtime.load(folder, taxonomy="mood")
    with pytest.raises(ValueError, match=r"\(none but its own labels\), got 'sentiment'"):
        runtime.load(made).classify(TEXTS, "sentiment")


def test_the_file_itself_answers_in_a_taxonomy(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.artifact.test_serving import answered

    code, said, _ = answered(
        monkeypatch, capsys, b"thanks\n", str(folder), "--taxonomy", "sentiment"
    )
    assert code == 0 and list(said[0]["probabilities"]) == list(SENTIMENT.labels)


def test_another_decision_on_its_own_labels_keeps_the_derived_ones(folder: Path) -> None:
    change(folder, temperature=3.0, cuts_K=np.ones(7), rule="given", why="a test")
    (kept,) = derived_decisions((folder / DECISION).read_bytes(), EKMAN.labels)
    assert (kept.way, kept.own_temperature, kept.rule) == ("noisy_or", 1.5, "per_label")
    np.testing.assert_array_equal(kept.cuts_G, MOOD.cuts_G)
    assert runtime.load(folder).temperature == 3.0


def test_a_derived_decision_is_one_of_the_history(folder: Path) -> None:
    change_derived(folder, replace(MOOD, way="max"), why="another way")
    assert [s.why for s in history(folder)][-2:] == ["a test", "another way"]
    undo(folder)
    assert open_artifact(folder, "sentiment").derived.way == "noisy_or"
    undo(folder)
    assert set(taxonomies_of_artifact(open_artifact(folder))) == {"ekman"}


def test_decisions_in_the_same_taxonomies_are_of_one_size() -> None:
    sizes = {
        len(decision_json(t, np.full(7, c), "one", [replace(MOOD, cuts_G=np.full(4, d), way=way)]))
        for t, c, d, way in [(1.0, 0.0, 0.0, "max"), (1 / 3, -1e-300, np.inf, "noisy_or")]
    }
    assert len(sizes) == 1
    assert sizes.pop() > len(decision_json(1.0, np.zeros(7), "one"))


def test_an_artifact_is_read_as_it_decides(folder: Path) -> None:
    found = open_artifact(folder, "sentiment")
    assert (found.labels, found.own_labels) == (SENTIMENT.labels, EKMAN.labels)
    assert (found.temperature, found.rule, found.taxonomy) == (1.25, "per_label", "sentiment")
    assert open_artifact(folder, "ekman").taxonomy is None
    with pytest.raises(ValueError, match=r"got 'goemotions': fit it with `python -m jobs.calibr"):
        open_artifact(folder, "goemotions")


DAMAGE = [
    ({"derived": 3}, "derived decisions by taxonomy"),
    ({"derived": {"m": {}}}, "groups of labels for each derived"),
    ({"derived": {"m": {"groups": {"a": ["joy", "jo"]}}}}, "derives labels from those of its mod"),
    ({"derived": {"m": {"groups": {"a": ["joy"]}, "way": "mean"}}}, "derives labels by noisy_or"),
    (
        {"derived": {"m": {"groups": {"a": ["joy"]}, "way": "max", "temperature": 1, "cuts": []}}},
        "",
    ),
]


@pytest.mark.parametrize(("changed", "words"), DAMAGE)
def test_a_damaged_derived_decision_is_refused(
    made: Path, changed: dict[str, object], words: str
) -> None:
    files = runtime.read(made)
    decision = {**json.loads(files[DECISION]), **changed}
    with pytest.raises(ValueError, match=words or "one cut for each of 1 labels"):
        runtime.Classifier({**files, DECISION: json.dumps(decision).encode()})
