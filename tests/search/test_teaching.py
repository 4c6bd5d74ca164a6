"""Teachers that a command line names, in place of those of a space."""

from dataclasses import replace

import pytest

from emoray.models.objectives import Distilled, MoreTexts, NoTransfer, Supervised
from emoray.search.joint_space import JointSpace
from emoray.search.knobs import Choices
from emoray.search.spaces import Space, distil, joint, quick
from emoray.search.teaching import taught

SPACE = distil("ekman", [50])


def aims(space: Space | JointSpace) -> set[Distilled]:
    return {r.objective for r in space.recipes if isinstance(r.objective, Distilled)}


def test_every_distilled_recipe_gets_each_teacher_and_the_others_stay() -> None:
    found = taught(SPACE, ["one", "two"])
    assert isinstance(found, Space)
    assert {aim.teacher for aim in aims(found)} == {"one", "two"}
    plain = [r for r in SPACE.recipes if r.objective == Supervised()]
    assert [r for r in found.recipes if r.objective == Supervised()] == plain
    assert len(found.recipes) == len(plain) + 2 * (len(SPACE.recipes) - len(plain))


def test_own_texts_are_labelled_beside_those_that_are_made() -> None:
    before = {aim.transfer for aim in aims(SPACE)}
    after = {aim.transfer for aim in aims(taught(SPACE, unlabelled="own.txt"))}
    assert NoTransfer() in before and MoreTexts() in before
    assert after == {
        MoreTexts(copies=0, unlabelled="own.txt"),
        MoreTexts(unlabelled="own.txt"),
    }


def test_nothing_asked_for_changes_nothing() -> None:
    assert taught(SPACE) is SPACE


@pytest.mark.parametrize("asked", [{"teachers": ["one"]}, {"unlabelled": "own.txt"}])
def test_a_space_without_distilled_recipes_has_no_use_for_a_teacher(
    asked: dict[str, object],
) -> None:
    with pytest.raises(ValueError, match="has none: add --space distil, or leave them out"):
        taught(quick("ekman", [50]), **asked)  # type: ignore[arg-type]


def test_a_joint_search_chooses_among_the_teachers() -> None:
    space = joint("ekman", [50], 3)
    space = replace(space, base=replace(space.base, objective=Distilled()))
    one = taught(space, ["one"])
    assert isinstance(one, JointSpace) and one.base.objective == Distilled(teacher="one")
    two = taught(one, ["one", "two"])
    assert isinstance(two, JointSpace)
    assert two.knobs["objective"] == Choices((Distilled(teacher="one"), Distilled(teacher="two")))
    mixed = replace(space, knobs={"objective": Choices((Supervised(), Distilled()))})
    assert aims(taught(mixed, ["one"])) == {Distilled(teacher="one")}
