"""Ray Tune over a space: `grid` visits every recipe, `joint` lets Optuna choose all five knobs."""

import logging
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
import ray
from ray import tune
from ray.tune.execution import class_cache
from ray.tune.search.optuna import OptunaSearch

from emoray.fleet.space import JointSpace, Space
from emoray.fleet.stages_actor import refuse_full
from emoray.fleet.study import write_study
from emoray.fleet.trials import Desk, grid_trial, joint_trial, measure, place, unsettled
from emoray.trial.plan import deciding, training
from emoray.trial.spec import Data, recipe_id
from emoray.trial.stages.deciding import Decide
from emoray.trial.store import id_of

HOLDS_NOTHING = {"memory": 2**20}  # Tune refuses zero CPUs; a mebibyte of memory blocks nobody
RESTARTS = 2  # of a trial that raised or whose process died
STUDY = "study.db"
OBJECTIVES = {"dev_macro_f1": "max", "size_bytes": "min"}


def trials_at_once() -> int:
    """Enough to keep every CPU busy. A trial's actor costs seconds of imports, so no more."""
    return int(ray.cluster_resources().get("CPU", 1)) + 1


def _keep_credentials() -> None:
    """Tune would copy AWS keys into each trial's runtime environment, which Ray logs and shows on
    its dashboard. Every node has credentials of its own: stages need them too."""
    class_cache.ENV_VARS_TO_PROPAGATE.difference_update(
        [name for name in class_cache.ENV_VARS_TO_PROPAGATE if name.startswith("AWS_")]
    )


def _run(
    trainable: Callable[..., None], config: Any, tune_config: Any, desk: Desk, folder: Path
) -> None:
    """Run the trials; one whose process dies is run again, it finds what was made."""
    _keep_credentials()
    tuner = tune.Tuner(
        tune.with_resources(trainable, HOLDS_NOTHING),
        param_space=config,
        tune_config=tune_config,
        run_config=tune.RunConfig(
            storage_path=str(folder),
            name="tune",
            verbose=0,
            failure_config=tune.FailureConfig(max_failures=RESTARTS),
        ),
    )
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # what matters is told by our rows
    try:
        tuner.fit()
    except Exception:
        refuse_full(desk.stages)  # which Tune met as well, and said less clearly
        raise
    refuse_full(desk.stages)


def planned(space: Space, data: Data) -> list[Decide]:
    """Every model of a grid as the stage that decides on it; ValueError for one that cannot be."""
    return [
        deciding(training(recipe, data), scheme, space.decisions)
        for recipe in space.recipes
        for scheme in space.schemes
    ]


def _measure_here(desk: Desk, lost: Sequence[Decide]) -> None:
    """Models whose trials died for good are measured from the driver: no row hangs on Tune."""
    by_training: dict[str, list[Decide]] = {}
    for decide in lost:
        by_training.setdefault(id_of(decide.compressed.trained), []).append(decide)
    for models in by_training.values():
        measure(desk, models)


def grid(space: Space, desk: Desk, folder: Path) -> list[Decide]:
    """One trial per recipe and seed. Returns what was asked for, failed stages included."""
    recipes = {f"{recipe_id(r)} seed {r.seed}": r for r in space.recipes}
    trial = tune.with_parameters(
        grid_trial, desk=desk, recipes=recipes, schemes=space.schemes, decisions=space.decisions
    )
    config = tune.TuneConfig(
        metric="dev_macro_f1",
        mode="max",
        reuse_actors=True,
        max_concurrent_trials=trials_at_once(),
    )
    # Asked for ahead: the first trainings run while Tune is still starting its first trials.
    ahead = [training(recipe, desk.data) for recipe in space.recipes[: trials_at_once()]]
    asked = [desk.stages.make.remote(train) for train in ahead]
    _run(trial, {"recipe": tune.grid_search(list(recipes))}, config, desk, folder)
    ray.wait(asked, num_returns=len(asked))
    decided = planned(space, desk.data)
    _measure_here(desk, unsettled(desk, decided))
    return decided


def _study(space: JointSpace, storage: Any) -> optuna.Study:
    """The stored study; trials that a crash left open are closed as failed."""
    study = optuna.create_study(
        storage=storage,
        study_name=space.name,
        directions=["maximize" if mode == "max" else "minimize" for mode in OBJECTIVES.values()],
        load_if_exists=True,
    )
    with warnings.catch_warnings():  # the names only label the dashboard's axes
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(list(OBJECTIVES))
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


def joint(space: JointSpace, desk: Desk, folder: Path, *, seed: int = 0) -> list[Decide]:
    """Optuna over all knobs at once: cross-fitted dev macro-F1 up, artifact bytes down.

    The study lies in `<folder>/study.db`, for optuna-dashboard to open; its trials and what they
    say of each parameter become tables. Called again, it makes only the trials that are still
    missing. Returns what the tables are made of.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder / STUDY}")
    study = _study(space, storage)
    complete = (optuna.trial.TrialState.COMPLETE,)
    done = study.get_trials(states=complete)
    for trial in done:
        place(desk, space.spec(trial.params))
    if missing := max(0, space.trials - len(done)):
        searcher = OptunaSearch(
            space=space.ask,
            metric=list(OBJECTIVES),
            mode=list(OBJECTIVES.values()),
            study_name=space.name,
            storage=storage,
            sampler=optuna.samplers.TPESampler(seed=seed + len(done)),
        )
        config = tune.TuneConfig(
            search_alg=searcher,
            num_samples=missing,
            reuse_actors=True,
            max_concurrent_trials=trials_at_once(),
        )
        trainable = tune.with_parameters(joint_trial, desk=desk, spec_of=space.spec)
        _run(trainable, None, config, desk, folder)
    write_study(study, desk)
    specs = [space.spec(trial.params) for trial in study.get_trials(states=complete)]
    return [deciding(training(s.recipe, desk.data), s.scheme, (s.decision,)) for s in specs]
