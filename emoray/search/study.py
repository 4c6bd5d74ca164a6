"""A joint search's study as tables: the report and notebooks read it without Optuna or Ray."""

import json
import warnings
from collections.abc import Iterator

import numpy as np
import optuna
from numpy.typing import NDArray

from emoray.metrics.hypervolume import hypervolumes_so_far, unit_costs
from emoray.search.trials import RunContext
from emoray.search.warm_start import WARM
from emoray.tables.study_rows import ImportanceRow, TrialRow

SIZE = "size_bytes"
FEWEST = 4  # complete trials; of fewer no tree tells two parameters apart


def own_trials(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Complete trials of the search itself, not those that it was started from."""
    found = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    return [trial for trial in found if WARM not in trial.user_attrs]


def _is_feasible(trial: optuna.trial.FrozenTrial) -> bool | None:
    """Whether a trial keeps to the bounds; None where it has none."""
    bounds = trial.system_attrs.get("constraints")
    return None if bounds is None else all(each <= 0 for each in bounds)


def volumes(study: optuna.Study) -> NDArray[np.float64]:
    """The hypervolume after each trial, those it began from included; NaN before one counts."""
    names = study.metric_names or ()
    values_TK = np.full((len(study.trials), len(names)), np.nan)
    for t, trial in enumerate(study.trials):
        if trial.state == optuna.trial.TrialState.COMPLETE and _is_feasible(trial) is not False:
            values_TK[t] = trial.values
    whole_T = ~np.isnan(values_TK).any(axis=1)
    if not whole_T.any():
        return np.full(len(values_TK), np.nan)
    for k, name in enumerate(names):
        if name == SIZE:
            values_TK[:, k] = np.log(values_TK[:, k])
    gains_K = np.array([d == optuna.study.StudyDirection.MAXIMIZE for d in study.directions])
    volumes_T = hypervolumes_so_far(unit_costs(values_TK, gains_K))
    return np.where(np.maximum.accumulate(whole_T), volumes_T, np.nan)


def trial_rows(study: optuna.Study) -> list[TrialRow]:
    """Rows of its trials in order; the values of a failed one are left out."""
    rows = []
    for trial, volume in zip(study.trials, volumes(study), strict=True):
        whole = trial.state == optuna.trial.TrialState.COMPLETE
        values = dict(zip(study.metric_names or (), trial.values if whole else (), strict=False))
        size = values.get(SIZE)
        rows.append(
            TrialRow(
                study=study.study_name,
                trial=trial.number,
                state=trial.state.name.lower(),
                dev_macro_f1=values.get("dev_macro_f1"),
                size_bytes=None if size is None else int(size),
                objectives=json.dumps(values),
                is_feasible=_is_feasible(trial),
                hypervolume=None if np.isnan(volume) else float(volume),
                warm_start=str(trial.user_attrs.get(WARM, "")),
                parameters=json.dumps(trial.params, sort_keys=True),
            )
        )
    return rows


def _importances(study: optuna.Study, objective: int) -> dict[str, float]:
    """By parameter; none where the trials do not differ."""
    # fANOVA would walk every tree once for each of a hundred schemes, which takes minutes.
    evaluator = optuna.importance.MeanDecreaseImpurityImportanceEvaluator(seed=0)
    values = [t.values[objective] for t in study.trials if t.values is not None]
    if len(set(values)) < 2:
        return {}
    with warnings.catch_warnings():  # of parameters that had one value only, and of experiments
        warnings.simplefilter("ignore")
        found = optuna.importance.get_param_importances(
            study, evaluator=evaluator, target=lambda trial: trial.values[objective]
        )
    return dict(found)


def importance_rows(study: optuna.Study) -> Iterator[ImportanceRow]:
    """Rows per objective and parameter; none of a study that is too small."""
    complete = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    if len(complete) < FEWEST:
        return
    for k, objective in enumerate(study.metric_names or ()):
        for parameter, importance in _importances(study, k).items():
            yield ImportanceRow(
                study=study.study_name,
                objective=objective,
                parameter=parameter,
                importance=float(importance),
                trials=len(complete),
            )


def write_study(study: optuna.Study, context: RunContext) -> None:
    """Write the tables `study` and `importances` of a run."""
    context.write(trial_rows(study), "study", study.study_name)
    context.write(list(importance_rows(study)), "importances", study.study_name)
