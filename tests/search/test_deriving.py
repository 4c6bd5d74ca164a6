"""Coarser taxonomies by name or by a file of groups."""

import json
from pathlib import Path

import pytest

from emoray.labels import EKMAN, GOEMOTIONS, SENTIMENT, TAXONOMIES, own
from emoray.search.deriving import derived_taxonomies, usual_taxonomies

KNOWN = tuple(TAXONOMIES.values())
MINE = own(("broken", "late", "rude"))


def test_names_and_files_of_groups_give_taxonomies_over_the_labels_learned(tmp_path: Path) -> None:
    path = tmp_path / "mood.json"
    path.write_text(json.dumps({"bad": ["broken", "rude"], "slow": ["late"]}), "utf-8")
    (mood,) = derived_taxonomies([str(path)], MINE, [MINE])
    assert (mood.name, mood.members, mood.of) == ("mood", ((0, 2), (1,)), MINE.labels)
    found = derived_taxonomies(["sentiment", "ekman"], GOEMOTIONS, KNOWN)
    assert [each.name for each in found] == ["ekman", "sentiment"]
    (over,) = derived_taxonomies(["sentiment"], EKMAN, KNOWN)
    assert over.of == EKMAN.labels
    assert derived_taxonomies(["none"], GOEMOTIONS, KNOWN) == ()


def test_the_known_ones_are_those_that_are_coarser() -> None:
    assert usual_taxonomies("goemotions") == ("ekman", "sentiment")
    assert usual_taxonomies("sentiment") == usual_taxonomies("own") == ()


@pytest.mark.parametrize(
    ("names", "fine", "among", "words"),
    [
        (["ekman"], MINE, [MINE], "ekman groups labels of GoEmotions, got a corpus with labels"),
        (["mood"], GOEMOTIONS, KNOWN, "taxonomy is one of goemotions, .* got 'mood'"),
        (["goemotions"], SENTIMENT, KNOWN, "derived from a finer one, .* got goemotions"),
        (["gone.json"], MINE, [MINE], "--groups is a file of JSON, got nothing at gone.json"),
    ],
)
def test_what_groups_no_labels_of_the_search_is_refused(
    names: list[str], fine: object, among: list[object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        derived_taxonomies(names, fine, among)  # type: ignore[arg-type]
