from pathlib import Path

import numpy as np
import pytest

from emoray.text.subword_pruning import changed_share, keep_pieces, unknown_signs
from emoray.text.subword_rules import BytePairRules
from emoray.text.subwords import PieceTokenizer
from emoray.text.vocabulary import FIRST, UNKNOWN
from tests.models.encoder.encoders_made import Kind, sample_texts
from tests.text.subwords_made import HARD, tokenizer

KINDS: tuple[Kind, ...] = ("bert", "roberta")
TRAIN, UNSEEN = sample_texts()[:200], sample_texts()[200:600]
SPELLED = [text for text in UNSEEN if set(text.lower()) <= set("".join(TRAIN))]


def kept(full: PieceTokenizer, *, allowance: int = 0, min_count: int = 1) -> PieceTokenizer:
    return full.pruned(keep_pieces(TRAIN, full, allowance=allowance, min_count=min_count))


@pytest.mark.parametrize("kind", KINDS)
def test_train_is_cut_as_before_where_every_used_piece_is_kept(tmp_path: Path, kind: Kind) -> None:
    full = tokenizer(tmp_path, kind)
    pruned = kept(full)
    assert len(pruned) < len(full)
    before, after = full.encode_all(TRAIN).flat, pruned.encode_all(TRAIN).flat
    assert np.array_equal(full.original_ids[before], pruned.original_ids[after])
    assert changed_share(TRAIN, full, pruned) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_rare_pieces_go_and_words_fall_back_to_shorter_ones(tmp_path: Path, kind: Kind) -> None:
    full = tokenizer(tmp_path, kind)
    pruned = kept(full, min_count=20)
    assert len(pruned) < len(kept(full, min_count=2)) < len(kept(full))
    before, after = full.encode_all(UNSEEN), pruned.encode_all(UNSEEN)
    assert after.lengths.sum() > before.lengths.sum()
    unknown = [(of.encode_all(SPELLED).flat == UNKNOWN).sum() for of in (full, pruned)]
    assert unknown[0] == unknown[1]


@pytest.mark.parametrize("kind", KINDS)
def test_an_allowance_keeps_the_encoders_first_pieces(tmp_path: Path, kind: Kind) -> None:
    full = tokenizer(tmp_path, kind)
    bare, more, all_ = (kept(full, min_count=20, allowance=n) for n in (0, 30, 10_000))
    assert set(bare.pieces) < set(more.pieces) < set(all_.pieces)
    assert changed_share(UNSEEN, full, bare) > changed_share(UNSEEN, full, more) > 0
    assert changed_share(SPELLED, full, all_) == 0
    assert "[unused0]" not in all_
    assert ("[MASK]" if kind == "bert" else "<mask>") in bare  # a text may say so


@pytest.mark.parametrize("kind", KINDS)
def test_pruning_keeps_the_order_of_pieces_and_the_frame_of_texts(
    tmp_path: Path, kind: Kind
) -> None:
    full = tokenizer(tmp_path, kind)
    pruned = kept(full, min_count=50)
    places = [full.id_of(piece) for piece in pruned.pieces]
    assert places == sorted(places) and pruned.pieces[-2:] == ("[NAME]", "[RELIGION]")
    assert all(pruned.rows[i] == full.rows[place] for i, place in enumerate(places, start=FIRST))
    assert pruned.encode_all([""]).row(0).tolist() == [
        pruned.id_of(piece) for piece in (*full.prefix, *full.suffix)
    ]


def test_no_byte_is_ever_unknown(tmp_path: Path) -> None:
    pruned = kept(tokenizer(tmp_path, "roberta"), min_count=1000)
    assert isinstance(pruned.rules, BytePairRules) and len(pruned) < 400
    assert (pruned.encode_all(HARD).flat != UNKNOWN).all()
    assert {a + b for a, b in pruned.rules.merges} <= set(pruned.pieces)


def test_emoji_that_are_unknown_are_found_by_frequency(tmp_path: Path) -> None:
    full = tokenizer(tmp_path, "bert")
    texts = ["😭😭 no", "oh 😭", "🧿", "fine 🦀🦀", "🦀", "a € b"]
    assert unknown_signs(texts, full, min_count=2) == ("😭", "🦀")
    assert unknown_signs(texts, full, min_count=1) == ("😭", "🦀", "🧿")
    assert unknown_signs(texts, tokenizer(tmp_path, "roberta"), min_count=1) == ()


@pytest.mark.parametrize(("allowance", "min_count"), [(-1, 1), (0, 0)])
def test_counts_below_their_bounds_are_refused(
    tmp_path: Path, allowance: int, min_count: int
) -> None:
    with pytest.raises(ValueError, match="min_count must be at least 1 and allowance at least 0"):
        keep_pieces([], tokenizer(tmp_path, "bert"), allowance=allowance, min_count=min_count)


@pytest.mark.parametrize("ids", [[0, 2], [0, 1, 9999]], ids=str)
def test_ids_that_are_not_of_the_tokenizer_are_refused(tmp_path: Path, ids: list[int]) -> None:
    with pytest.raises(ValueError, match=r"kept ids lie in 0\.\.602, padding and unknown among"):
        tokenizer(tmp_path, "bert").pruned(np.array(ids))
