"""Reading transformers folders: what is taken over, what is refused. Shapes as in `weights`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from emoray.models.encoder.architecture import ROBERTA
from emoray.models.encoder.weights import (
    CheckpointSettings,
    Tensors,
    factorised,
    position_count,
    read_classifier,
    read_config,
    read_encoder,
)
from tests.models.encoder.conftest import LABELS, Made

WHOLE = "model.safetensors"


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    """A classifier of the test's own, to alter."""
    return Path(shutil.copytree(made("bert", True), tmp_path / "model"))


def alter(folder: Path, **values: Any) -> None:
    """Change entries of config.json; None takes one out."""
    config = {k: v for k, v in (read_config(folder) | values).items() if v is not None}
    (folder / "config.json").write_text(json.dumps(config))


def rewrite(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = load_file(folder / WHOLE)
    change(tensors)
    save_file(tensors, folder / WHOLE)


def same(one: Tensors, other: Tensors) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_kernels_are_inputs_by_outputs_and_token_type_0_is_folded_in(folder: Path) -> None:
    theirs = {name: t.numpy() for name, t in load_file(folder / WHOLE).items()}
    tensors, settings, labels = read_classifier(folder)
    inner_FD = theirs["bert.encoder.layer.1.intermediate.dense.weight"]
    np.testing.assert_array_equal(tensors["layer1.inner.kernel"], inner_FD.T)
    positions_PD = theirs["bert.embeddings.position_embeddings.weight"]
    types_2D = theirs["bert.embeddings.token_type_embeddings.weight"]
    np.testing.assert_array_equal(tensors["positions"], positions_PD + types_2D[0])
    assert tensors["head.kernel"].shape == (32, len(LABELS)) and labels == LABELS
    assert settings == CheckpointSettings(
        heads=2, epsilon=1e-12, activation="gelu", pooling="cls", pooler="tanh"
    )
    assert CheckpointSettings.from_json(settings.to_json()) == settings


def test_positions_begin_after_padding_where_an_encoder_counts_so(made: Made) -> None:
    tensors, _ = read_encoder(made("roberta", False))
    config = read_config(made("roberta", False))
    assert config["max_position_embeddings"] == 66 and config["pad_token_id"] == 1
    assert len(tensors["positions"]) == position_count(config, ROBERTA) == 64
    unsaid = {name: value for name, value in config.items() if name != "pad_token_id"}
    assert position_count(unsaid, ROBERTA) == 64, "1 is what the library takes it for"
    assert position_count(config | {"pad_token_id": 0}, ROBERTA) == 65


def test_fewer_layers_are_the_first_ones(folder: Path) -> None:
    whole, _ = read_encoder(folder)
    short, _ = read_encoder(folder, layers=1)
    same(short, {name: t for name, t in whole.items() if not name.startswith("layer1.")})
    assert not any(name.startswith(("head", "pooler")) for name in whole)


def test_shards_are_read_as_one_file(folder: Path) -> None:
    wanted, _, _ = read_classifier(folder)
    tensors = load_file(folder / WHOLE)
    names = sorted(tensors)
    for i, part in enumerate((names[::2], names[1::2]), 1):
        shard = {name: tensors[name] for name in part}
        save_file(shard, folder / f"model-0000{i}-of-00002.safetensors")
    save_file({name: t + 1 for name, t in tensors.items()}, folder / "model.other.safetensors")
    same(read_classifier(folder)[0], wanted)
    (folder / "model.other.safetensors").unlink()
    (folder / WHOLE).unlink()
    same(read_classifier(folder)[0], wanted)


def test_half_precision_is_read_as_the_same_numbers_in_float32(folder: Path) -> None:
    exact, _, _ = read_classifier(folder)
    for kind, error in ((torch.float16, 2**-10), (torch.bfloat16, 2**-7)):
        rewrite(folder, lambda t, kind=kind: t.update({n: v.to(kind) for n, v in t.items()}))
        found, _, _ = read_classifier(folder)
        for name, tensor in found.items():
            assert tensor.dtype == np.float32
            np.testing.assert_allclose(tensor, exact[name], rtol=2 * error, atol=4 * error)


def test_old_names_of_norms_are_known(folder: Path) -> None:
    wanted, _, _ = read_classifier(folder)

    def age(tensors: dict[str, torch.Tensor]) -> None:
        for name in [n for n in tensors if "LayerNorm" in n]:
            old = name.replace(".weight", ".gamma").replace(".bias", ".beta")
            tensors[old] = tensors.pop(name)

    rewrite(folder, age)
    same(read_classifier(folder)[0], wanted)


def test_an_epsilon_left_unsaid_is_the_librarys(folder: Path) -> None:
    alter(folder, layer_norm_eps=None)
    assert read_encoder(folder)[1].epsilon == 1e-12
    alter(folder, layer_norm_eps=1e-5)
    assert read_encoder(folder)[1].epsilon == 1e-5


@pytest.mark.parametrize("rank", [1, 5, 31])
def test_no_product_of_a_rank_comes_nearer_than_the_factorised_one(folder: Path, rank: int) -> None:
    tensors, _ = read_encoder(folder)
    parts = factorised(tensors, rank)
    assert parts["embedding"].shape[1] == rank and parts["projection"].shape == (rank, 32)
    error_VD = parts["embedding"] @ parts["projection"] - tensors["embedding"]
    values = np.linalg.svd(tensors["embedding"].astype(np.float64), compute_uv=False)
    tail = np.sqrt((values[rank:] ** 2).sum())
    assert np.linalg.norm(error_VD) == pytest.approx(tail, rel=1e-4)
    np.testing.assert_allclose(parts["projection"] @ parts["projection"].T, np.eye(rank), atol=1e-6)
    assert {n for n in parts if parts[n] is not tensors.get(n)} == {"embedding", "projection"}


def test_a_factorisation_of_full_rank_changes_no_weight(folder: Path) -> None:
    tensors, _ = read_encoder(folder)
    same(factorised(tensors, 32), tensors)


@pytest.mark.parametrize("rank", [0, 33])
def test_a_rank_beyond_the_width_is_refused(folder: Path, rank: int) -> None:
    with pytest.raises(ValueError, match=rf"must lie in 1..32, .* got {rank}: 32 keeps the embed"):
        factorised(read_encoder(folder)[0], rank)


@pytest.mark.parametrize("layers", [0, 3])
def test_layers_that_an_encoder_lacks_are_refused(folder: Path, layers: int) -> None:
    with pytest.raises(ValueError, match=rf"layers must lie in 1..2, .* got {layers}: ask for few"):
        read_encoder(folder, layers=layers)


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ValueError, match=r"a folder with config.json, got .* without: check"):
            read_encoder(path)


