"""A whole search space in plain data, as `space.yaml` holds it: read, and written.

A grid holds `recipes`, `schemes` and `decisions`. A joint search (`search: joint`) holds one
`recipe` whose lists and ranges a searcher chooses from, `schemes`, and `rules`, `thresholds` and
`temperatures` to decide by. The taxonomy is the job's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from emoray.models.recipe import Recipe
from emoray.quant.policy import Scheme
from emoray.search.budget import Budget
from emoray.search.form.document import FormError, Trail, nearest
from emoray.search.form.products import read_product, written_one, written_products
from emoray.search.form.schemes import by_name
from emoray.search.form.values import (
    built,
    choices,
    hints_of,
    read_value,
    require_known,
    written_value,
)
from emoray.search.joint_space import TRIALS, JointSpace
from emoray.search.knobs import Between, Choices, Knob
from emoray.search.objectives import Constraint, Goal
from emoray.search.spaces import Space
from emoray.stages.families.registry import FAMILIES
from emoray.stages.spec import Decision, Rule, all_decisions, distinct
from emoray.storage.store.keys import digest

GRID, JOINT = "grid", "joint"
SEARCH, FAMILY, TAXONOMY = "search", "family", "taxonomy"
ALL = "all"  # decisions: every rule, and the grid of temperatures and fixed thresholds
BUDGET = "budget"
DERIVE = "derive"  # coarser taxonomies that models decide in too
NATIVE = "native"  # taxonomies that recipes are trained in too
GRID_KEYS = (SEARCH, "recipes", "schemes", "decisions", BUDGET, DERIVE, NATIVE)
GOAL_KEYS = ("objectives", "constraints", "sampler")
JOINT_KEYS = (
    *(SEARCH, "trials", *GOAL_KEYS, "recipe", "schemes"),
    *("rules", "thresholds", "temperatures", BUDGET, DERIVE),
)
LONGER = ("trials", BUDGET)  # how much is searched, not what in
LOW, HIGH, LOG = "from", "to", "log"


def _recipe_class(data: Any, at: Trail) -> tuple[type[Recipe], dict[str, Any]]:
    """The class of a recipe by its family, and its other fields."""
    if not isinstance(data, dict):
        raise FormError(at, f"a recipe is written as its fields, got {data!r}: write family: glove")
    known = ", ".join(FAMILIES)
    if FAMILY not in data:
        raise FormError(at, f"a recipe names its family, {known}, got none: write family: glove")
    family = data[FAMILY]
    if family not in FAMILIES:
        raise FormError(
            (*at, FAMILY), f"a family is {known}, got {family!r}: {nearest(family, FAMILIES)}"
        )
    if TAXONOMY in data:
        raise FormError(
            (*at, TAXONOMY),
            f"the taxonomy is the job's, got {data[TAXONOMY]!r}: leave it out and say --taxonomy",
        )
    return FAMILIES[family].recipe, {name: part for name, part in data.items() if name != FAMILY}


def _recipes(data: Any, at: Trail) -> tuple[Recipe, ...]:
    found: list[Recipe] = []
    for i, block in enumerate(_list(data, at)):
        kind, own = _recipe_class(block, (*at, i))
        found += read_product(kind, own, (*at, i), f"a {kind.family} recipe")
    return tuple(dict.fromkeys(found))


def _list(data: Any, at: Trail) -> list[Any]:
    found = list(data) if isinstance(data, list | tuple) else [data]
    if not found:
        raise FormError(at, f"a search space needs {at[-1]}, got none: name at least one")
    return found


def _schemes(data: Any, at: Trail) -> tuple[Scheme, ...]:
    wanted = [read_value(Scheme, each, (*at, i)) for i, each in enumerate(_list(data, at))]
    return tuple(dict.fromkeys(wanted))


def _decisions(data: Any, at: Trail) -> tuple[Decision, ...]:
    if data == ALL:
        return all_decisions()
    found: list[Decision] = []
    for i, block in enumerate(_list(data, at)):
        found += read_product(Decision, block, (*at, i), "a decision")
    return distinct(found)


def _between(data: Mapping[str, Any], kind: Any, at: Trail) -> Between:
    for name in data:
        require_known(name, (LOW, HIGH, LOG), at, "a range")
    if LOW not in data or HIGH not in data:
        raise FormError(at, f"a range has both ends, got {data!r}: write {{from: 1, to: 3}}")
    ends = [read_value(kind, data[name], (*at, name)) for name in (LOW, HIGH)]
    log = read_value(bool, data.get(LOG, False), (*at, LOG))
    return built(Between, {"low": ends[0], "high": ends[1], "log": log}, at)


def _knobs(kind: type[Recipe], data: dict[str, Any], at: Trail) -> tuple[Recipe, dict[str, Knob]]:
    """The recipe of a joint search, and the knobs that have several values in it."""
    fixed: dict[str, Any] = {}
    knobs: dict[str, Knob] = {}
    hints = hints_of(kind)
    for name, said in data.items():
        here = (*at, name)
        require_known(name, hints, at, f"a {kind.family} recipe")
        if isinstance(said, dict) and LOW in said and hints[name] in (int, float):
            knobs[name] = _between(said, hints[name], here)
            continue
        values = choices(hints[name], said, here)
        if len(values) == 1:
            fixed[name] = values[0]
        else:
            knobs[name] = built(Choices, {"values": values}, here)
    least = {name: knob.extremes[0] for name, knob in knobs.items()}
    base = built(kind, {**fixed, **least}, at)
    for name, knob in knobs.items():  # each refused where it stands
        for value in knob.extremes[1:]:
            built(kind, {**fixed, **least, name: value}, (*at, name))
    return base, knobs


def _goal(data: dict[str, Any]) -> Goal:
    said: dict[str, Any] = {}
    for part in GOAL_KEYS[:2]:
        if part in data:
            texts = data[part] if isinstance(data[part], list | tuple) else [data[part]]
            said[part] = tuple(read_value(str, t, (part, i)) for i, t in enumerate(texts))
    if "constraints" in said:
        said["constraints"] = tuple(
            built(Constraint, {"text": text}, ("constraints", i))
            for i, text in enumerate(said["constraints"])
        )
    if "sampler" in data:
        said["sampler"] = read_value(str, data["sampler"], ("sampler",))
    for part, value in said.items():  # each refused where it stands
        built(Goal, {part: value}, (part,))
    goal: Goal = built(Goal, said, ())
    return goal


def _budget(data: dict[str, Any]) -> Budget:
    said = data.get(BUDGET, {})
    if not isinstance(said, dict):
        raise FormError((BUDGET,), f"a budget is its limits, got {said!r}: write {{minutes: 30}}")
    hints = hints_of(Budget)
    for name in said:
        require_known(name, hints, (BUDGET,), "a budget")
    parts = {name: read_value(hints[name], part, (BUDGET, name)) for name, part in said.items()}
    for name, part in parts.items():  # each refused where it stands
        built(Budget, {name: part}, (BUDGET, name))
    budget: Budget = built(Budget, parts, (BUDGET,))
    return budget


def _names(data: dict[str, Any], key: str) -> tuple[str, ...]:
    said = _list(data[key], (key,)) if data.get(key) else []
    return tuple(read_value(str, name, (key, i)) for i, name in enumerate(said))


def _written_names(**names: Sequence[str]) -> dict[str, Any]:
    return {key: list(said) for key, said in names.items() if said}


def _written_budget(budget: Budget) -> dict[str, Any]:
    """Nothing of one without limits."""
    said = {name: part for name, part in asdict(budget).items() if part is not None}
    return {BUDGET: said} if said else {}


def _joint(data: dict[str, Any], name: str) -> JointSpace:
    kind, own = _recipe_class(data.get("recipe"), ("recipe",))
    base, knobs = _knobs(kind, own, ("recipe",))
    said: dict[str, Any] = {}
    if "rules" in data:
        rules = _list(data["rules"], ("rules",)) if data["rules"] else []
        said["rules"] = tuple(read_value(Rule, r, ("rules", i)) for i, r in enumerate(rules))
    for part in ("thresholds", "temperatures"):
        if part in data:
            range_ = data[part]
            said[part] = range_ and _between(_mapping(range_, (part,)), float, (part,))
    space: JointSpace = built(
        JointSpace,
        {
            "name": name,
            "base": base,
            "knobs": knobs,
            "schemes": by_name(iter(_schemes(data.get("schemes"), ("schemes",)))),
            "trials": read_value(int, data.get("trials", TRIALS), ("trials",)),
            "goal": _goal(data),
            "budget": _budget(data),
            DERIVE: _names(data, DERIVE),
            **said,
        },
        (),
    )
    if space.trials < 1:
        raise FormError(("trials",), f"trials must be at least 1, got {space.trials}")
    return space


def _mapping(data: Any, at: Trail) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise FormError(at, f"{at[-1]} is a range, got {data!r}: write {{from: 0.1, to: 0.9}}")
    return data


def read_space(data: Any, name: str) -> Space | JointSpace:
    """Build the space that plain data describe.

    Args:
        data: as the module says.
        name: of the space; of a joint one the study is called so, and by what it holds.

    Returns:
        The space, its recipes of the default taxonomy.

    Raises:
        FormError: a mistake, and where it is.
    """
    if not isinstance(data, dict):
        raise FormError((), f"a space is written as its parts, got {data!r}: write recipes: …")
    search = data.get(SEARCH, GRID)
    if search not in (GRID, JOINT):
        raise FormError(
            (SEARCH,), f"search is grid or joint, got {search!r}: {nearest(search, (GRID, JOINT))}"
        )
    keys = GRID_KEYS if search == GRID else JOINT_KEYS
    for key in data:
        require_known(str(key), keys, (), f"a {search} space")
    for key in ("recipes" if search == GRID else "recipe", "schemes"):
        if key not in data:
            raise FormError((), f"a {search} space needs {key}, got none: name at least one")
    if search == JOINT:
        return _joint(data, name)
    return Space(
        recipes=_recipes(data["recipes"], ("recipes",)),
        schemes=_schemes(data["schemes"], ("schemes",)),
        decisions=_decisions(data.get("decisions", ALL), ("decisions",)),
        budget=_budget(data),
        derive=_names(data, DERIVE),
        native=_names(data, NATIVE),
    )


def _written_knob(knob: Knob, hint: Any) -> Any:
    if isinstance(knob, Between):
        ends = {LOW: knob.low, HIGH: knob.high}
        return {**ends, LOG: True} if knob.log else ends
    return [written_value(value, hint) for value in knob.values]


def _written_joint(space: JointSpace) -> dict[str, Any]:
    base, hints = space.base, hints_of(type(space.base))
    fixed = written_one(base, (TAXONOMY, *space.knobs))
    knobs = {name: _written_knob(knob, hints[name]) for name, knob in space.knobs.items()}
    ranges = {"thresholds": space.thresholds, "temperatures": space.temperatures}
    return {
        SEARCH: JOINT,
        "trials": space.trials,
        "objectives": list(space.goal.objectives),
        "constraints": [str(constraint) for constraint in space.goal.constraints],
        "sampler": space.goal.sampler,
        "recipe": {FAMILY: base.family, **knobs, **fixed},
        "schemes": [written_value(scheme, Scheme) for scheme in space.schemes.values()],
        "rules": [written_value(rule, Rule) for rule in space.rules],
        **{name: knob and _written_knob(knob, float) for name, knob in ranges.items()},
        **_written_budget(space.budget),
        **_written_names(derive=space.derive),
    }


def written_space(space: Space | JointSpace) -> dict[str, Any]:
    """A space as plain data, which `read_space` reads as the same."""
    if isinstance(space, JointSpace):
        return _written_joint(space)
    recipes = [
        {FAMILY: kind.family, **block}  # type: ignore[attr-defined]
        for kind, block in written_products(space.recipes, (TAXONOMY,))
    ]
    every = space.decisions == all_decisions()
    decisions = ALL if every else [block for _, block in written_products(space.decisions)]
    return {
        "recipes": recipes,
        "schemes": [written_value(scheme, Scheme) for scheme in space.schemes],
        "decisions": decisions,
        **_written_budget(space.budget),
        **_written_names(derive=space.derive, native=space.native),
    }


def form_digest(space: Space | JointSpace) -> str:
    """What a space searches in, as 64 hexadecimal digits; how long it searches does not count."""
    said = {key: part for key, part in written_space(space).items() if key not in LONGER}
    return digest(_pairs(said))


def _pairs(data: Any) -> Any:
    """Mappings as tuples of pairs."""
    if isinstance(data, dict):
        return tuple((key, _pairs(part)) for key, part in data.items())
    return tuple(_pairs(part) for part in data) if isinstance(data, list | tuple) else data
