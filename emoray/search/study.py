"""A joint search's study as tables: the report and notebooks read it without Optuna or Ray."""

import json
import warnings
from collections.abc import Iterator

import optuna

from emoray.search.trials import RunContext
from emoray.search.warm_start import WARM
from emoray.tables.study_rows import ImportanceRow, TrialRow

FEWEST = 4  # complete trials; of fewer no tree tells two parameters apart


def own_trials(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Complete trials of the search itself, not those that it was started from."""
    found = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    return [trial for trial in found if WARM not in trial.user_attrs]


def trial_rows(study: optuna.Study) -> list[TrialRow]:
    """Rows of its trials in order; the values of a failed one are left out."""
    rows = []
    for trial in study.trials:
        whole = trial.state == optuna.trial.TrialState.COMPLETE
        values = dict(zip(study.metric_names or (), trial.values if whole else (), strict=False))
        size, bounds = values.get("size_bytes"), trial.system_attrs.get("constraints")
        rows.append(
            TrialRow(
                study=study.study_name,
                trial=trial.number,
                state=trial.state.name.lower(),
                dev_macro_f1=values.get("dev_macro_f1"),
                size_bytes=None if size is None else int(size),
                objectives=json.dumps(values),
                is_feasible=None if bounds is None else all(each <= 0 for each in bounds),
                warm_start=str(trial.user_attrs.get(WARM, "")),
                parameters=json.dumps(trial.params, sort_keys=True),
            )
        )
    return rows


def _importances(study: optuna.Study, objective: int) -> dict[str, float]:
    """By parameter; none where the trials do not differ."""
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
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
