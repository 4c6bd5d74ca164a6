from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from emoray.models.encoder.saving import padding_id, write_encoder
from emoray.models.encoder.weights import factorised, read_encoder
from emoray.stages.encoders import require_readable
from emoray.text.subword_pruning import keep_pieces
from emoray.text.subwords_io import read_pieces
from emoray.text.subwords_saving import write_tokenizer
from tests.models.encoder.encoders_made import Kind, make_encoder, sample_texts

KINDS: tuple[Kind, ...] = get_args(Kind)
TEXTS = (*sample_texts()[:200], "", "[NAME] met [RELIGION] 🙂 naïve 你好", "word " * 90)


def saved(kind: Kind, folder: Path, rank: int = 32) -> tuple[Path, Path]:
    """The encoder's folder, and the folder that its pruned form was saved to."""
    original, again = make_encoder(folder / "original", kind), folder / "again"
    again.mkdir()
    pieces = read_pieces(original, max_tokens=24)
    pieces = pieces.pruned(keep_pieces(TEXTS[:50], pieces, allowance=5, min_count=2))
    tensors, settings = read_encoder(original)
    tensors["embedding"] = pieces.start_rows(tensors["embedding"])
    rank = min(rank, tensors["embedding"].shape[1])
    write_encoder(again, factorised(tensors, rank), settings)
    write_tokenizer(pieces, again, padding_id=padding_id(tensors, settings))
    return original, again


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_encoder_reads_back_as_it_was(kind: Kind, tmp_path: Path) -> None:
    original, again = saved(kind, tmp_path)
    (before, settings), (after, settings_again) = read_encoder(original), read_encoder(again)
    assert settings == settings_again
    assert set(before) == set(after)
    for name in set(before) - {"embedding"}:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_tokenizer_gives_the_same_ids_here_and_in_the_library(
    kind: Kind, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    original, again = saved(kind, tmp_path)
    pieces = read_pieces(original, max_tokens=24)
    pieces = pieces.pruned(keep_pieces(TEXTS[:50], pieces, allowance=5, min_count=2))
    wanted = [list(map(int, ids)) for ids in map(pieces.encode_all(TEXTS).row, range(len(TEXTS)))]
    ours = read_pieces(again, max_tokens=24).encode_all(TEXTS)
    assert [ours.row(i).tolist() for i in range(len(TEXTS))] == wanted
    theirs = AutoTokenizer.from_pretrained(again)
    swapped = (1, 0) if kind == "mpnet" else (0, 1)  # it pads with 1, whatever a file says
    saved_ids = [[swapped[i] if i < 2 else i for i in ids] for ids in wanted]
    assert theirs(list(TEXTS), truncation=True)["input_ids"] == saved_ids


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_encoder_says_in_transformers_what_it_says_here(kind: Kind, tmp_path: Path) -> None:
    _, again = saved(kind, tmp_path)
    require_readable(again, TEXTS, max_tokens=24)


def test_transformers_says_of_a_text_what_we_say(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModel

    from emoray.models.encoder.module import EncoderClassifier

    _, again = saved("roberta", tmp_path)
    tensors, settings = read_encoder(again)
    width = tensors["positions"].shape[1]
    head = {"head.kernel": np.eye(width, dtype=np.float32), "head.bias": np.zeros(width, "f4")}
    ids_NL = torch.tensor([[5, 9, 30, 7, 6], [5, 8, 6, 0, 0]])
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(again).eval()(
            input_ids=ids_NL, attention_mask=(ids_NL != 0).long()
        )
        real = (ids_NL != 0)[..., None].float()
        wanted_ND = (hidden.last_hidden_state * real).sum(1) / real.sum(1)
        found_ND = EncoderClassifier({**tensors, **head}, settings).eval()(ids_NL)
    torch.testing.assert_close(found_ND, wanted_ND, atol=1e-5, rtol=0)


def test_a_factorised_embedding_is_saved_as_its_product(tmp_path: Path) -> None:
    _, again = saved("bert", tmp_path, rank=8)
    assert np.linalg.matrix_rank(read_encoder(again)[0]["embedding"], tol=1e-3) == 8
