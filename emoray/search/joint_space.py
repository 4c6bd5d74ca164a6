"""The space of a joint search: every knob of an operating point, for a searcher to choose."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from emoray.decide.thresholds import Fixed
from emoray.models.recipe import Recipe
from emoray.quant.policy import Scheme
from emoray.search.budget import UNLIMITED, Budget
from emoray.search.knobs import Between, Knob
from emoray.search.objectives import Goal
from emoray.stages.spec import RULES, Decision, Fitted, Rule, Spec

FITTED_RULES = tuple(rule for rule in RULES if not isinstance(rule, Fixed))
THRESHOLDS = Between(0.05, 0.95)
TEMPERATURES = Between(0.5, 2.0, log=True)
TRIALS = 64
GOAL = Goal()
FIXED = "fixed"  # the choice of a threshold that is not fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSpace:
    """The knobs of one operating point, for a searcher to choose together.

    Attributes:
        name: of the space, and of the study.
        base: the recipe whose knobs are chosen.
        knobs: what may be chosen for some of its fields.
        schemes: choices by name.
        trials: how many.
        rules: fitted ones to choose among.
        thresholds: fixed ones to choose among besides; None for none.
        goal: what is optimized, within which bounds, by which sampler.
        temperatures: to choose among beside the fitted one, with a fixed threshold.
        budget: of one start.
        derive: coarser taxonomies that models decide in too: names, files of groups.
    """

    name: str
    base: Recipe
    knobs: Mapping[str, Knob]
    schemes: Mapping[str, Scheme]
    trials: int
    rules: tuple[Rule, ...] = FITTED_RULES
    thresholds: Between | None = THRESHOLDS
    temperatures: Between | None = TEMPERATURES
    goal: Goal = GOAL
    budget: Budget = UNLIMITED
    derive: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.schemes:
            raise ValueError("a search space needs schemes, got none: name at least one")
        if not self.rules and self.thresholds is None:
            raise ValueError(
                "a search space needs rules or thresholds, got none: name at least one"
            )
        for end in self.thresholds.extremes if self.thresholds else ():
            Fixed(end)
        for end in self.temperatures.extremes if self.temperatures else ():
            Decision(temperature=end)

    @property
    def models(self) -> int:
        """One compressed model per trial at most."""
        return self.trials

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """Recipes that between them have every value of every knob, and the ends of ranges.

        ValueError for a value that a recipe refuses.
        """
        least = {name: knob.extremes[0] for name, knob in self.knobs.items()}
        first = replace(self.base, **least)
        changed = (
            replace(first, **{name: value})
            for name, knob in self.knobs.items()
            for value in knob.extremes[1:]
        )
        return tuple(dict.fromkeys((first, *changed)))

    def ask(self, trial: Any) -> None:
        """Optuna's define-by-run: names and ranges of the knobs."""
        for name, knob in self.knobs.items():
            knob.ask(trial, name)
        trial.suggest_categorical("scheme", list(self.schemes))
        if self.thresholds and self.temperatures:
            if not trial.suggest_categorical("calibrated", [True, False]):
                self.temperatures.ask(trial, "temperature")
        rules = [str(rule) for rule in self.rules]
        fixed = [FIXED] if self.thresholds else []
        if trial.suggest_categorical("threshold_rule", [*rules, *fixed]) == FIXED:
            assert self.thresholds is not None
            self.thresholds.ask(trial, "threshold")

    def parameters(self, spec: Spec) -> dict[str, Any] | None:
        """What a trial of this operating point would say; None where it lies outside."""
        said = {
            name: knob.asked(getattr(spec.recipe, name, None)) for name, knob in self.knobs.items()
        }
        said["scheme"] = str(spec.scheme)
        rule, temperature = spec.decision.rule, spec.decision.temperature
        if str(rule) in map(str, self.rules) or not isinstance(rule, Fixed):
            said["threshold_rule"] = str(rule)
        else:
            said["threshold_rule"] = FIXED
            said["threshold"] = self.thresholds and self.thresholds.asked(rule.value)
        if self.thresholds and self.temperatures:
            said["calibrated"] = isinstance(temperature, Fitted)
            if not said["calibrated"]:
                said["temperature"] = self.temperatures.asked(temperature)
        if None in said.values():
            return None
        try:
            return said if self.spec(said) == spec else None
        except (KeyError, StopIteration, ValueError):
            return None

    def spec(self, config: Mapping[str, Any]) -> Spec:
        """Build the operating point of a trial's config.

        Fitted thresholds decide alike at any temperature, so they come with the fitted one.

        Args:
            config: values by name, as `ask` suggests them.

        Returns:
            Recipe, scheme and decision.
        """
        rule: Rule
        if config["threshold_rule"] == FIXED:
            rule = Fixed(float(config["threshold"]))
        else:
            rule = {str(r): r for r in self.rules}[config["threshold_rule"]]
        temperature: Fitted | float = Fitted()
        if isinstance(rule, Fixed) and not config.get("calibrated", True):
            temperature = float(config["temperature"])
        chosen = {name: knob.value(config[name]) for name, knob in self.knobs.items()}
        return Spec(
            recipe=replace(self.base, **chosen),
            scheme=self.schemes[config["scheme"]],
            decision=Decision(temperature=temperature, rule=rule),
        )
