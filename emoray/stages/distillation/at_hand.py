"""Teachers and files of texts that recipes name: found and checked before any worker starts."""

import json
import shutil
import uuid
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from emoray.labels import Taxonomy, same_labels
from emoray.models.objectives import Distilled, MoreTexts
from emoray.models.recipe import Recipe
from emoray.stages.distillation.refs import TeacherRef, TextsRef
from emoray.stages.spec import Data
from emoray.stages.spec_json import read_spec
from emoray.storage.cache import user_cache
from emoray.storage.location import place_of

if TYPE_CHECKING:  # pandas, where a point is asked for alone
    from emoray.tables.run import Run

RELEASED = "model:"  # of a released model's name
SHIPPED = "teachers"  # in the user's cache: points of runs as artifacts


def run_and_point(name: str) -> tuple[str, str] | None:
    """The run and the point that a teacher's name is made of; None for an artifact."""
    run, colon, point = name.rpartition(":")
    if not colon or not run or not point or "/" in point or name.startswith(RELEASED):
        return None
    return None if Path(name).exists() else (run, point)


def _shipped(run: "Run", point: str) -> Path:
    """The artifact of a point, written into the cache once."""
    folder = user_cache() / SHIPPED / str(run.point(point)["artifact_sha256"])
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
        try:
            run.ship(point, part)
            if not folder.is_dir():
                part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _recipes(run: "Run", point: str) -> tuple[Recipe, ...]:
    """The recipes of the trainings behind a point, those of all members of an ensemble."""
    model = str(run.point(point)["model"])
    specs = {row["model"]: row for row in run.arrow("specs").to_pylist()}
    if model not in specs:
        return ()
    members = json.loads(specs[model]["members"]) or [model]
    return tuple(read_spec(specs[member]["recipe"]) for member in members)


def find_teacher(name: str, taxonomy: Taxonomy) -> TeacherRef:
    """Find the artifact of a name, as `Distilled.teacher` describes it.

    Args:
        name: of the artifact, or of a point of a run.
        taxonomy: whose labels it must have, or those that these are groups of.

    Returns:
        The teacher, named by its content.

    Raises:
        ValueError: there is none, or it has other labels.
    """
    from emoray.artifact.loading import open_artifact

    recipes: tuple[Recipe, ...] = ()
    place = place_of(name)
    if (found := run_and_point(name)) is not None:
        from emoray.tables.run import Run

        where, point = found
        run = Run.of(where)
        place, recipes = _shipped(run, point), _recipes(run, point)
    teacher = open_artifact(place)
    corpus_labels = Taxonomy(
        name="corpus",
        labels=taxonomy.of,
        members=tuple((i,) for i in range(len(taxonomy.of))),
        of=taxonomy.of,
    )
    if same_labels(teacher.labels, (taxonomy, corpus_labels)) is None:
        raise ValueError(
            f"a teacher has the labels of its student, {len(taxonomy.labels)} of {taxonomy}, or "
            f"the corpus' own {len(taxonomy.of)}, got {len(teacher.labels)} in {name}: name "
            "another artifact, or give --taxonomy"
        )
    return TeacherRef(
        sha256=teacher.model_sha256, folder=teacher.folder.absolute(), recipes=recipes
    )


def with_teachers(data: Data, recipes: Iterable[Recipe]) -> Data:
    """Add the teachers and files of texts that recipes name to `data`, as this machine has them.

    ValueError for one that is not here, or labels other things.

    Args:
        data: of the search.
        recipes: of the search.

    Returns:
        The data with both.
    """
    aims = [(r.taxonomy, r.objective) for r in recipes if isinstance(r.objective, Distilled)]
    teachers, files = dict(data.teachers), dict(data.unlabelled)
    for taxonomy, aim in aims:
        if aim.teacher and aim.teacher not in teachers:
            teachers[aim.teacher] = find_teacher(aim.teacher, data.corpus.taxonomy(taxonomy))
        if isinstance(aim.transfer, MoreTexts) and (own := aim.transfer.unlabelled):
            files.setdefault(own, TextsRef.of(Path(own)))
    # Behind a teacher that is trained by folds another may stand.
    found = replace(data, teachers=tuple(teachers.items()), unlabelled=tuple(files.items()))
    behind = [
        recipe
        for taxonomy, aim in aims
        if aim.folds > 1
        for recipe in found.teacher(aim.teacher).recipes
        if isinstance(recipe.objective, Distilled)
    ]
    return with_teachers(found, behind) if found != data and behind else found
