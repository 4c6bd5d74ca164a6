"""What a joint search optimizes, what it must keep to, and which sampler proposes trials."""

import ast
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import optuna

from emoray.search.form.document import nearest
from emoray.tables.conditions import of_test
from emoray.tables.point_rows import MeasuredPointRow

SAMPLERS = {
    "tpe": "Tree-structured Parzen estimator",
    "nsga2": "NSGA-II, a genetic algorithm",
    "gp": "Gaussian process",
    "random": "random search",
}
USUAL = ("dev_macro_f1", "size_bytes")
SIGNS: Mapping[type[ast.cmpop], tuple[float, bool]] = {  # which way is too far, whether ends count
    ast.Lt: (1.0, False),
    ast.LtE: (1.0, True),
    ast.Gt: (-1.0, False),
    ast.GtE: (-1.0, True),
}


@cache
def measured() -> dict[str, str]:
    """Columns of points that a trial can be judged by: what dev and the artifact tell.

    Returns:
        Which way is better of each. Latency is none of them: it is timed alone, after the search.
    """
    found = ((f.name, f.metadata.get("direction")) for f in fields(MeasuredPointRow))
    return {name: str(way) for name, way in found if way and not of_test(name)}


def require_measured(column: str) -> str:
    """The column; ValueError for one that no trial can be judged by."""
    if column in measured():
        return column
    if "latency" in column or column.endswith("_ms"):
        raise ValueError(
            f"a trial is judged by what stages measure, got {column}: models are timed alone, "
            "after the search; choose by it then (python -m jobs.ship … --by latency_p50_ms)"
        )
    if of_test(column):
        raise ValueError(
            f"a search looks at dev alone, got {column}: {nearest(column, measured())}"
        )
    raise ValueError(
        f"an objective is a column of points that dev or the artifact tells, got {column!r}: "
        f"{nearest(column, measured())}"
    )


@dataclass(frozen=True, slots=True)
class Constraint:
    """A bound on one column, such as `size_bytes < 200_000`."""

    text: str

    def __post_init__(self) -> None:
        self._parts()

    def __str__(self) -> str:
        return self.text

    def _parts(self) -> tuple[str, float, bool, float]:
        """Column, which way is too far, whether the limit itself will do, the limit."""
        try:
            node = ast.parse(self.text.strip(), mode="eval").body
            assert isinstance(node, ast.Compare) and isinstance(node.left, ast.Name)
            ((sign, whole),) = [SIGNS[type(op)] for op in node.ops]
            limit = float(ast.literal_eval(node.comparators[0]))
        except (SyntaxError, ValueError, TypeError, KeyError, AssertionError) as error:
            raise ValueError(
                f"a constraint compares a column with a number, got {self.text[:60]!r}: write it "
                "like 'size_bytes < 200_000'"
            ) from error
        return require_measured(node.left.id), sign, whole, limit

    @property
    def column(self) -> str:
        """The column."""
        return self._parts()[0]

    def excess(self, row: Mapping[str, Any]) -> float:
        """How far a row is beyond the bound; 0 or less within it."""
        column, sign, whole, limit = self._parts()
        beyond = sign * (float(row[column]) - limit)
        return beyond if whole or beyond else math.ulp(limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a search is after.

    Attributes:
        objectives: columns of points to optimize, each the way that is better of it.
        constraints: bounds that a trial must keep to.
        sampler: a name of SAMPLERS.
    """

    objectives: tuple[str, ...] = USUAL
    constraints: tuple[Constraint, ...] = ()
    sampler: str = "tpe"

    def __post_init__(self) -> None:
        if not self.objectives or len(set(self.objectives)) < len(self.objectives):
            raise ValueError(
                f"a search has objectives, each once, got {', '.join(self.objectives) or 'none'}: "
                "name e.g. dev_macro_f1 and size_bytes"
            )
        for column in self.objectives:
            require_measured(column)
        if self.sampler not in SAMPLERS:
            raise ValueError(
                f"a sampler is {', '.join(SAMPLERS)}, got {self.sampler!r}: "
                f"{nearest(self.sampler, SAMPLERS)}"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that a trial is judged by."""
        return tuple(dict.fromkeys((*self.objectives, *(c.column for c in self.constraints))))

    @property
    def directions(self) -> list[str]:
        """Of each objective, as Optuna says it."""
        return [measured()[column] for column in self.objectives]

    def excesses(self, row: Mapping[str, Any]) -> list[float]:
        """How far a row is beyond each bound."""
        return [constraint.excess(row) for constraint in self.constraints]


def sampler_of(
    goal: Goal, seed: int, trials: int, excesses: Callable[[Any], Sequence[float]]
) -> Any:
    """Optuna's sampler.

    Args:
        goal: which one, and whether trials have bounds.
        seed: of its draws.
        trials: how many it proposes: a population of NSGA-II is an eighth of them.
        excesses: of a finished trial, how far it is beyond each bound.

    Returns:
        The sampler.
    """
    with warnings.catch_warnings():  # bounds are experimental in one version, old in another
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return _sampler(goal, seed, trials, excesses)


def _sampler(goal: Goal, seed: int, trials: int, excesses: Callable[[Any], Sequence[float]]) -> Any:
    bounds = {"constraints_func": excesses} if goal.constraints else {}
    if goal.sampler == "nsga2":
        return optuna.samplers.NSGAIISampler(
            seed=seed, population_size=min(50, max(4, trials // 8)), **bounds
        )
    if goal.sampler == "gp":
        return optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False, **bounds)
    if goal.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, **bounds)