CONFIGS: dict[str, dict[str, Any]] = {
    "an encoder is one of bert, .*, got model_type 'gpt2': choose": {"model_type": "gpt2"},
    "an encoder is one of .* got model_type None: choose": {"model_type": None},
    "activation is one of gelu, .* got 'silu': choose another": {"hidden_act": "silu"},
    "sees the whole text, got .* is_decoder True: choose another": {"is_decoder": True},
    "got position_embedding_type 'relative_key'": {"position_embedding_type": "relative_key"},
    "config.json says num_hidden_layers, at least 1, got None": {"num_hidden_layers": None},
    "config.json says num_attention_heads, at least 1, got 0": {"num_attention_heads": 0},
    "says max_position_embeddings, at least 1, got '64': fetch": {"max_position_embeddings": "64"},
    "heads divide the width, got 5 heads for 32": {"num_attention_heads": 5},
    "got 'regression' in .*: a head for numbers has no labels": {"problem_type": "regression"},
    "whether its problem_type is single_.*got None in .*: add .* if it was trained for one": {
        "problem_type": None
    },
    'has two at least, got \'a\' alone in .*: if it says yes or no, "problem_type": "multi': {
        "problem_type": "single_label_classification",
        "id2label": {"0": "a"},
    },
    "id2label names every label of the head, got 2 names for 3": {"id2label": {"0": "a", "1": "b"}},
    r"names every label of the head, got \['0', '1', '7'\]": {
        "id2label": {"0": "a", "1": "b", "7": "c"}
    },
    r"names every label of the head, got \[\]": {"id2label": None},
    r"names every label of the head, got \['one', 'three', 'two'\]": {
        "id2label": {"one": "a", "two": "b", "three": "c"}
    },
}


@pytest.mark.parametrize("words", CONFIGS)
def test_what_is_no_classifier_of_texts_is_refused(folder: Path, words: str) -> None:
    alter(folder, **CONFIGS[words])
    with pytest.raises(ValueError, match=words):
        read_classifier(folder)


def test_a_config_that_is_no_json_is_refused(folder: Path) -> None:
    for text in ('{"model_type": ', "[]"):
        (folder / "config.json").write_text(text)
        with pytest.raises(ValueError, match=r"config.json .*JSON.*: fetch it again"):
            read_config(folder)


def test_weights_that_are_no_numbers_are_refused(folder: Path) -> None:
    bias = "bert.pooler.dense.bias"
    for value in (float("nan"), float("inf")):
        rewrite(folder, lambda t, value=value: t.update({bias: torch.full((32,), value)}))
        with pytest.raises(ValueError, match=r"finite, got NaN or Inf in bert.pooler.dense.bias"):
            read_encoder(folder)


def test_damaged_weights_are_refused(folder: Path) -> None:
    raw = (folder / WHOLE).read_bytes()
    for damaged in (raw[: len(raw) // 2], raw[:5], b"", b"\xff" * 100):
        (folder / WHOLE).write_bytes(damaged)
        with pytest.raises(ValueError, match=r"whole safetensors files, got .*: fetch it again"):
            read_encoder(folder)


def test_a_folder_without_weights_is_refused(folder: Path) -> None:
    (folder / WHOLE).rename(folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"weights are model.safetensors, got none .*: save the"):
        read_encoder(folder)


def test_weights_of_another_config_are_refused(folder: Path) -> None:
    alter(folder, num_hidden_layers=3)
    with pytest.raises(ValueError, match=r"has bert.encoder.layer.2.*, got none in .* belong tog"):
        read_encoder(folder)
    alter(folder, num_hidden_layers=2, hidden_size=64)
    with pytest.raises(ValueError, match=r"hidden_size 64 and weights of width 32"):
        read_encoder(folder)


def test_several_groups_of_shared_layers_are_refused(made: Made, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made("albert", False), tmp_path / "model"))
    assert read_encoder(folder, layers=1)[1].repeats == 1 and read_encoder(folder)[1].repeats == 2
    alter(folder, num_hidden_groups=2)
    with pytest.raises(ValueError, match=r"shared layers are one, got .* \(2, 1\): choose another"):
        read_encoder(folder)


def test_other_buckets_of_distances_are_refused(made: Made, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made("mpnet", False), tmp_path / "model"))
    name = "encoder.relative_attention_bias.weight"
    rewrite(folder, lambda tensors: tensors.update({name: tensors[name][:16].clone()}))
    with pytest.raises(ValueError, match=r"has 32 buckets for 2 heads, got 16 for 2 in .*: choose"):
        read_encoder(folder)
