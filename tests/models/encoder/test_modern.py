"""What only ModernBERT has, beside transformers. Shapes as in `weights`."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emoray.artifact.scoring import logits, scoring_session
from emoray.export.encoder.layers import build_encoder
from emoray.export.encoder.network import Encoder
from emoray.models.encoder.checkpoint import find_checkpoint
from emoray.models.encoder.modern import theta_of
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.rotary import frequencies
from emoray.models.encoder.saving import write_encoder
from emoray.models.encoder.weights import Tensors, read_classifier, read_config, read_encoder
from emoray.text.vocabulary import Ragged
from tests.models.encoder.conftest import LABELS, Made
from tests.models.encoder.encoders_made import PIECES

POSITIONS, NEAR = 300, 10  # tokens that are seen to either side
LENGTHS = (1, 2, NEAR, NEAR + 1, NEAR + 2, 2 * NEAR + 1, 2 * NEAR + 2, 64, 150, POSITIONS)


def texts() -> Ragged:
    rng = np.random.default_rng(0)
    return Ragged.from_lists([rng.integers(7, PIECES, length) for length in LENGTHS])


def saved(folder: Path, **asked: Any) -> Any:
    """A random classifier of transformers, saved into `folder`."""
    from transformers import ModernBertConfig, ModernBertForSequenceClassification
    from transformers.utils import logging

    config = ModernBertConfig(
        vocab_size=PIECES,
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=24,
        max_position_embeddings=POSITIONS,
        local_attention=2 * NEAR,
        pad_token_id=0,
        problem_type="multi_label_classification",
        id2label=dict(enumerate(LABELS)),
        **asked,
    )
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        model: Any = ModernBertForSequenceClassification(config).eval()
        for parameter in model.parameters():
            parameter += 0.25 * torch.randn(parameter.shape)
    logging.disable_progress_bar()
    model.save_pretrained(folder)
    logging.enable_progress_bar()
    return model


WAYS: dict[str, dict[str, Any]] = {
    "as usual": {},
    "mean of all tokens, relu before the head": {
        "classifier_pooling": "mean",
        "classifier_activation": "relu",
        "hidden_activation": "gelu_pytorch_tanh",
    },
    "biases everywhere, every layer near but the last": {
        **{"attention_bias": True, "mlp_bias": True, "norm_bias": True, "classifier_bias": True},
        "layer_types": [*["sliding_attention"] * 3, "full_attention"],
        "rope_parameters": {
            "full_attention": {"rope_type": "default", "rope_theta": 500.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 20.0},
        },
        "norm_eps": 1e-3,
    },
}


@pytest.mark.parametrize("asked", WAYS.values(), ids=list(WAYS))
def test_every_length_says_what_transformers_says(asked: dict[str, Any], tmp_path: Path) -> None:
    theirs = saved(tmp_path, **asked)
    tensors, settings, _ = read_classifier(tmp_path)
    module = EncoderClassifier(tensors, settings).eval()
    model = build_encoder(Encoder.from_tensors(tensors, asdict(settings)))
    packed_NK = logits(model.file, texts())
    ids_NL = torch.from_numpy(texts().padded(np.arange(len(LENGTHS)))).long()
    with torch.inference_mode():
        padded_NK = module(ids_NL).numpy()
        for i, length in enumerate(LENGTHS):
            wanted_K = theirs(ids_NL[i : i + 1, :length]).logits[0].numpy()
            np.testing.assert_allclose(padded_NK[i], wanted_K, atol=1e-5, err_msg=f"{length}")
            np.testing.assert_allclose(packed_NK[i], wanted_K, atol=1e-5, err_msg=f"{length}")


def test_what_is_far_away_counts_in_far_layers_alone(tmp_path: Path) -> None:
    saved(tmp_path, layer_types=["sliding_attention"] * 4)
    tensors, settings, _ = read_classifier(tmp_path)
    model = build_encoder(Encoder.from_tensors(tensors, asdict(settings)))
    session = scoring_session(model.file)
    ids_NL = np.full((2, 100), 9, np.int32)
    ids_NL[1, 4 * NEAR + 1 :] = 8  # four layers carry it no farther
    near_NK = session.run(None, {"ids": ids_NL})[0]
    np.testing.assert_array_equal(near_NK[0], near_NK[1])
    ids_NL[1, 4 * NEAR] = 8
    assert (session.run(None, {"ids": ids_NL})[0][1] != near_NK[0]).any()


def test_a_text_longer_than_the_positions_fails_in_the_runtime(tmp_path: Path) -> None:
    saved(tmp_path)
    tensors, settings, _ = read_classifier(tmp_path)
    tensors["positions"] = tensors["positions"][:20]
    model = build_encoder(Encoder.from_tensors(tensors, asdict(settings)))
    session = scoring_session(model.file)
    assert session.run(None, {"ids": np.ones((2, 20), np.int32)})[0].shape == (2, len(LABELS))
    with pytest.raises(Exception, match=r"(?i)expand|shape|dim"):
        session.run(None, {"ids": np.ones((2, 21), np.int32)})


def alter(folder: Path, **values: Any) -> None:
    config = {k: v for k, v in (read_config(folder) | values).items() if v is not None}
    (folder / "config.json").write_text(json.dumps(config))


def same(one: Tensors, other: Tensors) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_the_config_of_older_checkpoints_says_the_same(tmp_path: Path) -> None:
    saved(tmp_path)
    wanted = read_encoder(tmp_path)[0]
    alter(
        tmp_path,
        **{"layer_types": None, "rope_parameters": None, "global_attn_every_n_layers": 3},
        **{"global_rope_theta": 160_000.0, "local_rope_theta": 10_000.0},
    )
    same(read_encoder(tmp_path)[0], wanted)
    assert [f"layer{i}.window" in wanted for i in range(4)] == [False, True, True, False]
    alter(tmp_path, global_rope_theta=7.0)
    assert theta_of(read_encoder(tmp_path)[0]["layer0.rotary"]) == 7


@pytest.mark.parametrize("asked", WAYS.values(), ids=list(WAYS))
def test_it_is_saved_with_no_more_biases_than_it_has(asked: dict[str, Any], tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    theirs, again = saved(tmp_path / "made", **asked), tmp_path / "again"
    again.mkdir()
    tensors, settings = read_encoder(tmp_path / "made")
    write_encoder(again, tensors, settings)
    same(read_encoder(again)[0], tensors)
    names = {name for name, _ in theirs.model.named_parameters()}
    assert load_file(again / "model.safetensors").keys() == names
    kept = ("layer_types", "rope_parameters", "local_attention", "norm_eps", "mlp_bias")
    wanted, found = read_config(tmp_path / "made"), read_config(again)
    assert {name: found[name] for name in kept} == {name: wanted[name] for name in kept}


@pytest.mark.parametrize("theta", [2.0, 10_000.0, 160_000.0, 1e6])
@pytest.mark.parametrize("width", [4, 6, 64, 128])
def test_frequencies_tell_their_theta(theta: float, width: int) -> None:
    made_R = frequencies(theta, width)
    assert len(made_R) == width // 2 and theta_of(made_R) == theta
    wanted_R = theta ** (-np.arange(0, width, 2) / width)
    np.testing.assert_allclose(made_R, wanted_R, rtol=1e-6)


REFUSED: dict[str, dict[str, Any]] = {
    "by place alone, got rope_type 'yarn': choose": {
        "rope_parameters": {"full_attention": {"rope_type": "yarn", "rope_theta": 1e4}}
    },
    "by place alone, got rope_type 'linear': choose": {
        "rope_scaling": {"type": "linear", "factor": 2.0}
    },
    "each of 2 layers is full_attention or .*, got 2: chunked_attention, full": {
        "layer_types": ["full_attention", "chunked_attention"]
    },
    "each of 2 layers is .*, got 1: full_attention: choose": {"layer_types": ["full_attention"]},
    "have an even width, got 1: choose": {"num_attention_heads": 32},
    "vector is one of cls, mean, got classifier_pooling 'max': choose": {
        "classifier_pooling": "max"
    },
    "one of gelu, relu, tanh, got classifier_activation 'silu'": {"classifier_activation": "silu"},
    "an encoder's activation is one of .*, got 'silu'": {"hidden_activation": "silu"},
}


@pytest.mark.parametrize(("words", "values"), REFUSED.items(), ids=list(REFUSED))
def test_what_has_no_graph_is_refused_and_goes_the_general_way(
    words: str, values: dict[str, Any], made: Made, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(made("modernbert", True), tmp_path / "model"))
    alter(folder, **values)
    with pytest.raises(ValueError, match=words):
        read_encoder(folder)
    found = find_checkpoint(folder)
    assert found.kind == "foreign" and found.why


def test_an_encoder_without_its_norms_is_refused(made: Made) -> None:
    tensors, settings, _ = read_classifier(made("modernbert", True))
    for name in ("final_norm.scale", "layer1.attention_norm.scale", "layer1.gate.bias"):
        less = {n: t for n, t in tensors.items() if n != name}
        with pytest.raises(ValueError, match=rf"got none called '{name}'"):
            Encoder.from_tensors(less, asdict(settings))
    narrow = tensors | {"layer0.rotary": np.ones(3, np.float32)}
    with pytest.raises(ValueError, match=r"got layer0.rotary \(3,\) instead of \(8,\)"):
        Encoder.from_tensors(narrow, asdict(settings))
