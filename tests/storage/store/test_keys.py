"""Keys outlive names: classes and fields may be called anew, what was made keeps its key."""

import json
from dataclasses import dataclass, field, is_dataclass, make_dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from emoray.stages.spec_json import read_spec, written_spec
from emoray.storage.store.keys import canonical, is_stage, key_of, keyed_fields, tag_of
from emoray.tables.evidence_rows import SpecRow
from emoray.tables.files import read_any_version
from emoray.tables.parts import KEYS
from tests.storage.store import pinned

SPECS = Path(__file__).parent / "specs.parquet"


@dataclass(frozen=True)
class Knob:
    tag: ClassVar[str] = "Knob"

    size: int = 1


@dataclass(frozen=True)
class Made:
    name: ClassVar[str] = "made"
    version: ClassVar[int] = 1

    knob: Any

    def run(self, inputs: dict[str, Path], out: Path) -> None: ...


def _values(value: Any) -> list[Any]:
    """The value and all that it holds, stages' inputs too."""
    if isinstance(value, tuple | list):
        return [inner for part in value for inner in _values(part)]
    if not is_dataclass(value):
        return []
    parts = [getattr(value, name) for _, name, _ in keyed_fields(type(value))]
    return [value, *_values(parts)]


def test_keys_are_those_of_the_stages_that_people_have_made() -> None:
    kept = json.loads(pinned.KEYS.read_text("utf-8"))
    made = {name: key_of(stage) for name, stage in pinned.stages().items()}
    assert len(made) > 50
    assert made == kept, "raised a version on purpose? then python -m tests.storage.store.pinned"


def test_no_two_classes_in_keys_have_one_tag() -> None:
    kinds = {type(v) for v in _values(list(pinned.stages().values())) if not is_stage(v)}
    assert len(kinds) > 25
    assert len({tag_of(kind) for kind in kinds}) == len(kinds)


def test_a_class_and_a_field_that_are_called_anew_keep_the_key() -> None:
    renamed = make_dataclass(
        "Setting",
        [("width", int, field(default=1, metadata={"key": "size"}))],
        frozen=True,
        namespace={"tag": "Knob"},
    )
    assert canonical(renamed(2)) == canonical(Knob(2)) == {"type": "Knob", "size": 2}
    assert key_of(Made(renamed(2))) == key_of(Made(Knob(2))) != key_of(Made(Knob(3)))


def test_another_tag_is_another_key() -> None:
    other = make_dataclass("Knob", [("size", int)], frozen=True, namespace={"tag": "Wheel"})
    assert key_of(Made(other(1))) != key_of(Made(Knob(1)))


def test_a_knob_that_is_where_it_was_before_it_was_one_is_left_out() -> None:
    grown = make_dataclass(
        "Knob",
        [("size", int), ("step", int, field(default=5, metadata={"key_default": 5}))],
        frozen=True,
        namespace={"tag": "Knob"},
    )
    assert key_of(Made(grown(1))) == key_of(Made(Knob(1))) != key_of(Made(grown(1, 6)))


def test_a_class_without_a_tag_of_its_own_enters_no_key() -> None:
    heir = make_dataclass("Heir", [], bases=(Knob,), frozen=True)
    with pytest.raises(TypeError, match=r"has a tag of its own, got none for Heir"):
        key_of(Made(heir()))


def test_specs_of_an_earlier_version_are_read_and_say_the_same() -> None:
    rows = read_any_version(SPECS, SpecRow, KEYS["specs"]).to_pylist()
    assert {bool(row["recipe"]) for row in rows} == {True, False}, "models and ensembles"
    for row in rows:
        for column in ("recipe", "scheme", "decisions", "weighing"):
            if row[column]:
                assert written_spec(read_spec(row[column])) == row[column]
