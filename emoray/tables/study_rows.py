"""What a joint search leaves of its study: its trials in order, and which knob mattered."""

from dataclasses import dataclass

from emoray.tables.fields import SHARE, cost, gain, note


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One trial of a joint search, as the searcher asked for it."""

    study: str = note("name of the search space, and of the study in _tune/study.db")
    trial: int = note("number of the trial, from 0: the order in which they were asked for")
    state: str = note("complete, or fail where its stages failed or its process died")
    dev_macro_f1: float | None = gain("what it reported; null where it failed, or is no objective")
    size_bytes: int | None = cost("what it reported; null where it failed, or is no objective")
    objectives: str = note("all that it reported, JSON, by columns of points")
    is_feasible: bool | None = note("whether it keeps to the constraints; null without any")
    hypervolume: float | None = gain(
        "of the front after this trial: share of the box from the worst to the best value of each "
        "objective over the study, sizes as logarithms; null before any trial is complete",
        unit=SHARE,
    )
    warm_start: str = note("the earlier run whose point it is; empty for one of this search")
    parameters: str = note("what the searcher chose, JSON, by the names that Optuna shows")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportanceRow:
    """How much of one objective's variance over a joint search one parameter accounts for."""

    study: str = note("name of the study")
    objective: str = note("a column of points that the search optimizes")
    parameter: str = note("a parameter that every trial has")
    importance: float = note(
        "share of the variance that a random forest explains by it (mean decrease in impurity, "
        "Breiman 2001), as Optuna computes it; parameters of one objective sum to 1",
        unit=SHARE,
    )
    trials: int = note("complete trials it was computed from: of few it is a guess")
