import json
from itertools import product
from pathlib import Path

import pytest

from emoray.artifact.packaging import base_files
from emoray.artifact.runtime import FIRST, TOKENIZER, UNKNOWN, VOCABULARY, tokenizer_of
from emoray.text.subword_pruning import keep_pieces
from emoray.text.subwords import PieceTokenizer
from tests.models.encoder.encoders_made import Kind, sample_texts
from tests.text.subwords_made import HARD, changed, tokenizer
from tests.text.unigram_made import CLUSTERS, FORMS, formed

KINDS: tuple[Kind, ...] = ("bert", "roberta")
TRAIN = sample_texts()[:200]


def served(ours: PieceTokenizer, texts: tuple[str, ...]) -> list[list[int]]:
    """Ids as an artifact gives them, from its files alone."""
    files = base_files(
        b"", vocabulary=ours.vocabulary(), tokenizer=ours.settings_json(), labels=["joy"]
    )
    lines = files[VOCABULARY].decode().removesuffix("\n").split("\n")
    ids = {piece: i for i, piece in enumerate(lines, start=FIRST)}
    cut = tokenizer_of(json.loads(files[TOKENIZER]), ids)
    return [[ids.get(piece, UNKNOWN) for piece in cut(text)] for text in texts]


def trained(ours: PieceTokenizer, texts: tuple[str, ...]) -> list[list[int]]:
    ragged = ours.encode_all(texts)
    return [ragged.row(i).tolist() for i in range(len(texts))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("min_count", [0, 20], ids=["full", "pruned"])
def test_serving_gives_the_ids_of_training(tmp_path: Path, kind: Kind, min_count: int) -> None:
    ours = tokenizer(tmp_path, kind)
    if min_count:
        ours = ours.pruned(keep_pieces(TRAIN, ours, allowance=20, min_count=min_count))
    texts = (*HARD, *sample_texts())
    assert served(ours, texts) == trained(ours, texts)


STEPS = ("lowercase", "strip_accents", "clean_text", "handle_chinese_chars")


@pytest.mark.parametrize("done", list(product([True, False], repeat=4)), ids=str)
def test_serving_cleans_as_training_does(tmp_path: Path, done: tuple[bool, ...]) -> None:
    steps = dict(zip(STEPS, done, strict=True))
    said = changed("bert", lambda t: t["normalizer"].update(steps))
    ours = tokenizer(tmp_path, "bert", said=said)
    assert served(ours, HARD) == trained(ours, HARD)


def test_serving_sets_a_space_before_a_text_as_training_does(tmp_path: Path) -> None:
    said = changed("roberta", lambda t: t["pre_tokenizer"].update(add_prefix_space=True))
    ours = tokenizer(tmp_path, "roberta", said=said)
    assert served(ours, HARD) == trained(ours, HARD)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("added", [(), ("😂", "[NAME]", "[NAMES]", "x")], ids=["none", "several"])
def test_serving_finds_added_pieces_as_training_does(
    tmp_path: Path, kind: Kind, added: tuple[str, ...]
) -> None:
    ours = tokenizer(tmp_path, kind, added=added)
    texts = (*HARD, "[NAMES] [NAME]S 😂😂", "x xx \n x")
    assert served(ours, texts) == trained(ours, texts)


@pytest.mark.parametrize("kind", KINDS)
def test_serving_cuts_a_long_text_where_training_does(tmp_path: Path, kind: Kind) -> None:
    for longest in (3, 4, 9):
        ours = tokenizer(tmp_path, kind, max_tokens=longest)
        assert served(ours, HARD) == trained(ours, HARD)
        assert max(map(len, served(ours, HARD))) == longest


def test_every_symbol_of_a_byte_has_a_line_of_its_own(tmp_path: Path) -> None:
    ours = tokenizer(tmp_path, "roberta")
    symbols = [piece for piece in ours.vocabulary().split("\n") if len(piece) == 1]
    assert len(symbols) == 256
    every = ("".join(map(chr, range(0x800))),)
    assert served(ours, every) == trained(ours, every)
    assert UNKNOWN not in served(ours, every)[0]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("min_count", [0, 20], ids=["full", "pruned"])
def test_serving_normalizes_and_cuts_as_training_does(
    tmp_path: Path, form: str, min_count: int
) -> None:
    ours = formed(tmp_path, form, max_tokens=2000)
    if min_count:
        ours = ours.pruned(keep_pieces(TRAIN, ours, allowance=20, min_count=min_count))
    more = ("🧿" * 500, "xyz" * 3000, "Yo  Man Yo Man", "[NAME]a [NAME]", "▁ ▁▁a▁", " ▁a")
    texts = (*HARD, *CLUSTERS, *more, *sample_texts())
    assert served(ours, texts) == trained(ours, texts)


@pytest.mark.parametrize("form", FORMS)
def test_half_a_surrogate_is_served_in_every_form(tmp_path: Path, form: str) -> None:
    assert len(served(formed(tmp_path, form), ("happy \ud83d\u0301 day",))[0]) > 3


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_surrogate_is_served(tmp_path: Path, kind: Kind) -> None:
    # Such strings come from JSON; the library refuses them.
    ids = served(tokenizer(tmp_path, kind), ("happy \ud83d day",))[0]
    assert len(ids) > 4


def test_added_tokens_of_earlier_artifacts_take_the_space_before_them(tmp_path: Path) -> None:
    ours = tokenizer(tmp_path, "bert")
    earlier = {**ours.settings_json(), "added": ["[NAME]", "[RELIGION]"]}
    ids = {piece: i for i, piece in enumerate(ours.pieces, start=FIRST)}
    texts = [text for text in HARD if "[UNK]" not in text]
    now, then = (tokenizer_of(said, ids) for said in (ours.settings_json(), earlier))
    assert [now(text) for text in texts] == [then(text) for text in texts]
    again = PieceTokenizer.from_json(earlier, ours.vocabulary())
    assert trained(again, tuple(texts)) == trained(ours, tuple(texts))


def test_a_tokenizer_of_a_later_kind_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"wordpiece or bpe or unigram, got 'syllables': use the artifact.py of"
    ):
        tokenizer_of({"kind": "syllables"}, {})
