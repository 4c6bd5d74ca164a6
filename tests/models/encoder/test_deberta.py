"""What only DeBERTa has, beside transformers. Shapes as in `weights`."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emoray.artifact.scoring import logits
from emoray.export.encoder.layers import build_encoder
from emoray.export.encoder.network import Encoder
from emoray.models.encoder.checkpoint import find_checkpoint
from emoray.models.encoder.distances import buckets_of
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.saving import write_encoder
from emoray.models.encoder.weights import read_classifier, read_config, read_encoder
from emoray.text.vocabulary import Ragged
from tests.models.encoder.conftest import LABELS, Made
from tests.models.encoder.encoders_made import PIECES

POSITIONS = 90
LENGTHS = (1, 2, 3, 7, 8, 9, 20, POSITIONS)
WAYS: dict[str, dict[str, Any]] = {
    "own positions and types": {"position_buckets": 6, "type_vocab_size": 2},
    "types alone": {"position_buckets": 6, "type_vocab_size": 1, "position_biased_input": False},
    "no buckets, a nearest farthest": {
        **{"max_relative_positions": 5, "position_biased_input": False, "type_vocab_size": 0},
        **{"norm_rel_ebd": "layer_norm", "pooler_hidden_act": "tanh"},
    },
}


@pytest.mark.parametrize("asked", WAYS.values(), ids=list(WAYS))
def test_every_length_says_what_transformers_says(asked: dict[str, Any], tmp_path: Path) -> None:
    from transformers import DebertaV2Config, DebertaV2ForSequenceClassification
    from transformers.utils import logging

    config = DebertaV2Config(
        **{"vocab_size": PIECES, "hidden_size": 32, "num_hidden_layers": 2},
        **{"num_attention_heads": 4, "intermediate_size": 24, "pad_token_id": 0},
        **{"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "share_att_key": True},
        **{"max_position_embeddings": POSITIONS, "problem_type": "multi_label_classification"},
        id2label=dict(enumerate(LABELS)),
        **asked,
    )
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        theirs: Any = DebertaV2ForSequenceClassification(config).eval()
        for parameter in theirs.parameters():
            parameter += 0.25 * torch.randn(parameter.shape)
    logging.disable_progress_bar()
    theirs.save_pretrained(tmp_path / "made")
    logging.enable_progress_bar()
    tensors, settings, _ = read_classifier(tmp_path / "made")
    rng = np.random.default_rng(0)
    texts = Ragged.from_lists([rng.integers(7, PIECES, length) for length in LENGTHS])
    model = build_encoder(Encoder.from_tensors(tensors, asdict(settings)))
    graph_NK = logits(model.file, texts)
    ids_NL = torch.from_numpy(texts.padded(np.arange(len(LENGTHS)))).long()
    with torch.inference_mode():
        module_NK = EncoderClassifier(tensors, settings).eval()(ids_NL).numpy()
        for i, length in enumerate(LENGTHS):
            wanted_K = theirs(ids_NL[i : i + 1, :length]).logits[0].numpy()
            np.testing.assert_allclose(module_NK[i], wanted_K, atol=1e-5, err_msg=f"{length}")
            np.testing.assert_allclose(graph_NK[i], wanted_K, atol=1e-5, err_msg=f"{length}")
    again = tmp_path / "again"
    again.mkdir()
    tensors, settings = read_encoder(tmp_path / "made")
    write_encoder(again, tensors, settings)
    found, _ = read_encoder(again)
    assert found.keys() == tensors.keys()
    assert all(np.array_equal(found[name], tensors[name]) for name in tensors)


def test_buckets_are_transformers_own() -> None:
    from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

    for positions, buckets in ((512, 256), (64, 256), (160, 8)):
        wanted = make_log_bucket_position(torch.arange(positions), buckets, positions)
        found_P = buckets_of(positions, buckets, positions)
        np.testing.assert_array_equal(found_P, wanted.long().numpy())


REFUSED: dict[str, dict[str, Any]] = {
    "for queries and for keys, got relative_attention True, pos_att_type p2c:": {
        "pos_att_type": "p2c"
    },
    "got relative_attention False, pos_att_type p2c.c2p: choose": {"relative_attention": False},
    "kernels of keys and queries, got share_att_key False: choose": {"share_att_key": False},
    "attention and feed-forward, got conv_kernel_size 3: choose": {"conv_kernel_size": 3},
    "as wide as its layers, got embedding_size 16: choose": {"embedding_size": 16},
    "up to the 64 positions, got max_relative_positions 32: choose": {"max_relative_positions": 32},
    "one of gelu, relu, tanh, got pooler_hidden_act 'silu': choose": {"pooler_hidden_act": "silu"},
}


@pytest.mark.parametrize(("words", "values"), REFUSED.items(), ids=list(REFUSED))
def test_what_has_no_graph_is_refused_and_goes_the_general_way(
    words: str, values: dict[str, Any], made: Made, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(made("deberta-v2", True), tmp_path / "model"))
    (folder / "config.json").write_text(json.dumps(read_config(folder) | values))
    with pytest.raises(ValueError, match=words):
        read_encoder(folder)
    assert find_checkpoint(folder).kind == "foreign"
