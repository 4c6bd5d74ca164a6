"""What is told of a joint search once it has ended."""

import optuna
import pytest

from emoray.search.study import importance_rows

SCHEMES = [f"scheme {i}" for i in range(120)]


def test_of_a_hundred_schemes_and_a_width_that_alone_counts_the_width_does() -> None:
    study = optuna.create_study(directions=["maximize"], sampler=optuna.samplers.RandomSampler(0))
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        study.set_metric_names(["dev_macro_f1"])

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_categorical("scheme", SCHEMES)
        return float(trial.suggest_int("embedding_dim", 1, 50))

    study.optimize(objective, n_trials=60)
    shares = {row.parameter: row.importance for row in importance_rows(study)}
    assert shares["embedding_dim"] > 0.95 and abs(sum(shares.values()) - 1) < 1e-9
    assert {row.trials for row in importance_rows(study)} == {60}
