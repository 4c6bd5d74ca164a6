"""Spaces in words: of a name, of a file, of a run."""

import json
from pathlib import Path

import pytest

from emoray.search.form.own_space import in_taxonomy, own_space
from emoray.search.spaces import Space, smoke
from emoray.stages.inputs import vectors_at_hand
from emoray.stages.spec_json import read_spec
from emoray.workflows.settings.space import PrintSpace
from emoray.workflows.settings.sweep import Sweep
from emoray.workflows.space import space_in_words
from emoray.workflows.sweep import run_sweep
from tests.runs import Run, swept


def words(space: str, folder: Path) -> Path:
    path = folder / "mine.yaml"
    path.write_text(space_in_words(PrintSpace(space=space)), "utf-8")
    return path


def test_a_name_is_printed_with_the_widths_at_hand(tmp_path: Path) -> None:
    found = in_taxonomy(own_space(str(words("smoke", tmp_path))), "ekman")
    assert found == smoke("ekman", [vector.dim for vector in vectors_at_hand(None)])


def test_a_file_is_printed_as_it_is_read(tmp_path: Path) -> None:
    path = words("smoke", tmp_path)
    assert own_space(str(words(str(path), tmp_path))) == own_space(str(path))


def test_a_name_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"or a file such as .*got 'smok': do you mean smoke\?"):
        space_in_words(PrintSpace(space="smok"))


def test_a_run_keeps_the_space_that_it_searched(smoke: Run, tmp_path: Path) -> None:
    found = own_space(str(words(str(smoke.folder), tmp_path)))
    assert isinstance(found, Space)
    searched = {read_spec(recipe) for recipe in smoke.tables["specs"]["recipe"]}
    assert set(in_taxonomy(found, "ekman").recipes) == searched


@pytest.mark.long
def test_a_space_of_a_file_is_searched_and_found_in_the_store(smoke: Run, tmp_path: Path) -> None:
    again = swept(Sweep(space=str(words("smoke", tmp_path)), out=smoke.sweep.out, download=False))
    assert again.folder.name == "mine-ekman"
    assert set(again.searched["point"]) == set(smoke.searched["point"])
    assert again.tables["runs"].iloc[-1]["stages_run"] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"embedding_dim": 5000}, "embedding_dim must not exceed the vectors' own, got 5000"),
        ({"family": "bert", "encoder": "./nowhere"}, "an encoder is .*got './nowhere'"),
        ({"augmentation": {"type": "BackTranslation", "translator": "x"}}, "a translator is"),
    ],
    ids=str,
)
def test_a_space_that_the_data_cannot_give_is_refused_before_ray(
    change: dict[str, object], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"recipes": {"family": "glove", **change}, "schemes": ["float"]}))
    with pytest.raises(ValueError, match=words):
        run_sweep(Sweep(space=str(path), out=tmp_path, download=False))


def test_a_joint_space_that_the_data_cannot_give_is_refused_before_ray(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    recipe = {"family": "glove", "embedding_dim": {"from": 8, "to": 5000}}
    path.write_text(json.dumps({"search": "joint", "recipe": recipe, "schemes": ["float"]}))
    with pytest.raises(ValueError, match=r"embedding_dim must not exceed .*got 5000"):
        run_sweep(Sweep(space=str(path), out=tmp_path, download=False))
    with pytest.raises(ValueError, match="dims, layers, seeds and vectors change a grid"):
        run_sweep(Sweep(space=str(path), out=tmp_path, dims=(8,), download=False))
