"""The space of several taxonomies."""

from emoray.search.form.space_form import read_space, written_space
from emoray.search.task_space import tasks


def test_fine_labels_have_derived_native_and_joint_trainings_of_equal_seeds() -> None:
    space = tasks("goemotions", (64,))
    assert space.derive == space.native == ("ekman", "sentiment")
    every = space.every_recipe
    kinds = {(r.taxonomy, bool(r.heads)): 0 for r in every}
    assert set(kinds) == {
        ("goemotions", False),
        ("goemotions", True),
        ("ekman", False),
        ("sentiment", False),
    }
    assert {r.seed for r in every} == {0, 1, 2} and space.trials == len(every) == 15
    assert len(space.recipes) == 9


def test_labels_that_nothing_groups_have_the_plain_recipe_alone() -> None:
    space = tasks("own", (64,))
    assert space.derive == () and space.every_recipe == space.recipes
    assert not any(recipe.heads for recipe in space.recipes)


def test_it_is_written_and_read_with_its_taxonomies() -> None:
    space = tasks("ekman", (64,))
    found = written_space(space)
    assert found["derive"] == found["native"] == ["sentiment"]
    again = read_space(found, "tasks")
    assert (again.derive, again.native) == (space.derive, space.native)
    assert "derive" not in written_space(tasks("sentiment", (64,)))
