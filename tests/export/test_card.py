"""What is known of an artifact lies beside it, and changes nothing of it."""

import json
from pathlib import Path

import numpy as np
import pytest

from emoray import __version__
from emoray.export import artifact
from emoray.export.artifact import CARD, MANIFEST, card, load
from emoray.export.card import put_card
from emoray.export.decision import change, model_sha256
from emoray.trial.cards import card_of
from tests.export.shipped import files

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
    artifact.write(tmp_path / "a", files())
    return tmp_path / "a"


def test_a_card_says_what_the_row_and_the_files_say(folder: Path) -> None:
    before = artifact.sizes(folder)
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
    assert said["emoray"] == __version__ and said["onnxruntime"] == ">=1.20"
    assert "CC BY 4.0" in said["license"] and said["intended_use"]
    assert said["artifact_sha256"] == artifact.sha256((folder / MANIFEST).read_bytes())
    assert said["model_sha256"] == model_sha256(artifact.read(folder))
    assert artifact.sizes(folder) == before and said["size_bytes"] == sum(before.values())
    assert sorted(p.name for p in folder.iterdir()) == sorted([*before, CARD])


def test_the_row_is_found_after_the_decision_changed(folder: Path) -> None:
    put_card(folder, card_of(ROW))
    shipped = card(folder)
    change(folder, temperature=2.0, cuts_K=np.zeros(7), rule="fixed0.5", why="a test")
    assert shipped is not None and card(folder) == shipped
    assert shipped["artifact_sha256"] != artifact.sha256((folder / MANIFEST).read_bytes())
    assert shipped["model_sha256"] == model_sha256(artifact.read(folder))
    assert load(folder).temperature == 2.0


def test_another_card_takes_the_place_of_the_first(folder: Path) -> None:
    put_card(folder, ROW | {"point": "point-0"})
    put_card(folder, ROW)
    assert json.loads((folder / CARD).read_text("utf-8"))["point"] == "point-1"


def test_of_an_own_corpus_the_licence_is_its_own(folder: Path) -> None:
    put_card(folder, ROW | {"corpus": "reviews"})
    said = card(folder)
    assert said is not None and "as its corpus and what training started from" in said["license"]
