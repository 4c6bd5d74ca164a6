"""A space narrowed by what a command line names."""

from dataclasses import replace
from pathlib import Path

import pytest

from emoray.decide.thresholds import Fixed, PerLabel
from emoray.models.losses import BCE, Focal
from emoray.models.sampling import Shots
from emoray.models.word.recipe import GloveRecipe
from emoray.quant.scheme import FLOAT, ModelScheme, Qat
from emoray.search.budget import Budget
from emoray.search.joint_space import JointSpace
from emoray.search.knobs import Choices
from emoray.search.narrowing import Narrowing
from emoray.search.overrides import named_space
from emoray.search.spaces import Space
from emoray.stages.spec import Decision, EncoderRef
from emoray.workflows.settings.sweep import Sweep
from emoray.workflows.sweep import run_sweep

ENCODER = EncoderRef(
    name="small", sha256="a" * 64, folder=Path("/nowhere"), width=48, layers=5, positions=40
)


def narrowed(name: str, narrowing: Narrowing) -> Space | JointSpace:
    return narrowing.of(named_space(name, "ekman", (50,), encoders=(ENCODER,), trials=3))


def test_a_grid_has_the_named_values_with_all_else_of_its_own() -> None:
    narrowing = Narrowing.from_options(
        ["float", "int4~qat2"], ["bce", "focal1.5a0.25"], ["fixed0.4", "per_label_s9"], [300]
    )
    space, own = narrowed("smoke", narrowing), named_space("smoke", "ekman", (50,))
    assert isinstance(space, Space) and isinstance(own, Space)
    first, second = space.schemes
    assert first == FLOAT and isinstance(second, ModelScheme) and second.qat == Qat(epochs=2)
    assert space.decisions == (Decision(rule=Fixed(0.4)), Decision(rule=PerLabel(min_support=9)))
    losses = (BCE(), Focal(gamma=1.5, alpha=0.25))
    assert set(space.recipes) == {
        replace(recipe, loss=loss, vocabulary=300)
        for recipe in own.recipes
        if isinstance(recipe, GloveRecipe)
        for loss in losses
    }


def test_shots_cross_the_recipes() -> None:
    space = narrowed("smoke", Narrowing.from_options([], [], [], [], [8, 16, 8]))
    own = narrowed("smoke", Narrowing())
    assert isinstance(space, Space) and isinstance(own, Space)
    drawn = [Shots(per_label=8), Shots(per_label=16)]
    assert list(space.recipes) == [replace(r, sample=s) for r in own.recipes for s in drawn]
    joint = narrowed("joint", Narrowing.from_options([], [], [], [], [8, 16]))
    assert isinstance(joint, JointSpace) and joint.knobs["sample"] == Choices(tuple(drawn))


def test_nothing_named_is_the_space_itself() -> None:
    assert Narrowing.from_options([], [], [], []) == Narrowing()
    assert narrowed("smoke", Narrowing()) == named_space("smoke", "ekman", (50,))


def test_a_joint_search_chooses_among_what_is_named_in_a_study_of_its_own() -> None:
    own = narrowed("joint", Narrowing())
    one = narrowed("joint", Narrowing.from_options(["int8"], ["bce"], ["one"], []))
    two = narrowed("joint", Narrowing.from_options([], ["bce", "focal2a0.5"], [], []))
    assert isinstance(own, JointSpace) and isinstance(one, JointSpace)
    assert isinstance(two, JointSpace)
    assert one.base.loss == BCE() and "loss" not in one.knobs
    assert (len(one.schemes), [str(r) for r in one.rules], one.thresholds) == (1, ["one"], None)
    assert two.knobs["loss"] == Choices((BCE(), Focal())) and two.schemes == own.schemes
    assert len({own.name, one.name, two.name}) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"schemes": ("int9",)}, r"--scheme is float, .*got 'int9': do you mean int"),
        ({"losses": ("focl",)}, r"--loss is bce, .*got 'focl'"),
        ({"rules": ("per_labl",)}, r"--rule is fixed0.5, .*do you mean per_label\?"),
    ],
    ids=str,
)
def test_a_name_that_is_none_is_refused_before_anything_is_read(
    options: dict[str, tuple[str, ...]], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        run_sweep(Sweep(space="smoke", out=tmp_path, download=False, **options))


def test_a_knob_that_the_recipes_do_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="vocabulary is no knob of bert recipes, got --vocabulary"):
        narrowed("bert-smoke", Narrowing.from_options([], [], [], [500]))


def test_a_budget_of_the_command_line_stands_in_place_of_the_space_s_own() -> None:
    for name in ("smoke", "joint"):
        own = named_space(name, "ekman", (50,), trials=3)
        space = Narrowing(budget=Budget(minutes=5)).of(replace(own, budget=Budget(minutes=9)))
        assert space == replace(own, budget=Budget(minutes=5))
        space = Narrowing(budget=Budget(trainings=2)).of(replace(own, budget=Budget(minutes=9)))
        assert space.budget == Budget(minutes=9, trainings=2)
