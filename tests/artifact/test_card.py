"""What is known of an artifact lies beside it, and changes nothing of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoray import __version__
from emoray.artifact import runtime
from emoray.artifact.card import put_card
from emoray.artifact.decision_history import change, copy_as_made, go_to, model_sha256, redo, undo
from emoray.artifact.runtime import CARD, MANIFEST, card, load
from emoray.workflows.cards import card_of
from tests.artifact.shipped import files
from tests.artifact.test_feature_reader import files as files_of_features

ROW = {
    "point": "point-1",
    "run": "quick",
    "corpus": "goemotions",
    "taxonomy": "ekman",
    "test_macro_f1": np.float64(0.6),
    "test_macro_f1_low": 0.58,
    "test_macro_f1_high": 0.62,
    "test_ece": 0.01,
    "latency_p50_ms": float("nan"),
    "size_bytes": 1,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    runtime.write(tmp_path / "a", files())
    return tmp_path / "a"


def test_a_card_says_what_the_row_and_the_files_say(folder: Path) -> None:
    before = runtime.sizes(folder)
    put_card(folder, card_of(ROW, corpus_sha256="ab" * 32, cpu="a processor"))
    said = card(folder)
    assert said is not None
    assert (said["point"], said["run"], said["taxonomy"]) == ("point-1", "quick", "ekman")
    assert said["scores"]["test_macro_f1"] == {
        "value": 0.6,
        "low": 0.58,
        "high": 0.62,
        "interval": "95 %",
    }
    assert said["scores"]["test_ece"] == {"value": 0.01}
    assert said["latency"] == {"latency_p50_ms": None, "cpu": "a processor"}
    assert said["emoray"] == __version__ and said["onnxruntime"] == ">=1.24"
    assert "CC BY 4.0" in said["license"] and said["intended_use"]
    assert said["artifact_sha256"] == runtime.sha256((folder / MANIFEST).read_bytes())
    assert said["model_sha256"] == model_sha256(runtime.read(folder))
    assert runtime.sizes(folder) == before and said["size_bytes"] == sum(before.values())
    assert sorted(p.name for p in folder.iterdir()) == sorted([*before, CARD])


DECIDED = ROW | {"temperature": 1.5, "threshold_rule": "per_label"}


def said_of(folder: Path) -> dict[str, Any]:
    found = card(folder)
    assert found is not None
    return found


def decide(folder: Path, temperature: float, **scores: float) -> None:
    said = {"rule": "fixed0.5", "why": f"--temperature {temperature:g}"}
    change(folder, temperature=temperature, cuts_K=np.zeros(7), scores=scores, **said)


def test_the_row_is_found_after_the_decision_changed(folder: Path) -> None:
    put_card(folder, card_of(DECIDED))
    shipped = said_of(folder)
    decide(folder, 2.0)
    now = said_of(folder)
    for name in ("artifact_sha256", "model_sha256", "point", "run", "latency", "size_bytes"):
        assert now[name] == shipped[name]
    assert now["artifact_sha256"] != runtime.sha256((folder / MANIFEST).read_bytes())
    assert now["model_sha256"] == model_sha256(runtime.read(folder))


def test_a_card_has_the_decision_that_its_artifact_has(folder: Path) -> None:
    put_card(folder, card_of(DECIDED))
    shipped = said_of(folder)
    decide(folder, 2.0)
    now = said_of(folder)
    assert (now["temperature"], now["threshold_rule"]) == (2.0, "fixed0.5")
    assert load(folder).temperature == 2.0
    assert now["scores"] == {}, "scores of another decision are none of this one"
    assert now["as_made"] == {n: shipped[n] for n in ("temperature", "threshold_rule", "scores")}
    told = now["decision"]
    assert (told["number"], told["why"]) == (1, "--temperature 2") and told["saved"]
    assert told["scores"].startswith("not known of this decision: jobs.evaluate finds them")


def test_scores_of_a_calibration_stand_on_the_card(folder: Path) -> None:
    put_card(folder, card_of(DECIDED))
    decide(folder, 2.0, test_macro_f1=0.5, test_ece=0.02)
    now = said_of(folder)
    assert now["scores"] == {"test_macro_f1": {"value": 0.5}, "test_ece": {"value": 0.02}}
    assert now["decision"]["scores"].startswith("of this decision")


def test_a_card_follows_a_decision_back_and_forth(folder: Path) -> None:
    put_card(folder, card_of(DECIDED))
    shipped = (folder / CARD).read_bytes()
    decide(folder, 2.0, test_macro_f1=0.5)
    second = (folder / CARD).read_bytes()
    decide(folder, 3.0)
    third = (folder / CARD).read_bytes()
    assert said_of(folder)["as_made"] == json.loads(second)["as_made"]
    for move, wanted in (
        (undo, second),
        (undo, shipped),
        (redo, second),
        (redo, third),
        (lambda folder: go_to(folder, 0), shipped),
    ):
        move(folder)
        assert (folder / CARD).read_bytes() == wanted


def test_a_card_that_a_killed_change_left_behind_is_mended_by_the_next(folder: Path) -> None:
    put_card(folder, card_of(DECIDED))
    shipped = (folder / CARD).read_bytes()
    decide(folder, 2.0)
    changed = (folder / CARD).read_bytes()
    (folder / CARD).write_bytes(shipped)  # killed before its last step
    decide(folder, 2.0)
    assert (folder / CARD).read_bytes() == changed


@pytest.mark.parametrize("written", [None, b"notes of my own", b"[1]"])
def test_what_is_no_card_of_ours_is_left_alone(written: bytes | None, folder: Path) -> None:
    if written is not None:
        (folder / CARD).write_bytes(written)
    decide(folder, 2.0)
    assert load(folder).temperature == 2.0
    assert (folder / CARD).exists() is (written is not None)
    assert written is None or (folder / CARD).read_bytes() == written


def test_an_artifact_copied_as_it_was_made_has_the_card_it_was_made_with(
    folder: Path, tmp_path: Path
) -> None:
    put_card(folder, card_of(DECIDED))
    shipped = (folder / CARD).read_bytes()
    made = runtime.sha256((folder / MANIFEST).read_bytes())
    decide(folder, 2.0)
    (tmp_path / "copy").mkdir()
    assert copy_as_made(folder, made, tmp_path / "copy")
    assert (tmp_path / "copy" / CARD).read_bytes() == shipped


def test_another_card_takes_the_place_of_the_first(folder: Path) -> None:
    put_card(folder, ROW | {"point": "point-0"})
    put_card(folder, ROW)
    assert json.loads((folder / CARD).read_text("utf-8"))["point"] == "point-1"


def test_of_an_own_corpus_the_licence_is_its_own(folder: Path) -> None:
    put_card(folder, ROW | {"corpus": "reviews"})
    said = card(folder)
    assert said is not None and "as its corpus and what training started from" in said["license"]


def test_a_card_of_features_speaks_of_rows(folder: Path, tmp_path: Path) -> None:
    put_card(folder, {})
    runtime.write(tmp_path / "rows", files_of_features())
    put_card(tmp_path / "rows", {})
    of_texts, of_rows = card(folder), card(tmp_path / "rows")
    assert of_texts is not None and of_texts["intended_use"].startswith("Labels of short texts")
    assert of_rows is not None and of_rows["intended_use"].startswith("Labels of rows of the same")
