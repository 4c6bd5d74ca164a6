"""Teachers of a space's distilled recipes, as a command line names them, and their texts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from emoray.distributed.single_flight import Failed
from emoray.models.objectives import Distilled, MoreTexts, Objective
from emoray.models.recipe import Recipe
from emoray.search.joint_space import JointSpace
from emoray.search.knobs import Choices
from emoray.search.spaces import Space
from emoray.search.trials import RunContext, write_failure
from emoray.stages.distillation.targets import SoftTargets
from emoray.stages.distillation.texts import TRANSFER
from emoray.stages.plan import training
from emoray.tables.files import read_table
from emoray.tables.transfer_rows import TransferTextsRow

OBJECTIVE = "objective"


def _taught(aim: Objective, teachers: Sequence[str], unlabelled: str) -> list[Objective]:
    """The objective with each teacher, and with a user's own texts; one without a teacher as is."""
    if not isinstance(aim, Distilled):
        return [aim]
    if unlabelled:
        more = aim.transfer
        own = (
            replace(more, unlabelled=unlabelled)
            if isinstance(more, MoreTexts)
            else MoreTexts(copies=0, unlabelled=unlabelled)
        )
        aim = replace(aim, transfer=own)
    return [replace(aim, teacher=name) for name in teachers or (aim.teacher,)]


def taught(
    space: Space | JointSpace, teachers: Sequence[str] = (), unlabelled: str = ""
) -> Space | JointSpace:
    """The space with its distilled recipes under these teachers, on these texts besides.

    Args:
        space: to change.
        teachers: names as `Distilled.teacher` takes them; none keep the space's own.
        unlabelled: a file of texts; empty keeps the space's own.

    Returns:
        The space.

    Raises:
        ValueError: none of its recipes is distilled.
    """
    if not teachers and not unlabelled:
        return space
    if not any(isinstance(recipe.objective, Distilled) for recipe in space.recipes):
        raise ValueError(
            f"a teacher and its texts are for distilled recipes, got {', '.join(teachers)}"
            f"{unlabelled if not teachers else ''} with a space that has none: add --space distil, "
            "or leave them out"
        )
    if isinstance(space, JointSpace):
        return _joint(space, teachers, unlabelled)
    recipes = (
        replace(recipe, objective=aim)
        for recipe in space.recipes
        for aim in _taught(recipe.objective, teachers, unlabelled)
    )
    return replace(space, recipes=tuple(dict.fromkeys(recipes)))


def _joint(space: JointSpace, teachers: Sequence[str], unlabelled: str) -> JointSpace:
    """What the recipe has, or may have, becomes what is chosen from."""
    knob = space.knobs.get(OBJECTIVE)
    aims = knob.values if isinstance(knob, Choices) else (space.base.objective,)
    found = [new for aim in aims for new in _taught(aim, teachers, unlabelled)]
    knobs: dict[str, Any] = {name: k for name, k in space.knobs.items() if name != OBJECTIVE}
    if len(found) > 1:
        knobs[OBJECTIVE] = Choices(tuple(dict.fromkeys(found)))
    return replace(space, base=replace(space.base, objective=found[0]), knobs=knobs)


def write_transfer_texts(context: RunContext, recipes: Iterable[Recipe]) -> None:
    """Copy into the run how many transfer texts these recipes learn, and how many were refused."""
    targets = (training(recipe, context.data).targets for recipe in recipes)
    for texts in dict.fromkeys(t.texts for t in targets if isinstance(t, SoftTargets)):
        if texts is None:
            continue
        made = context.stages.make(texts).result()
        if isinstance(made, Failed):
            write_failure(context, texts, made)
            continue
        rows = read_table(context.folder(made) / TRANSFER, TransferTextsRow)
        context.write(rows, "transfer_texts", made.folder.name)
