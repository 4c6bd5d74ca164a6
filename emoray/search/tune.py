"""A space searched: a grid visits every recipe, in a joint search Tune's searcher chooses."""

import warnings
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import optuna
from ray.tune.search.optuna import OptunaSearch

from emoray.distributed.ask_ahead import Ahead, each, run_to_end
from emoray.distributed.single_flight import Failed
from emoray.labels import Taxonomy
from emoray.search.budget import Spending
from emoray.search.joint_space import JointSpace
from emoray.search.objectives import sampler_of
from emoray.search.spaces import Space
from emoray.search.study import own_trials, write_study
from emoray.search.trials import RunContext, measuring, placing
from emoray.search.warm_start import KnownPoint, add_known, asked_text
from emoray.stages.decisions import Decide
from emoray.stages.plan import comparing, deciding, deriving, training
from emoray.stages.spec import Data

STUDY = "study.db"
RECIPES = Ahead(least=2, share=1.0, first=8)  # of a list; the first end before the last are begun
TRIALS = Ahead(least=2, share=0.5, first=2)  # one begun before others ended learns nothing of them


def _run(trials: Coroutine[Any, Any, None], context: RunContext) -> None:
    """Run the trials to their end."""
    try:
        run_to_end(trials)
    except Exception:
        context.stages.refuse_full()  # the trials raise it too, less clearly
        raise
    context.stages.refuse_full()


def planned_grid(space: Space, data: Data) -> list[Decide]:
    """Every model of a grid as the stage that decides on it; ValueError for one that cannot be."""
    return [
        deciding(train, scheme, space.decisions)
        for train in (training(recipe, data) for recipe in space.every_recipe)
        for scheme in space.schemes
    ]


def stages_of(decided: Sequence[Decide], derived: Sequence[Taxonomy] = ()) -> Counter[str]:
    """How many stages of each name such models take, without what prepares texts for all."""
    shared = {
        stage
        for decide in decided  # many models of a training have one pruning
        for stage in (
            decide.compressed.trained,
            decide.compressed.pruned,
            decide.compressed.left,
        )
    }
    planned = Counter(stage.name for stage in shared if stage is not None)
    for decide in decided:
        compressed = decide.compressed
        own = (
            *(compressed.refined, compressed, decide.scored, decide, comparing(decide)),
            deriving(decide, derived),
        )
        planned.update(stage.name for stage in own if stage is not None)
    return planned


def planned(space: Space | JointSpace, data: Data) -> None:
    """Plan what a space trains and makes; ValueError for what cannot be."""
    if isinstance(space, Space):
        planned_grid(space, data)
        return
    for recipe in space.recipes:
        training(recipe, data)


def search_grid(
    space: Space, context: RunContext, spending: Spending | None = None
) -> list[Decide]:
    """Train every recipe once, compress it under every scheme, decide every way.

    Args:
        space: the grid.
        context: the run.
        spending: what this start may still take; None for the space's own budget.

    Returns:
        The stages of all models that were begun, failed ones included.
    """
    spending, begun = spending or Spending(space.budget), list[list[Decide]]()
    decided = planned_grid(space, context.data)
    models = [list(of) for _, of in groupby(decided, lambda d: d.compressed.trained)]

    def asked() -> Iterator[list[Decide]]:
        for of_one in spending.within(models, lambda: len(begun)):
            begun.append(of_one)
            yield of_one

    _run(each(partial(measuring, context), asked(), ahead=RECIPES), context)
    return [decide for of_one in begun for decide in of_one]


def _study(space: JointSpace, storage: Any) -> optuna.Study:
    """The stored study; trials that a crash left open are closed as failed."""
    study = optuna.create_study(
        storage=storage,
        study_name=space.name,
        directions=space.goal.directions,
        load_if_exists=True,
    )
    with warnings.catch_warnings():  # the names only label the dashboard's axes
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(list(space.goal.objectives))
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


async def _trial(
    context: RunContext,
    space: JointSpace,
    searcher: OptunaSearch,
    excesses: dict[str, list[float]],
    proposed: tuple[str, dict[str, Any]],
) -> None:
    """Measure one operating point that the searcher proposed, and report its scores to it.

    A trial whose stages failed is reported as failed: the searcher must not wait for a score.
    """
    name, asked = proposed
    row = await placing(context, space.spec(asked), space.goal.columns)
    if isinstance(row, Failed):
        searcher.on_trial_complete(name, error=True)
    else:
        excesses[asked_text(asked)] = space.goal.excesses(row)
        scores = {objective: float(row[objective]) for objective in space.goal.objectives}
        searcher.on_trial_complete(name, scores)


def search_joint(
    space: JointSpace,
    context: RunContext,
    folder: Path,
    *,
    seed: int = 0,
    warm: Sequence[KnownPoint] = (),
    spending: Spending | None = None,
) -> list[Decide]:
    """Search all knobs at once with Optuna, after the space's goal.

    The study lies in `<folder>/study.db`, for optuna-dashboard to open; its trials and the
    importance of each parameter become tables. Called again, it makes only the trials that are
    still missing.

    Args:
        space: the knobs.
        context: the run.
        folder: of the study.
        seed: of the sampler.
        warm: points of earlier runs, which the sampler learns from before its first trial.
        spending: what this start may still take; None for the space's own budget.

    Returns:
        The stages of all complete trials.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder / STUDY}")
    study = _study(space, storage)
    add_known(study, space, warm)
    done = own_trials(study)
    specs = [space.spec(trial.params) for trial in done]
    _run(each(partial(placing, context), specs, ahead=RECIPES), context)
    if missing := max(0, space.trials - len(done)):
        goal, excesses = space.goal, dict[str, list[float]]()
        sampler = sampler_of(
            goal, seed + len(done), missing, lambda trial: excesses[asked_text(trial.params)]
        )
        searcher = OptunaSearch(
            space=space.ask,
            metric=list(goal.objectives),
            mode=["max" if way == "maximize" else "min" for way in goal.directions],
            study_name=space.name,
            storage=storage,
            sampler=sampler,
        )
        within = spending or Spending(space.budget)
        trained = {spec.recipe for spec in specs}

        def proposed() -> Iterator[tuple[str, dict[str, Any]]]:
            names = (f"trial {i}" for i in range(missing))
            for name in within.within(names, lambda: len(trained)):
                asked: dict[str, Any] = searcher.suggest(name)
                trained.add(space.spec(asked).recipe)
                yield name, asked

        measured = partial(_trial, context, space, searcher, excesses)
        _run(each(measured, proposed(), ahead=TRIALS), context)
    write_study(study, context)
    specs = [space.spec(trial.params) for trial in own_trials(study)]
    return [deciding(training(s.recipe, context.data), s.scheme, (s.decision,)) for s in specs]
