"""The whole decision of a row's artifact: of a derived row in its model's own labels too.

`read` gives a table of the run by name. Shapes: K labels.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from emoray.artifact.packaging import DerivedDecision
from emoray.tables.predictions import Read, cuts_of_point, label_names, where


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowDecision:
    """What an artifact decides by: in its own labels, and in coarser taxonomies by name."""

    temperature: float
    cuts_K: np.ndarray
    rule: str
    derived: tuple[DerivedDecision, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any], cuts_K: np.ndarray) -> "RowDecision":
        """Of a row that decides in its model's own labels alone."""
        return cls(temperature=row["temperature"], cuts_K=cuts_K, rule=row["threshold_rule"])


def _point(read: Read, point: str) -> dict[str, Any]:
    (row,) = where(read("points"), "point", point).to_pylist()
    found: dict[str, Any] = row
    return found


def _own(row: Mapping[str, Any], read: Read) -> RowDecision:
    return RowDecision.of(row, cuts_of_point(read, row, label_names(read, row["taxonomy"])))


def beside(read: Read, point: str) -> list[dict[str, Any]]:
    """Rows of `derivations` whose points share an artifact with this one, by taxonomy."""
    rows = read("derivations")
    own = where(rows, "point", point).column("own_point")[0].as_py()
    found: list[dict[str, Any]] = where(rows, "own_point", own).sort_by("taxonomy").to_pylist()
    return found


def row_decision(row: Mapping[str, Any], read: Read) -> RowDecision:
    """Collect what the artifact of a row of `points` decides by, from its run's tables."""
    if not row.get("derived_from"):
        return _own(row, read)
    derivations = beside(read, row["point"])
    own = _point(read, derivations[0]["own_point"])
    groups = {each["taxonomy"]: each["groups"] for each in read("taxonomies").to_pylist()}
    derived = []
    for each in derivations:
        decision = _own(_point(read, each["point"]), read)
        derived.append(
            DerivedDecision(
                taxonomy=each["taxonomy"],
                native=own["taxonomy"],
                groups=json.loads(groups[each["taxonomy"]]),
                way=each["way"],
                own_temperature=each["own_temperature"],
                temperature=decision.temperature,
                cuts_G=decision.cuts_K,
                rule=decision.rule,
            )
        )
    found = _own(own, read)
    return RowDecision(
        temperature=found.temperature,
        cuts_K=found.cuts_K,
        rule=found.rule,
        derived=tuple(derived),
    )
