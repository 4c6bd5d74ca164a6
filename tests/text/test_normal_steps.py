import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from emoray.artifact.runtime import REPLACED
from emoray.text.normal_steps import REGEXES
from emoray.text.subword_pruning import changed_share, keep_pieces, unknown_signs
from emoray.text.subword_rules import BytePairRules, UnigramRules
from emoray.text.subwords import PieceTokenizer
from emoray.text.subwords_saving import write_tokenizer
from emoray.text.vocabulary import UNKNOWN
from tests.models.encoder.encoders_made import sample_texts
from tests.text.subwords_made import HARD
from tests.text.unigram_made import CLUSTERS, FORMS, UNIGRAMS, form_json, formed

TRAIN, UNSEEN = sample_texts()[:200], sample_texts()[200:600]


def test_artifacts_replace_every_pattern_that_is_read() -> None:
    assert sorted(REGEXES) == sorted(REPLACED)


@pytest.mark.parametrize("form", FORMS)
def test_ids_are_those_of_the_encoders_own_tokenizer(tmp_path: Path, form: str) -> None:
    ours = formed(tmp_path, form, added=(), max_tokens=10_000)
    theirs = Tokenizer.from_str(form_json(form))
    texts = [*HARD, *CLUSTERS, *UNSEEN]
    ragged = ours.encode_all(texts)
    for i, text in enumerate(texts):
        assert ours.original_ids[ragged.row(i)].tolist() == theirs.encode(text).ids, text


@pytest.mark.parametrize("form", FORMS)
def test_what_was_written_is_read_and_saved_as_it_was(tmp_path: Path, form: str) -> None:
    ours = formed(tmp_path / "whole", form)
    ours = ours.pruned(keep_pieces(TRAIN, ours, allowance=10, min_count=2))
    (tmp_path / "own").mkdir()
    ours.write(tmp_path / "own")
    again = PieceTokenizer.read(tmp_path / "own")
    assert (again.rules, again.pieces) == (ours.rules, ours.pieces)
    assert again.settings_json() == ours.settings_json()
    write_tokenizer(ours, tmp_path / "own")
    saved = Tokenizer.from_file(str(tmp_path / "own" / "tokenizer.json"))
    texts = [text for text in (*HARD, *CLUSTERS, *UNSEEN) if "[PAD]" not in text]
    for text, ids in zip(texts, saved.encode_batch(texts), strict=True):
        assert ids.ids == ours.encode_all([text]).row(0).tolist()


@pytest.mark.parametrize("form", FORMS)
def test_texts_of_kept_pieces_are_cut_as_before(tmp_path: Path, form: str) -> None:
    full = formed(tmp_path, form)
    pruned = full.pruned(keep_pieces(TRAIN, full, allowance=0, min_count=1))
    assert len(pruned) < len(full) and changed_share(TRAIN, full, pruned) == 0


@pytest.mark.parametrize("form", UNIGRAMS)
def test_dropped_pieces_make_no_character_of_train_unknown(tmp_path: Path, form: str) -> None:
    full = formed(tmp_path, form)
    bare, more = (full.pruned(keep_pieces(TRAIN, full, allowance=n, min_count=20)) for n in (0, 40))
    assert set(bare.pieces) < set(more.pieces) < set(full.pieces)
    assert isinstance(bare.rules, UnigramRules) and isinstance(full.rules, UnigramRules)
    assert bare.rules.lowest == full.rules.lowest
    assert changed_share(UNSEEN, full, bare) > changed_share(UNSEEN, full, more) > 0
    unknown = [(of.encode_all(TRAIN).flat == UNKNOWN).sum() for of in (full, bare)]
    assert unknown[0] == unknown[1]


def test_bytes_spell_what_has_no_piece(tmp_path: Path) -> None:
    full = formed(tmp_path, "llama")
    pruned = full.pruned(keep_pieces(TRAIN, full, allowance=0, min_count=1000))
    assert (pruned.encode_all(["😭🧿 ŧ"]).flat != UNKNOWN).all()
    assert unknown_signs(["😭"], pruned, min_count=1) == ()


def test_signs_that_become_letters_are_not_unknown(tmp_path: Path) -> None:
    texts = ["😭😭 no ™", "oh 😭", "🧿 ①"]
    assert unknown_signs(texts, formed(tmp_path, "xlm-r"), min_count=1) == ("😭", "🧿")
    assert "™" in unknown_signs(texts, formed(tmp_path, "deberta"), min_count=1)


def step(kind: str, **more: object) -> Callable[[dict[str, Any]], None]:
    return lambda said: said.update(normalizer={"type": kind, **more})


def splitter(*steps: dict[str, object]) -> Callable[[dict[str, Any]], None]:
    found = {"type": "Sequence", "pretokenizers": list(steps)}
    return lambda said: said.update(pre_tokenizer=found)


META = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
REFUSED: dict[str, tuple[str, Callable[[dict[str, Any]], None], str]] = {
    "a normalizer": ("xlm-r", step("Nmt"), "got normalizer Nmt in"),
    "another normalizer": ("modernbert", step("ByteLevel"), "got normalizer ByteLevel in"),
    "a pattern": (
        "t5",
        step("Replace", pattern={"Regex": "(a+)+b"}, content=""),
        r'got normalizer Replace of \{"Regex": "\(a\+\)\+b"\} in',
    ),
    "a splitter": ("xlm-r", splitter({"type": "Whitespace"}, META), "pre-tokenizer Whitespace in"),
    "a splitter's behaviour": (
        "xlm-r",
        splitter({"type": "Punctuation", "behavior": "Removed"}, META),
        "got pre-tokenizer Punctuation of behavior Removed",
    ),
    "spaces that stay": ("xlm-r", splitter(), "got pre-tokenizer without Metaspace"),
    "another sign": ("xlm-r", splitter(META | {"replacement": "_"}), "got Metaspace of _"),
    "the first word of many": (
        "albert",
        splitter({"type": "WhitespaceSplit"}, META | {"prepend_scheme": "first"}),
        "got prepend_scheme first after StripAccents",
    ),
    "no unknown piece": (
        "xlm-r",
        lambda said: said["model"].update(unk_id=None),
        "got Unigram without an unknown piece",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_carried_is_refused_by_name(tmp_path: Path, name: str) -> None:
    form, change, match = REFUSED[name]
    said = json.loads(form_json(form))
    change(said)
    with pytest.raises(ValueError, match=rf"Unigram as XLM-R.*{match}.*: choose an encoder"):
        formed(tmp_path, form, said=json.dumps(said))


def test_byte_pairs_keep_their_steps(tmp_path: Path) -> None:
    rules = formed(tmp_path, "modernbert").rules
    assert isinstance(rules, BytePairRules) and rules.normalize == ({"type": "NFC"},)
