"""JSON as people have it: lines, a list, a list under a name, a list for each split."""

import json
from pathlib import Path
from typing import Any

import pytest

from emoray.data.importing.json_lines import read_json
from tests.data.importing.made import rows
from tests.data.importing.reading import brought, read, told

ENTRIES = [{"text": text, "labels": list(labels)} for text, labels in rows(120)]
WHOLE = dict(rows(120))


def written(path: Path, whole: Any, indent: int | None) -> Path:
    path.write_text(json.dumps(whole, indent=indent), "utf-8")
    return path


@pytest.mark.parametrize("indent", [None, 1], ids=["on one line", "on many lines"])
def test_a_list_under_a_name_is_the_corpus(indent: int | None, tmp_path: Path) -> None:
    whole = {"version": "1.0", "schema": {"fields": []}, "data": ENTRIES}
    found = brought(written(tmp_path / "a.json", whole, indent), tmp_path / "c")
    corpus = read(found)
    assert told(corpus) == {text: set(labels) for text, labels in WHOLE.items()}
    assert any("from 'data'; 'version', 'schema' beside it left out" in s for s in found.notes)


def test_a_list_for_each_split_keeps_the_splits(tmp_path: Path) -> None:
    whole = {"train": ENTRIES[:80], "validation": ENTRIES[80:100], "test": ENTRIES[100:]}
    corpus = read(brought(written(tmp_path / "a.json", whole, None), tmp_path / "c"))
    assert [len(corpus.split(s).texts) for s in ("train", "dev", "test")] == [80, 20, 20]


def test_lists_under_other_names_are_refused() -> None:
    whole = {"mine": ENTRIES[:2], "theirs": ENTRIES[2:]}
    with pytest.raises(ValueError, match="got one object of 'mine', 'theirs': pandas writes"):
        read_json(json.dumps(whole), "a.json")


def test_an_object_whose_cell_is_a_list_of_words_is_a_text() -> None:
    found = read_json(json.dumps(ENTRIES[0]), "a.json")
    assert list(found.columns) == ["text", "labels"] and found.notes == ("JSON",)
