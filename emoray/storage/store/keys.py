"""Stages, and the key of each: the hash of what it reads.

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


KEPT = 4096  # values whose part of keys is cached: stages share them


LAYOUT = 1  # raise when the store's own folders or manifest change


_KEPT: dict[int, tuple[Any, Any]] = {}


class Stage(Protocol):
    """A function from files to files, as a value."""

    name: ClassVar[str]
    # A stage may also set `resumable: ClassVar[bool] = True`: it then keeps its progress in the
    # folder `inputs[UNFINISHED]`, which is there again after a crash and gone once it is done.
    # What it takes of a machine: `cpus`, 1 by default, and `gpus`; with
    # `trains_with_torch: ClassVar[bool] = True` the share of a GPU that the user gives a training.

    @property
    def version(self) -> int:
        """Raise it when the stage's code changes the content of its files; mostly a ClassVar."""
        ...

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Read `inputs` (the folder of each input stage, by field), write files to `out`."""
        ...


def is_stage(value: Any) -> TypeGuard[Stage]:
    """Whether `value` is a stage. `isinstance` with a protocol would take most of a key's time."""
    kind = type(value)
    return hasattr(kind, "run") and hasattr(kind, "version")


def _kept(value: Any, compute: Callable[[Any], Any]) -> Any:
    """Compute what keys read of an immutable value, cached by the value's identity."""
    kept = _KEPT.get(id(value))
    if kept is not None and kept[0] is value:
        return kept[1]
    new = compute(value)
    if len(_KEPT) >= KEPT:
        _KEPT.clear()
    _KEPT[id(value)] = value, new  # the value too: so nothing else gets its id
    return new


def canonical(value: Any) -> Any:
    """Convert `value` to JSON that is the same for equal values.

    Types are named by tag, stages by key; paths are left out. No name of the code enters it: a
    class and its fields may be renamed, tag and `key` stay.

    Returns:
        JSON to be read only: parts of it are cached.

    Raises:
        TypeError: if a value has no such form.
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
    """The tag of a class in keys and tables; TypeError for a class without a tag of its own."""
    if "tag" not in vars(kind):
        raise TypeError(f"a value in keys has a tag of its own, got none for {kind.__name__}")
    return str(kind.tag)  # type: ignore[attr-defined]


@cache  # computed for each value, they took most of a key's time
def keyed_fields(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """The fields of a dataclass as keys see them.

    Returns:
        (key, name, default) of each field. key: its name in keys, its metadata's `key` where it was
        renamed. default: the value of a knob before it was one (its metadata's `key_default`),
        which is left out, so that what was made by then keeps its key; MISSING where there is none.
        A field whose metadata's `key` is None is no part of keys: it says where a content that is
        named by its hash is found.
    """
    return tuple(
        (f.metadata.get("key", f.name), f.name, f.metadata.get("key_default", MISSING))
        for f in fields(kind)
        if f.metadata.get("key", f.name) is not None
    )


def keyed_values(value: Any) -> dict[str, Any]:
    """The fields that decide the result, by key; paths are left out."""
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


def name_in(key: str) -> str:
    """The name of the stage that has this key."""
    return key.rpartition("-")[0]


def inputs_of(stage: Stage) -> dict[str, Stage]:
    """The stages that a stage reads, by field name; `field.0`, `field.1`, … for a tuple's."""
    found: dict[str, Stage] = {}
    for name in (f.name for f in fields(stage)):  # type: ignore[arg-type]
        value = getattr(stage, name)
        if is_stage(value):
            found[name] = value
        elif isinstance(value, tuple):
            found |= {f"{name}.{i}": v for i, v in enumerate(value) if is_stage(v)}
    return found
