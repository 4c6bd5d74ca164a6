from pathlib import Path

import pytest
from tokenizers import Tokenizer

from emoray.text.subword_rules import BytePairRules, WordPieceRules
from emoray.text.subwords_io import read_pieces
from tests.models.encoder.encoders_made import Kind, tokenizer_json
from tests.text.subwords_made import changed, tokenizer


def test_pieces_are_cut_by_the_rules_of_their_file(tmp_path: Path) -> None:
    words, pairs = tokenizer(tmp_path, "bert").rules, tokenizer(tmp_path, "roberta").rules
    assert words == WordPieceRules()
    assert (
        isinstance(pairs, BytePairRules) and not pairs.add_prefix_space and len(pairs.merges) > 100
    )


def test_a_cased_encoder_keeps_case_and_accents(tmp_path: Path) -> None:
    said = changed("bert", lambda t: t["normalizer"].update(lowercase=False))
    assert tokenizer(tmp_path, "bert", said=said).rules == WordPieceRules(
        lowercase=False, strip_accents=False
    )


def test_merges_may_be_written_as_one_string_each(tmp_path: Path) -> None:
    def joined(said: dict) -> None:
        said["model"]["merges"] = [" ".join(pair) for pair in said["model"]["merges"]]

    old = tokenizer(tmp_path, "roberta", said=changed("roberta", joined))
    assert old.rules == tokenizer(tmp_path, "roberta").rules


def test_the_frame_of_the_older_form_is_read(tmp_path: Path) -> None:
    ends = {"type": "BertProcessing", "sep": ["[SEP]", 5], "cls": ["[CLS]", 4]}
    said = changed("bert", lambda t: t.update(post_processor=ends))
    old, new = tokenizer(tmp_path, "bert", said=said), tokenizer(tmp_path, "bert")
    assert (old.prefix, old.suffix) == (new.prefix, new.suffix) == (("[CLS]",), ("[SEP]",))


def test_padding_is_what_the_folder_says(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"pad_token": "[unused1]"}')
    assert tokenizer(tmp_path, "bert").rows[0] == (2,)


def test_an_added_token_that_the_encoder_knows_keeps_its_row(tmp_path: Path) -> None:
    library = Tokenizer.from_str(tokenizer_json("bert"))
    library.add_tokens(["[RELIGION]", "[URL]"])
    ours = tokenizer(tmp_path, "bert", said=library.to_str())
    assert ours.pieces[-3:] == ("[RELIGION]", "[URL]", "[NAME]")
    assert ours.rows[-3:-1] == ((600,), (601,)) and len(ours.rows[-1]) == 1 < ours.rows[-1][0]


def test_a_sign_starts_from_its_name(tmp_path: Path) -> None:
    ours = tokenizer(tmp_path, "bert", added=("😭", "[NAME]"))
    library = Tokenizer.from_str(tokenizer_json("bert"))
    said = library.encode("loudly crying face", add_special_tokens=False).ids
    assert ours.rows[-2] == tuple(said)
    assert (ours.encode_all(["no😭😭"]).flat == ours.id_of("😭")).sum() == 2


BYTE_LEVEL = {
    "type": "ByteLevel",
    "add_prefix_space": True,
    "trim_offsets": True,
    "use_regex": True,
}
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}


@pytest.mark.parametrize(
    ("kind", "part", "to", "match"),
    [
        (
            "bert",
            "model",
            {"type": "WordLevel", "vocab": {}, "unk_token": "[UNK]"},
            "got model Wor",
        ),
        ("bert", "normalizer", {"type": "NFC"}, "got normalizer NFC"),
        ("bert", "pre_tokenizer", {"type": "Whitespace"}, "got pre-tokenizer Whitespace"),
        ("bert", "post_processor", BYTE_LEVEL, "got post-processor ByteLevel"),
        ("roberta", "normalizer", {"type": "Nmt"}, "got normalizer Nmt"),
        ("roberta", "pre_tokenizer", METASPACE, "got pre-tokenizer Metaspace"),
    ],
)
def test_other_tokenizers_are_refused(
    tmp_path: Path, kind: Kind, part: str, to: object, match: str
) -> None:
    with pytest.raises(ValueError, match=rf"WordPiece as BERT has it, byte-level BPE .*{match}"):
        tokenizer(tmp_path, kind, said=changed(kind, lambda t: t.update({part: to})))


def test_byte_pairs_with_other_options_are_refused(tmp_path: Path) -> None:
    said = changed("roberta", lambda t: t["model"].update(end_of_word_suffix="</w>"))
    with pytest.raises(ValueError, match=r"got end_of_word_suffix </w> in .*: choose an encoder"):
        tokenizer(tmp_path, "roberta", said=said)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds tokenizer.json, got .* without: save the tok"):
        read_pieces(tmp_path, max_tokens=64)
