"""What a command line names in place of a space's own: schemes, losses, rules, shots and more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from emoray.models.losses import Loss
from emoray.models.recipe import Recipe
from emoray.models.sampling import Shots
from emoray.quant.policy import Scheme
from emoray.search.budget import UNLIMITED, Budget
from emoray.search.form.schemes import by_name
from emoray.search.form.space_form import form_digest
from emoray.search.form.values import hints_of, read_value
from emoray.search.joint_space import JointSpace
from emoray.search.knobs import Choices
from emoray.search.objectives import Constraint
from emoray.search.spaces import Space
from emoray.stages.spec import Decision, Rule, distinct

VOCABULARY = "vocabulary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Values that a user names in place of a space's own; empty keeps them."""

    schemes: tuple[Scheme, ...] = ()
    losses: tuple[Loss, ...] = ()
    rules: tuple[Rule, ...] = ()
    vocabularies: tuple[int, ...] = ()
    shots: tuple[Shots, ...] = ()
    objectives: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    sampler: str | None = None
    budget: Budget = UNLIMITED

    @classmethod
    def from_options(
        cls,
        schemes: Sequence[str],
        losses: Sequence[str],
        rules: Sequence[str],
        vocabularies: Sequence[int],
        shots: Sequence[int] = (),
    ) -> "Narrowing":
        """Values from the options of a job; ValueError for a name that is none."""

        def read(hint: Any, option: str, names: Sequence[str]) -> tuple[Any, ...]:
            return tuple(dict.fromkeys(read_value(hint, name, (option,)) for name in names))

        return cls(
            schemes=read(Scheme, "--scheme", schemes),
            losses=read(Loss, "--loss", losses),
            rules=read(Rule, "--rule", rules),
            vocabularies=tuple(dict.fromkeys(vocabularies)),
            shots=tuple(Shots(per_label=n) for n in dict.fromkeys(shots)),
        )

    @property
    def _knobs(self) -> dict[str, tuple[Any, ...]]:
        """Fields of recipes that are set, and their values."""
        found = {"loss": self.losses, VOCABULARY: self.vocabularies, "sample": self.shots}
        return {name: values for name, values in found.items() if values}

    def of(self, space: Space | JointSpace) -> Space | JointSpace:
        """The space with these values; ValueError where its recipes do not have such a field."""
        minutes, trainings = self.budget.minutes, self.budget.trainings
        budget = Budget(
            minutes=minutes or space.budget.minutes, trainings=trainings or space.budget.trainings
        )
        space = replace(space, budget=budget)
        if replace(self, budget=UNLIMITED) == Narrowing():
            return space
        for recipe in space.recipes:
            self._check(recipe)
        if isinstance(space, JointSpace):
            return self._of_joint(space)
        if self.objectives or self.constraints or self.sampler:
            raise ValueError(
                "objectives, constraints and a sampler are of a joint search, got them with a "
                "grid, which visits all: add --space joint, or leave them out"
            )
        recipes = [
            replace(recipe, **dict(zip(self._knobs, values, strict=True)))
            for recipe in space.recipes
            for values in product(*self._knobs.values())
        ]
        return replace(
            space,
            recipes=tuple(dict.fromkeys(recipes)),
            schemes=self.schemes or space.schemes,
            decisions=distinct(Decision(rule=r) for r in self.rules) or space.decisions,
        )

    def _check(self, recipe: Recipe) -> None:
        for name in self._knobs:
            if name not in hints_of(type(recipe)):
                raise ValueError(
                    f"{name} is no knob of {recipe.family} recipes, got --{name} with a space that "
                    f"has them: leave it out, their knobs are {', '.join(hints_of(type(recipe)))}"
                )

    def _of_joint(self, space: JointSpace) -> JointSpace:
        """One value is fixed, several are chosen from; its study is another one."""
        fixed = {name: values[0] for name, values in self._knobs.items() if len(values) == 1}
        knobs = {name: Choices(v) for name, v in self._knobs.items() if name not in fixed}
        own = {name: knob for name, knob in space.knobs.items() if name not in fixed}
        found = replace(
            space,
            base=replace(space.base, **fixed),
            knobs={**own, **knobs},
            schemes=by_name(iter(self.schemes)) or space.schemes,
            rules=self.rules or space.rules,
            goal=replace(
                space.goal,
                objectives=self.objectives or space.goal.objectives,
                constraints=self.constraints or space.goal.constraints,
                sampler=self.sampler or space.goal.sampler,
            ),
            thresholds=None if self.rules else space.thresholds,
        )
        return replace(found, name=f"{space.name}-{form_digest(found)[:6]}")
