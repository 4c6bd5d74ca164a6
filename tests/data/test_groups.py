"""Groups of a user's own, from a file to a taxonomy, and every mistake in one."""

import json
from pathlib import Path

import numpy as np
import pytest

from emoray.data.groups import grouped, read_groups

OF = ("joy", "love", "anger", "grief", "neutral")


def test_groups_become_a_taxonomy_over_the_corpus_labels() -> None:
    found = grouped("mood", {"good": ["love", "joy"], "bad": ["anger", "grief", "neutral"]}, OF)
    assert (found.name, found.labels, found.of) == ("mood", ("good", "bad"), OF)
    labels_NC = np.array([[0, 1, 0, 0, 0], [0, 0, 0, 1, 1]], np.uint8)
    assert found.project(labels_NC).tolist() == [[1, 0], [0, 1]]


def test_a_group_may_hold_groups_and_is_no_label_then() -> None:
    groups = {"bad": ["anger", "low"], "low": ["grief"], "good": ["joy", "love"], "none": OF[4:]}
    found = grouped("mood", {k: list(v) for k, v in groups.items()}, OF)
    assert found.labels == ("bad", "good", "none")
    assert found.members == ((2, 3), (0, 1), (4,))


def test_a_group_may_be_called_as_a_label_of_it() -> None:
    found = grouped("mood", {"joy": ["joy", "love"], "rest": ["anger", "grief", "neutral"]}, OF)
    assert found.members == ((0, 1), (2, 3, 4))


REST = {"rest": ["anger", "grief", "neutral"]}


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({"good": ["joy", "love"]}, "an object of two groups or more, got"),
        (["joy"], "groups are an object of two groups or more"),
        ({"good": "joy", **REST}, "a group is a list of labels, got 'joy' for 'good'"),
        ({"good": ["joy", "love"], "none": [], **REST}, "at least one label, got none for 'none'"),
        ({"good": ["joy", "lov"], **REST}, "got 'lov' in 'good': did you mean 'love'"),
        ({"good": ["joy", "love", "anger"], **REST}, "in one group, once, got 'anger' in good and"),
        ({"good": ["joy", "joy", "love"], **REST}, "once, got 'joy' in good and good"),
        (
            {"good": ["joy"], **REST},
            "every label of the corpus stands in a group, got none with lo",
        ),
        ({"a": ["b"], "b": ["a"], **REST}, "holds it again, got a → b → a"),
        ({"a": ["joy", "b"], "b": ["love", "c"], "c": ["b"], **REST}, "got b → c → b"),
    ],
)
def test_what_is_wrong_with_groups_is_said(groups: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        grouped("mood", groups, OF)


def test_a_taxonomy_that_is_known_is_not_taken() -> None:
    with pytest.raises(ValueError, match="a name of its own, got 'ekman': rename the file"):
        grouped("ekman", {}, OF)


def test_a_file_is_called_as_its_taxonomy(tmp_path: Path) -> None:
    path = tmp_path / "mood.json"
    path.write_text(json.dumps({"good": ["joy", "love"], **REST}), "utf-8")
    assert read_groups(path, OF).name == "mood"
    path.write_text(json.dumps({"good": ["joy"], **REST}), "utf-8")
    with pytest.raises(ValueError, match=r"mood\.json: every label of the corpus"):
        read_groups(path, OF)


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "a file of JSON, got .*mood.json"), ('{"a": ["joy"], "a": ["love"]}', "got 'a' twice")],
)
def test_a_file_that_is_no_object_of_groups_is_refused(
    tmp_path: Path, content: str, words: str
) -> None:
    (tmp_path / "mood.json").write_text(content, "utf-8")
    with pytest.raises(ValueError, match=words):
        read_groups(tmp_path / "mood.json", OF)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"got nothing at .*gone\.json: check it"):
        read_groups(tmp_path / "gone.json", OF)
