"""Schemes as plain JSON data and back, so that equal schemes make equal keys in a store.

A dataclass becomes ``{"type": its name, field: value, …}`` with every field written out; tuples
become lists. Sort the keys when dumping: ``json.dumps(to_json(scheme), sort_keys=True)``.
"""

import dataclasses
from typing import Any

from emoray.quant.grain import PerChannel, PerGroup, PerTensor
from emoray.quant.ranges import Entropy, LeastError, MinMax, Percentile
from emoray.quant.scheme import Dynamic, ModelScheme, QuantScheme, Static, WeightOnly

Json = Any  # what the json module itself takes and gives

TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(PerTensor, PerChannel, PerGroup),
        *(MinMax, Percentile, LeastError, Entropy),
        *(WeightOnly, Dynamic, Static),
        *(QuantScheme, ModelScheme),
    )
}


def to_json(value: Json) -> Json:
    """The scheme, grain, ranges or activations as dicts, lists, strings and numbers."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    name = type(value).__name__
    if TYPES.get(name) is not type(value):
        raise ValueError(f"a scheme is made of {', '.join(TYPES)}, got {name}")
    fields = {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(TYPES[name])}
    return {"type": name, **fields}


def from_json(data: Json) -> Json:
    """What `to_json` was given; refuses unknown types and fields."""
    if isinstance(data, list):
        return tuple(from_json(item) for item in data)
    if not isinstance(data, dict):
        return data
    name = data.get("type")
    if name not in TYPES:
        raise ValueError(f"a scheme's type is one of {', '.join(TYPES)}, got {name!r}")
    kind = TYPES[name]
    known = {field.name for field in dataclasses.fields(kind)}
    unknown = sorted(set(data) - known - {"type"})
    if unknown:
        raise ValueError(f"{name} has the fields {sorted(known)}, got {unknown}: remove them")
    return kind(**{key: from_json(item) for key, item in data.items() if key != "type"})
