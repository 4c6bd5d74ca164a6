"""What a stage is, and the key it is known by: the hash of what it reads.

No name of the code is part of a key: classes have tags, fields may have keys of their own.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeGuard

UNFINISHED = "unfinished"  # the input of a resumable stage: a folder that outlives a crash


KEPT = 4096  # values of which is kept what keys say: stages share them, and are asked for again


LAYOUT = 1  # raise when the store's own folders or manifest change


_KEPT: dict[int, tuple[Any, Any]] = {}


class Stage(Protocol):
    """A plain function from files to files, as a value."""

    name: ClassVar[str]
    version: ClassVar[int]  # raise when the stage's code changes what its files say
    # A stage may also say `resumable: ClassVar[bool] = True`: it then keeps its progress in the
    # folder `inputs[UNFINISHED]`, which is there again after a crash and gone once it is done.
    # What it takes of a machine: `cpus`, 1 where it does not say, and `gpus`; with
    # `trains_with_torch: ClassVar[bool] = True` the share of a GPU that the user gives a training.

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Read `inputs` (the folder of each input stage, by field), write files to `out`."""
        ...


def is_stage(value: Any) -> TypeGuard[Stage]:
    """Whether `value` is a stage. `isinstance` with a protocol would take most of a key's time."""
    kind = type(value)
    return hasattr(kind, "run") and hasattr(kind, "version")


def _kept(value: Any, said: Callable[[Any], Any]) -> Any:
    """What keys say of a value that does not change: of one asked for a moment ago as it was
    said."""
    kept = _KEPT.get(id(value))
    if kept is not None and kept[0] is value:
        return kept[1]
    new = said(value)
    if len(_KEPT) >= KEPT:
        _KEPT.clear()
    _KEPT[id(value)] = value, new  # the value too: so nothing else gets its id
    return new


def canonical(value: Any) -> Any:
    """`value` as JSON that is the same for equal values: types by tag, stages by key, paths left
    out. To be read only: parts of it are kept.

    No name of the code enters it: a class and its fields may be renamed, tag and `key` stay.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if is_stage(value):
        return {"stage": key_of(value)}
    if is_dataclass(type(value)):
        return _kept(value, lambda v: {"type": tag_of(type(v)), **keyed_values(v)})
    if isinstance(value, tuple):
        return _kept(value, lambda v: [canonical(part) for part in v])
    if isinstance(value, list):
        return [canonical(part) for part in value]
    raise TypeError(f"no canonical form for {type(value).__name__}")


def tag_of(kind: type) -> str:
    """What a class is called in keys and tables, whatever the code calls it; TypeError without a
    tag of its own."""
    if "tag" not in vars(kind):
        raise TypeError(f"a value in keys has a tag of its own, got none for {kind.__name__}")
    return str(kind.tag)  # type: ignore[attr-defined]


@cache  # asked for each value, they took most of a key's time
def keyed_fields(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """(key, name, default) of a dataclass' fields. key: what the field is called in keys, its
    metadata's `key` where its name is another by now. default: the value of a knob before it was
    one (its metadata's `key_default`), which is left out, so that what was made by then keeps its
    key; MISSING where there is none."""
    return tuple(
        (f.metadata.get("key", f.name), f.name, f.metadata.get("key_default", MISSING))
        for f in fields(kind)
    )


def keyed_values(value: Any) -> dict[str, Any]:
    """By key, the fields that decide the result: where a file lies does not."""
    read = {}
    kind: Any = type(value)
    for key, name, default in keyed_fields(kind):
        part = getattr(value, name)
        if not isinstance(part, Path) and (default is MISSING or part != default):
            read[key] = canonical(part)
    return read


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`, hexadecimal."""
    text = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def key_of(stage: Stage) -> str:
    """`<name>-<SHA-256>` of what the stage reads, its version and the keys of its inputs."""
    key: str = _kept(stage, _key_of)
    return key


def _key_of(stage: Stage) -> str:
    reads = {
        "stage": stage.name,
        "version": stage.version,
        "layout": LAYOUT,
        "reads": keyed_values(stage),
    }
    text = json.dumps(reads, sort_keys=True, separators=(",", ":"))
    return f"{stage.name}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def id_of(stage: Stage) -> str:
    """The key, short enough for a table cell: `<name>-<16 hexadecimal digits>`."""
    return key_of(stage)[: len(stage.name) + 17]


def inputs_of(stage: Stage) -> dict[str, Stage]:
    """The stages this one reads, by field name; those of a tuple as `field.0`, `field.1`, ..."""
    found: dict[str, Stage] = {}
    for name in (f.name for f in fields(stage)):  # type: ignore[arg-type]
        value = getattr(stage, name)
        if is_stage(value):
            found[name] = value
        elif isinstance(value, tuple):
            found |= {f"{name}.{i}": v for i, v in enumerate(value) if is_stage(v)}
    return found
