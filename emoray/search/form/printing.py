"""A space as the YAML that `--space` takes, with what else may be written into it."""

from collections.abc import Iterator
from typing import Any

import yaml

from emoray.search.form.space_form import FAMILY, LOW, TAXONOMY, written_space
from emoray.search.form.values import (
    TYPE,
    allowed,
    default_of,
    hints_of,
    members,
    several,
    written_value,
)
from emoray.search.joint_space import JointSpace
from emoray.search.spaces import Space
from emoray.stages.families.registry import FAMILIES

WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Lists of values and ranges in one line, lists of recipes in several."""

    def represent_sequence(
        self, tag: str, sequence: Any, flow_style: bool | None = None
    ) -> yaml.SequenceNode:
        plain = not any(isinstance(part, dict) and TYPE not in part for part in sequence)
        return super().represent_sequence(tag, sequence, flow_style=plain)

    def represent_mapping(
        self, tag: str, mapping: Any, flow_style: bool | None = None
    ) -> yaml.MappingNode:
        short = TYPE in mapping or LOW in mapping
        return super().represent_mapping(tag, mapping, flow_style=short)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(space: Space | JointSpace) -> str:
    """The space, nothing else."""
    return yaml.dump(
        written_space(space), Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True
    )


def _knob_lines(family: str) -> Iterator[str]:
    """Every field of the family's recipes: its value where it is left out, and what it may be."""
    kind = FAMILIES[family].recipe
    yield f"# Knobs of a {family} recipe, at what they are where they are left out:"
    for name, hint in hints_of(kind).items():
        if name == TAXONOMY:
            continue
        default = written_value(default_of(kind, name), hint)
        shown = yaml.safe_dump(default, default_flow_style=True).removesuffix("\n...\n").strip()
        words = "" if several(hint) or not _named(hint) else f"  # {allowed(hint)}"
        yield f"#   {name}: {shown}{words}"


def _named(hint: object) -> bool:
    return not all(part in (bool, int, float, str) for part in members(hint))


def to_begin_from(space: Space | JointSpace, name: str) -> str:
    """The space as YAML, and as comments how it is used and what else it may say."""
    said = written_space(space)
    blocks = said.get("recipes") or [said["recipe"]]
    families = dict.fromkeys(block[FAMILY] for block in blocks)
    joint = isinstance(space, JointSpace)
    lists = "Of a list the searcher chooses one" if joint else "Each of a list is tried"
    lines = [
        f"# The space {name}. Change it, then: python -m jobs.sweep --space space.yaml",
        f"# {lists}; a field that is a list itself (pools) has a list of lists.",
        *(["# A range is {from: 1, to: 3}, with log: true where ratios count."] if joint else []),
        "# Values are named as in the tables, weighted_bce0.4, or {type: WeightedBCE, power: 0.4}.",
        "# Schemes: python -m jobs.compress --list; int4~qat3 trains on for 3 epochs under int4.",
        as_yaml(space).rstrip("\n"),
        "",
        *(line for family in families for line in _knob_lines(family)),
    ]
    return "\n".join(lines) + "\n"
