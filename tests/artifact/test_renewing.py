"""An artifact is put where one stands: what a user did there stays, what was made there goes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.artifact.decision_history import change, history, undo
from emoray.artifact.renewing import artifacts_in, clear_made, hidden_name, renew
from tests.artifact.finished import bytes_of, make_artifact


@pytest.fixture
def point(tmp_path: Path) -> Path:
    return make_artifact(tmp_path / "artifacts" / "point-1")


def fresh(point: Path, **changed: object) -> Path:
    """The same artifact, made again beside the one that stands."""
    return make_artifact(hidden_name(point), **changed)  # type: ignore[arg-type]


def sha(folder: Path) -> str:
    return runtime.sha256((folder / "manifest.json").read_bytes())


def decided(folder: Path) -> None:
    change(folder, temperature=2.0, cuts_K=np.full(4, 0.7), rule="given", why="by hand")


def test_the_same_artifact_again_changes_nothing(point: Path) -> None:
    before, stamp = bytes_of(point), (point / "model.onnx").stat().st_mtime_ns
    assert renew(fresh(point), point, {sha(point)}) == ""
    assert bytes_of(point) == before and (point / "model.onnx").stat().st_mtime_ns == stamp
    assert [p.name for p in point.parent.iterdir()] == ["point-1"]


def test_a_saved_decision_and_its_history_outlive_the_next_run(point: Path) -> None:
    made = sha(point)
    decided(point)
    saved, kept = sha(point), bytes_of(point)
    assert "point-1 keeps the decision" in renew(fresh(point), point, {made})
    assert sha(point) == saved != made and bytes_of(point) == kept
    assert [each.why for each in history(point)][-1] == "by hand"
    undo(point)
    assert sha(point) == made


def test_foreign_files_in_an_artifact_stay(point: Path) -> None:
    made = sha(point)
    (point / "notes.txt").write_text("mine")
    assert renew(fresh(point), point, {made}) == ""
    assert renew(fresh(point, sharpness=5.0), point, {made}).startswith("point-1 is of another")
    (kept,) = (p for p in point.parent.iterdir() if p.name.startswith("point-1-before-"))
    assert (kept / "notes.txt").read_text() == "mine" and sha(kept) == made
    assert runtime.load(point).labels and not (point / "notes.txt").exists()


def test_a_damaged_file_is_mended_and_the_decision_kept(point: Path) -> None:
    made, whole = sha(point), (point / "model.onnx").read_bytes()
    decided(point)
    saved = sha(point)
    (point / "model.onnx").write_bytes(whole[:-1])
    renew(fresh(point), point, {made})
    assert sha(point) == saved and runtime.load(point).temperature == 2.0


@pytest.mark.parametrize("name", ["manifest.json", "decision.json"])
def test_a_damaged_decision_is_made_again(point: Path, name: str) -> None:
    made, before = sha(point), bytes_of(point)
    (point / name).write_bytes(b"{")
    assert renew(fresh(point), point, {made}) == ""
    assert bytes_of(point) == before


def test_what_an_earlier_run_made_is_replaced_and_what_it_did_not_make_is_not(point: Path) -> None:
    made = sha(point)
    assert renew(fresh(point, sharpness=5.0), point, {made}) == ""
    other = sha(point)
    assert other != made
    assert "kept as point-1-before-" in renew(fresh(point), point, {made})
    assert sha(point) == made and len(list(point.parent.iterdir())) == 2


def test_only_what_is_as_it_was_made_is_cleared(point: Path) -> None:
    folder, made = point.parent, sha(point)
    for name in ("point-2", "point-3", "mine"):
        shutil.copytree(point, folder / name)
    decided(folder / "point-2")
    (folder / "point-3" / "notes.txt").write_text("mine")
    (folder / "README").write_text("mine")
    (folder / ".point-1.0123abcd").mkdir()
    (folder / ".mine.0123abcd").mkdir()
    clear_made(folder, {f"point-{i}": [made] for i in (1, 2, 3)})
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        ["point-2", "point-3", "mine", "README", ".mine.0123abcd"]
    )


def test_a_card_that_says_when_it_was_made_is_no_other_model(point: Path) -> None:
    hashes = json.loads((point / "manifest.json").read_bytes())
    (point / "card.json").write_text("{}")
    assert renew(fresh(point), point, {sha(point)}) == "" and "card.json" not in hashes


def test_artifacts_are_named_though_they_are_half_written(tmp_path: Path) -> None:
    (tmp_path / "point-a").mkdir()
    hidden_name(tmp_path / "point-b").mkdir()
    assert {"point-a", "point-b"} <= artifacts_in(tmp_path)
    assert artifacts_in(tmp_path / "none") == set()
