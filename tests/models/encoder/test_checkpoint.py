import shutil
from pathlib import Path

import numpy as np
import pytest

from emoray.models.encoder.checkpoint import find_checkpoint, read_checkpoint
from emoray.models.encoder.sources import find_encoder
from emoray.models.encoder.weights import Tensors
from tests.models.encoder.encoders_made import make_encoder
from tests.workflows.checkpoints import (
    OTHER_ORDER,
    edit_config,
    foreign_model,
    own_model,
    tiny,
)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("theirs") / "bert")


@pytest.fixture(scope="module")
def ours(theirs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_model(tmp_path_factory.mktemp("ours") / "mine", theirs)


@pytest.fixture
def folder(theirs: Path, tmp_path: Path) -> Path:
    """A copy of the transformers folder, to spoil."""
    return Path(shutil.copytree(theirs, tmp_path / "model"))


@pytest.fixture
def own(ours: Path, tmp_path: Path) -> Path:
    """A copy of our own folder, to spoil."""
    return Path(shutil.copytree(ours, tmp_path / "own"))


def test_a_transformers_folder_is_known_by_its_files(theirs: Path) -> None:
    found = find_checkpoint(theirs)
    assert (found.kind, found.labels, found.positions) == ("transformers", OTHER_ORDER, 64)
    tensors, settings = read_checkpoint(found)
    assert tensors["head.bias"].shape == (4,) and settings.pooling == "cls"


def test_our_own_folder_is_known_by_its_files(ours: Path) -> None:
    found = find_checkpoint(ours)
    assert (found.kind, found.labels, found.max_tokens) == ("ours", OTHER_ORDER, 32)
    assert read_checkpoint(found)[0]["positions"].shape == (64, 16)


def test_another_byte_is_another_model(ours: Path, own: Path) -> None:
    before = find_checkpoint(own).sha256
    assert before == find_checkpoint(ours).sha256
    (own / "labels.txt").write_text("\n".join(reversed(OTHER_ORDER)))
    assert find_checkpoint(own).sha256 != before


def test_a_foreign_encoder_is_found_with_the_reason_and_not_read(
    theirs: Path, tmp_path: Path
) -> None:
    found = find_checkpoint(foreign_model(tmp_path / "ernie", theirs))
    assert found.kind == "foreign" and "ernie" in found.why
    with pytest.raises(ValueError, match=r"ernie.*jobs\.convert --model"):
        read_checkpoint(found)


def test_no_model_is_refused(tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ValueError, match=r"a model is a folder with config\.json.*check the"):
            find_checkpoint(where)


def test_an_artifact_is_refused(tmp_path: Path) -> None:
    for name in ("model.onnx", "manifest.json"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match="an artifact, which is converted already"):
        find_checkpoint(tmp_path)


def test_a_pickle_is_refused_and_its_conversion_said(folder: Path, tmp_path: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"a pickle that may run code.*save_pretrained"):
        find_checkpoint(folder)
    with pytest.raises(ValueError, match=r"a pickle that may run code.*save_pretrained"):
        find_checkpoint(folder / "pytorch_model.bin")


def test_a_head_for_one_label_a_text_is_known_by_its_config(folder: Path, tmp_path: Path) -> None:
    assert not find_checkpoint(folder).softmax
    edit_config(folder, problem_type="single_label_classification")
    assert find_checkpoint(folder).softmax
    own = own_model(tmp_path / "single", folder)
    assert find_checkpoint(own).softmax and read_checkpoint(find_checkpoint(own))[1].softmax


def test_a_bare_encoder_is_refused(tmp_path: Path) -> None:
    bare = make_encoder(tmp_path / "bare", "bert", width=16)
    with pytest.raises(ValueError, match=r"a sequence classifier, got BertModel.*jobs.sweep"):
        find_checkpoint(bare)


def test_labels_without_names_are_refused(folder: Path) -> None:
    edit_config(folder, id2label={"0": "joy", "2": "fear"})
    with pytest.raises(ValueError, match=r"id2label names every label.*got \['0', '2'\]"):
        find_checkpoint(folder)


def spoil(own: Path, change: dict[str, np.ndarray | None]) -> None:
    with np.load(own / "weights.npz") as data:
        tensors: Tensors = dict(data)
    for name, value in change.items():
        if value is None:
            del tensors[name]
        else:
            tensors[name] = value
    np.savez(own / "weights.npz", allow_pickle=False, **tensors)


def test_weights_that_are_no_numbers_are_refused(own: Path) -> None:
    spoil(own, {"norm.scale": np.full(16, np.nan, np.float32)})
    with pytest.raises(ValueError, match=r"weights are finite, got NaN or Inf in norm\.scale"):
        read_checkpoint(find_checkpoint(own))


def test_a_head_with_other_outputs_than_labels_is_refused(own: Path) -> None:
    spoil(own, {"head.bias": np.zeros(5, np.float32)})
    with pytest.raises(ValueError, match="an output for each of its 4 labels, got 5"):
        read_checkpoint(find_checkpoint(own))


def test_a_missing_part_of_our_folder_is_named(own: Path) -> None:
    (own / "labels.txt").unlink()
    with pytest.raises(ValueError, match=r"without labels\.txt: copy all of it"):
        find_checkpoint(own)


def test_damaged_weights_are_refused(own: Path) -> None:
    raw = (own / "weights.npz").read_bytes()
    (own / "weights.npz").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ValueError, match=r"weights\.npz holds.*got a damaged one"):
        find_checkpoint(own)


def test_damaged_settings_are_refused(own: Path) -> None:
    (own / "encoder.json").write_text('{"heads": 2}')
    with pytest.raises(ValueError, match=r"encoder\.json holds an encoder's settings"):
        read_checkpoint(find_checkpoint(own))
    (own / "tokenizer.json").write_text("{")
    with pytest.raises(ValueError, match=r"tokenizer\.json must be JSON"):
        find_checkpoint(own)


def test_more_tokens_than_positions_are_refused(own: Path) -> None:
    spoil(own, {"positions": np.zeros((16, 16), np.float32)})
    with pytest.raises(ValueError, match="no more tokens than the model's 16 positions"):
        find_checkpoint(own)


def test_a_missing_problem_type_is_a_line_to_add(folder: Path) -> None:
    edit_config(folder, problem_type=None)
    one, several = "single_label_classification", "multi_label_classification"
    line = rf'add "problem_type": "{one}" to config\.json .*, "{several}" if for several'
    with pytest.raises(ValueError, match=rf"got None in .*: {line}"):
        find_checkpoint(folder)
    for found in (one, several):
        edit_config(folder, problem_type=found)
        assert find_checkpoint(folder).softmax == (found == one)


def test_an_adapter_is_named_as_such_with_the_way_out(theirs: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text('{"base_model_name_or_path": "bert-base"}')
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    words = r"is whole, got a PEFT adapter of bert-base in .*merge_and_unload\(\)\.save_pretrained"
    for find in (find_checkpoint, lambda path: find_encoder(str(path))):
        with pytest.raises(ValueError, match=words):
            find(adapter)
    shutil.copytree(theirs, adapter, dirs_exist_ok=True)  # merged into the same folder
    assert find_checkpoint(adapter).kind == "transformers"
    assert find_encoder(str(adapter)).name == "adapter"


def test_another_programs_graph_beside_the_weights_does_no_harm_and_alone_is_refused(
    theirs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "exported"
    shutil.copytree(theirs, folder)
    (folder / "model.onnx").write_bytes(b"a graph")
    assert find_checkpoint(folder).kind == "transformers"
    (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"with a graph alone, exported by another program: name"):
        find_checkpoint(folder)
