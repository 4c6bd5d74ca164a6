import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoray.artifact import runtime
from emoray.artifact.packaging import (
    BASE_FILES,
    FARTHEST,
    Base,
    base_files,
    decision_json,
    row_of,
    ship_folder,
)

FILES = base_files(
    b"a model", vocabulary="good\nbad\n", tokenizer={"rules": [["“", '"']]}, labels=["joy", "fear"]
)
CUTS = np.array([0.1, -1.25])


@pytest.fixture
def base_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    for name, data in {**FILES, "layers.parquet": b"of the stage"}.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_shipped_folder_has_the_bytes_and_the_hash_of_its_row(
    base_folder: Path, tmp_path: Path
) -> None:
    row = row_of(Base.of(FILES), temperature=1.5, cuts_K=CUTS, rule="per_label")
    ship_folder(base_folder, row, tmp_path / "a")
    on_disk = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert sum(map(len, on_disk.values())) == row.size_bytes
    assert runtime.sha256(on_disk["manifest.json"]) == row.sha256
    assert runtime.read(tmp_path / "a") == {**FILES, "decision.json": row.decision}


def test_a_base_on_disk_is_the_base_in_memory(base_folder: Path) -> None:
    assert Base.read(base_folder) == Base.of(FILES)


def test_a_base_with_a_file_missing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a base holds .*, got none of \['model.onnx'\]"):
        Base.of({name: FILES[name] for name in BASE_FILES if name != "model.onnx"})


def test_decisions_differ_in_bytes_and_hash() -> None:
    base = Base.of(FILES)
    one = row_of(base, temperature=1.0, cuts_K=CUTS, rule="fixed0.5")
    other = row_of(base, temperature=1.0, cuts_K=CUTS + 0.125, rule="fixed0.5")
    assert one.sha256 != other.sha256


def test_another_model_does_not_ship_as_this_row(base_folder: Path, tmp_path: Path) -> None:
    row = row_of(Base.of(FILES), temperature=1.0, cuts_K=CUTS, rule="one")
    (base_folder / "model.onnx").write_bytes(b"b model")
    with pytest.raises(ValueError, match="ships with the model it was scored on, got other files"):
        ship_folder(base_folder, row, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_decision_of_softmax_says_so_and_stays_of_one_size() -> None:
    plain = decision_json(1.5, CUTS, "argmax")
    found = decision_json(1.5, CUTS, "argmax", softmax=True)
    other = decision_json(1.25, 7 * CUTS, "per_label_s20", softmax=True)
    assert json.loads(found) == {"softmax": True, **json.loads(plain)}
    assert "softmax" not in json.loads(plain) and len(found) == len(other) > len(plain)


def test_cuts_are_written_exactly_and_thresholds_to_be_read() -> None:
    cuts_K = np.random.default_rng(0).normal(size=28)
    said = json.loads(decision_json(0.7, cuts_K, "per_label_s20"))
    assert said["cuts"] == cuts_K.tolist() and said["temperature"] == 0.7
    assert said["threshold_rule"] == "per_label_s20"
    assert np.allclose(said["thresholds"], 1 / (1 + np.exp(-cuts_K / 0.7)), atol=1e-6)


EXTREMES = [0.0, 5e-324, -2.2250738585072014e-308, 1e300, np.inf, -np.inf, 1 / 3, -1e-7 / 3]


@given(
    st.lists(st.floats(-1e300, 1e300) | st.sampled_from(EXTREMES), min_size=3, max_size=3),
    st.floats(1e-3, 1e3),
    st.sampled_from(["one", "per_label_s20", "fixed0.333333", "ä" * 20]),
)
def test_equal_models_are_equal_in_size_whatever_was_fitted(
    cuts: list[float], temperature: float, rule: str
) -> None:
    base, zeros = Base.of(FILES), np.zeros(3)
    plain = row_of(base, temperature=1.0, cuts_K=zeros, rule="one")
    row = row_of(base, temperature=temperature, cuts_K=np.array(cuts), rule=rule)
    assert len(row.decision) == len(plain.decision)
    assert row.size_bytes == plain.size_bytes
    said = json.loads(row.decision)
    assert said["cuts"] == np.clip(cuts, -FARTHEST, FARTHEST).tolist()
    assert said["temperature"] == temperature and said["threshold_rule"] == rule


def test_a_rule_that_would_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a rule's name takes at most 40 bytes, got 'xx.*shorten"):
        decision_json(1.0, CUTS, "x" * 41)


def test_always_and_never_are_strict_json() -> None:
    said = json.loads(
        decision_json(1.0, np.array([-np.inf, np.inf]), "one"), parse_constant=lambda name: 1 / 0
    )
    assert said["thresholds"] == [0, 1] and said["cuts"] == [-FARTHEST, FARTHEST]


@pytest.mark.parametrize(("temperature", "cuts_K"), [(0.0, CUTS), (1.0, CUTS * np.nan)])
def test_a_decision_without_sense_is_refused(temperature: float, cuts_K: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a temperature above 0 and one cut for each label"):
        decision_json(temperature, cuts_K, "one")
