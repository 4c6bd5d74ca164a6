"""Recipes, schemes and decisions as JSON and back: data alone, of classes known beforehand.

What is read is hashed again, so a value that lost or gained something on the way is refused.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass, replace
from functools import cache
from typing import Any, get_args, get_type_hints

from emoray.quant.policy import Scheme
from emoray.stages.decisions import Decide
from emoray.stages.derived_decisions import DecideDerived
from emoray.stages.ensembles import Combine, Weighing
from emoray.stages.families.registry import FAMILIES
from emoray.stages.spec import Decision
from emoray.storage.store.keys import canonical, id_of, key_of, keyed_fields, tag_of
from emoray.tables.evidence_rows import SpecRow

TYPE = "type"  # of a JSON object: the tag of its class


def written_spec(value: Any) -> str:
    """A value as canonical JSON: equal text for equal values."""
    return json.dumps(canonical(value), sort_keys=True, separators=(",", ":"))


def _classes(hint: Any, seen: set[type]) -> Iterator[type]:
    """Every dataclass that a type can hold, however deep."""
    for part in get_args(hint):
        yield from _classes(part, seen)
    if isinstance(hint, type) and is_dataclass(hint) and hint not in seen:
        seen.add(hint)
        yield hint
        for inner in get_type_hints(hint).values():
            yield from _classes(inner, seen)


@cache
def _known(recipes: tuple[type, ...]) -> dict[str, type]:
    found: dict[str, type] = {}
    seen: set[type] = set()
    for hint in (*recipes, Scheme, Decision, Weighing):
        for each in _classes(hint, seen):
            assert tag_of(each) not in found, f"two classes have the tag {tag_of(each)}"
            found[tag_of(each)] = each
    return found


def known() -> dict[str, type]:
    """The classes that recipes, schemes, decisions and weighings are made of, by tag."""
    return _known(tuple(family.recipe for family in FAMILIES.values()))


def _value(data: Any) -> Any:
    if isinstance(data, list):
        return tuple(_value(part) for part in data)
    if not isinstance(data, dict):
        return data
    made = known().get(str(data.get(TYPE)))
    if made is None:
        raise ValueError(
            f"a spec is made of classes that are known here, got {data.get(TYPE)!r}: use the "
            "version of emoray that wrote it"
        )
    names = {key: name for key, name, _ in keyed_fields(made)}
    parts = {names.get(str(k), str(k)): _value(part) for k, part in data.items() if k != TYPE}
    try:
        return made(**parts)
    except TypeError as error:
        raise ValueError(
            f"a spec has the fields of its classes, got others for {data[TYPE]} ({error}): use "
            "the version of emoray that wrote it"
        ) from error


def read_spec(text: str) -> Any:
    """The value that `written_spec` wrote; ValueError where it does not come out the same."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ValueError(f"a spec is JSON, got {text[:40]!r}: {error}") from error
    value = _value(data)
    if canonical(value) != data:
        raise ValueError(
            f"a spec says the same when it is written again, {text[:60]!r} does not: use the "
            "version of emoray that wrote it"
        )
    return value


def spec_rows(
    decided: Sequence[Decide],
    ensembles: Sequence[Combine] = (),
    derived: Sequence[DecideDerived] = (),
) -> list[SpecRow]:
    """One row per model, ensemble and model in a coarser taxonomy, each once, by id."""
    rows: dict[str, SpecRow] = {}
    every: dict[str, dict[Decision, None]] = {}
    for decide in decided:
        compressed = decide.compressed
        decisions = every.setdefault(id_of(compressed), {})
        decisions |= dict.fromkeys(decide.decisions)
        rows[id_of(compressed)] = SpecRow(
            model=id_of(compressed),
            key=key_of(compressed),
            recipe=written_spec(compressed.trained.recipe),
            scheme=written_spec(compressed.scheme),
            decisions=written_spec(tuple(decisions)),
            plan="",
            weighing="",
            members="[]",
        )
    for combine in ensembles:
        rows[id_of(combine)] = SpecRow(
            model=id_of(combine),
            key=key_of(combine),
            recipe="",
            scheme="",
            decisions=written_spec(combine.decisions),
            plan=combine.plan,
            weighing=written_spec(combine.weighing),
            members=json.dumps([id_of(member) for member in combine.compressed]),
        )
    for stage in derived:
        own = rows[id_of(stage.compressed)]
        rows |= {model: replace(own, model=model) for model in stage.models}
    return [rows[model] for model in sorted(rows)]
