import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from emoray.artifact.runtime import Reader
from emoray.text.opened import open_tokenizer
from emoray.text.subword_rules import WordPieceRules
from emoray.text.subwords import AddedPiece, PieceTokenizer
from emoray.text.vocabulary import FIRST, PADDING, UNKNOWN
from tests.models.encoder.encoders_made import Kind, sample_texts, tokenizer_json
from tests.text.subwords_made import HARD, tokenizer

KINDS: tuple[Kind, ...] = ("bert", "roberta")


@pytest.mark.parametrize("kind", KINDS)
def test_ids_are_those_of_the_encoders_own_tokenizer_renumbered(tmp_path: Path, kind: Kind) -> None:
    ours, theirs = tokenizer(tmp_path, kind), Tokenizer.from_str(tokenizer_json(kind))
    texts = [text for text in sample_texts() if "[" not in text and "<" not in text][:400]
    ragged = ours.encode_all(texts)
    for i, text in enumerate(texts):
        assert ours.original_ids[ragged.row(i)].tolist() == theirs.encode(text).ids


@pytest.mark.parametrize("kind", KINDS)
def test_every_id_has_a_place_padding_and_unknown_first(tmp_path: Path, kind: Kind) -> None:
    ours, named = tokenizer(tmp_path, kind), Tokenizer.from_str(tokenizer_json(kind)).get_vocab()
    padding, unknown = ("<pad>", "<unk>") if kind == "roberta" else ("[PAD]", "[UNK]")
    assert ours.rows[PADDING] == (named[padding],) and ours.rows[UNKNOWN] == (named[unknown],)
    # A text may name padding, so that has a piece of its own beside the id that pads.
    assert [named[piece] for piece in ours.pieces[:-2]] == sorted(
        set(named.values()) - {named[unknown]}
    )
    assert ours.pieces[-2:] == ("[NAME]", "[RELIGION]") and len(ours) == len(named) + 3
    assert [ours.id_of(piece) for piece in ours.pieces] == list(range(FIRST, len(ours)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_is_one_piece_even_inside_a_word(tmp_path: Path, kind: Kind) -> None:
    ours = tokenizer(tmp_path, kind)
    name = ours.id_of("[NAME]")
    for text, count in (("[NAME] x[NAME]y [NAME]'s", 3), ("[name] [Name] NAME", 0)):
        assert (ours.encode_all([text]).flat == name).sum() == count


@pytest.mark.parametrize("kind", KINDS)
def test_special_pieces_written_in_a_text_are_read_as_transformers_reads_them(
    tmp_path: Path, kind: Kind
) -> None:
    ours, text = tokenizer(tmp_path, kind, added=()), "[PAD] [SEP] [UNK] x <pad> </s> <unk> <mask>"
    ids = ours.encode_all([text]).row(0)
    assert ours.original_ids[ids].tolist() == open_tokenizer(tmp_path).ids([text], 64)[0]
    assert PADDING not in ids and UNKNOWN in ids


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_text_loses_its_end_and_keeps_its_frame(tmp_path: Path, kind: Kind) -> None:
    long, short = (tokenizer(tmp_path, kind, max_tokens=n) for n in (1000, 10))
    for text in ("happy " * 50, *HARD):
        whole, cut = (ours.encode_all([text]).row(0).tolist() for ours in (long, short))
        assert cut == (whole if len(whole) <= 10 else [*whole[:9], whole[-1]])
        assert cut[0] == long.id_of(long.prefix[0]) and cut[-1] == long.id_of(long.suffix[0])


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_is_read(tmp_path: Path, kind: Kind) -> None:
    ours = tokenizer(tmp_path, kind)
    ours.write(tmp_path)
    again = PieceTokenizer.read(tmp_path)
    assert again.settings_json() == ours.settings_json()
    assert (again.pieces, again.rows) == (ours.pieces, ours.rows)
    assert again.encode_all(HARD).flat.tolist() == ours.encode_all(HARD).flat.tolist()


def test_rows_start_from_the_encoders_and_masks_from_their_words(tmp_path: Path) -> None:
    ours = tokenizer(tmp_path, "bert")
    original_RD = np.random.default_rng(0).normal(size=(600, 4)).astype(np.float16)
    embedding_VD = ours.start_rows(original_RD)
    assert embedding_VD.dtype == np.float32 and embedding_VD.shape == (len(ours), 4)
    named = Tokenizer.from_str(tokenizer_json("bert"))
    said = named.encode("religion", add_special_tokens=False).ids
    assert len(said) > 1 and ours.original_ids[-1] == -1
    assert np.allclose(embedding_VD[-1], original_RD[said].astype(np.float32).mean(0))
    assert np.array_equal(embedding_VD[FIRST:-2], original_RD[ours.original_ids[FIRST:-2]])


def test_rows_of_another_encoder_are_refused(tmp_path: Path) -> None:
    ours = tokenizer(tmp_path, "bert")
    with pytest.raises(ValueError, match=r"embedding's 100 rows, got row 599 for '.+': take"):
        ours.start_rows(np.zeros((100, 4)))
    with pytest.raises(ValueError, match="needs the encoder that the pieces are of, got pieces of"):
        replace(ours, rows=()).start_rows(np.zeros((600, 4)))


def test_settings_of_words_are_refused() -> None:
    with pytest.raises(ValueError, match="kind is wordpiece or bpe or unigram, got None"):
        PieceTokenizer.from_json({"version": 1}, "a\n")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"pieces": ("a", "a", "[S]")}, "3 pieces must differ and be of one line each, got 2"),
        ({"pieces": ("a\nb", "[S]")}, "2 pieces must differ and be of one line each"),
        ({"max_tokens": 2}, "room for a text between 2 framing pieces, got 2: allow more"),
        ({"suffix": ("[T]",)}, r"have ids of their own, got none for \['\[T\]'\]: keep them"),
        ({"added": (AddedPiece(content="a", apart=True),)}, "pieces apart stand last, got"),
        ({"rows": ((0,),)}, "every id has its rows, got 1 of 4"),
    ],
)
def test_pieces_that_do_not_belong_together_are_refused(change: dict[str, Any], match: str) -> None:
    right = PieceTokenizer(
        rules=WordPieceRules(),
        pieces=("a", "[S]"),
        prefix=("[S]",),
        suffix=("[S]",),
        added=(),
        max_tokens=3,
    )
    with pytest.raises(ValueError, match=match):
        replace(right, **change)


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_truncated_where_an_artifact_says_so(tmp_path: Path, kind: Kind) -> None:
    ours = tokenizer(tmp_path, kind, max_tokens=9)
    reader = Reader(ours.vocabulary().encode(), json.dumps(ours.settings_json()).encode())
    served = [reader.read(text).truncated for text in HARD]
    assert [*(ours.lengths(HARD) > 9)] == served
    assert 0 < ours.truncated_share(HARD) == sum(served) / len(HARD) < 1
    assert ours.truncated_share([]) == 0.0
