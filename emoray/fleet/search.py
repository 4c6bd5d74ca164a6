"""Ray Tune over a space: `grid` visits every recipe, `joint` lets Optuna choose all five knobs at once."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from ray import tune
from ray.tune.search.optuna import OptunaSearch

from emoray.decide.thresholds import Fixed
from emoray.fleet.space import Space
from emoray.fleet.trials import Desk, grid_trial, joint_trial, place
from emoray.model.recipe import GloveRecipe
from emoray.quant.scheme import ModelScheme
from emoray.trial.spec import RULES, Decision, Fitted, Rule, Spec, recipe_id

HOLDS_NOTHING = {"memory": 2**20}  # Tune refuses zero CPUs; a mebibyte of memory blocks nobody
TRIALS_AT_ONCE = 8


def _run(trainable: Callable[..., None], param_space: Any, tune_config: Any, folder: Path) -> None:
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    tuner = tune.Tuner(
        tune.with_resources(trainable, HOLDS_NOTHING),
        param_space=param_space,
        tune_config=tune_config,
        run_config=tune.RunConfig(storage_path=str(folder), name="tune", verbose=0),
    )
    tuner.fit()


def grid(space: Space, desk: Desk, folder: Path) -> int:
    """One trial per recipe and seed; returns how many."""
    recipes = {f"{recipe_id(r)} seed {r.seed}": r for r in space.recipes}
    trial = tune.with_parameters(
        grid_trial, desk=desk, recipes=recipes, schemes=space.schemes, decisions=space.decisions
    )
    config = tune.TuneConfig(
        metric="dev_macro_f1",
        mode="max",
        reuse_actors=True,
        max_concurrent_trials=TRIALS_AT_ONCE,
    )
    _run(trial, {"recipe": tune.grid_search(list(recipes))}, config, folder)
    return len(recipes)


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSpace:
    """The five knobs of one operating point, for a searcher to choose together."""

    name: str
    base: GloveRecipe
    embedding_dims: tuple[int, ...]
    layers: tuple[int, ...]
    schemes: dict[str, ModelScheme]
    trials: int = 64

    def ask(self, trial: Any) -> None:
        """Optuna's define-by-run: names and ranges of the knobs."""
        trial.suggest_categorical("embedding_dim", list(self.embedding_dims))
        trial.suggest_int("layers", min(self.layers), max(self.layers))
        trial.suggest_categorical("scheme", list(self.schemes))
        if not trial.suggest_categorical("calibrated", [True, False]):
            trial.suggest_float("temperature", 0.5, 2.0, log=True)
        rules = [str(rule) for rule in RULES if not isinstance(rule, Fixed)]
        if trial.suggest_categorical("threshold_rule", [*rules, "fixed"]) == "fixed":
            trial.suggest_float("threshold", 0.05, 0.95)

    def spec(self, config: dict[str, Any]) -> Spec:
        """The operating point that a trial's config names."""
        temperature = Fitted() if config["calibrated"] else float(config["temperature"])
        rule: Rule
        if config["threshold_rule"] == "fixed":
            rule = Fixed(float(config["threshold"]))
        else:
            rule = {str(r): r for r in RULES}[config["threshold_rule"]]
        return Spec(
            recipe=replace(
                self.base,
                embedding_dim=int(config["embedding_dim"]),
                layers=int(config["layers"]),
            ),
            scheme=self.schemes[config["scheme"]],
            decision=Decision(temperature=temperature, rule=rule),
        )


def joint(space: JointSpace, desk: Desk, folder: Path, *, seed: int = 0) -> int:
    """Optuna over all knobs at once: cross-fitted dev macro-F1 up, artifact bytes down.

    The study lies in `<folder>/study.db` for optuna-dashboard. Called again, it makes only the trials that
    are still missing; trials that a crash left open are closed as failed first. Returns trials started.
    """
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder / 'study.db'}")
    study = optuna.create_study(
        storage=storage,
        study_name=space.name,
        directions=["maximize", "minimize"],
        load_if_exists=True,
    )
    study.set_metric_names(["dev_macro_f1", "size_bytes"])
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    done = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    for trial in done:
        place(desk, space.spec(trial.params), f"study{trial.number}")
    missing = space.trials - len(done)
    if missing <= 0:
        return 0
    searcher = OptunaSearch(
        space=space.ask,
        metric=["dev_macro_f1", "size_bytes"],
        mode=["max", "min"],
        study_name=space.name,
        storage=storage,
        sampler=optuna.samplers.TPESampler(seed=seed + len(done), multivariate=True, group=True),
    )
    trainable = tune.with_parameters(joint_trial, desk=desk, spec_of=space.spec)
    config = tune.TuneConfig(
        search_alg=searcher,
        num_samples=missing,
        reuse_actors=True,
        max_concurrent_trials=TRIALS_AT_ONCE,
    )
    _run(trainable, None, config, folder)
    return missing
