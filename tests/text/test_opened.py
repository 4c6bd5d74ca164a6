"""A folder's tokenizer, whatever its files say, gives here the ids that transformers gives."""

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer

from emoray.text.opened import open_tokenizer
from emoray.text.subwords_io import read_pieces
from tests.artifact.test_runtime_subwords import served, trained
from tests.models.encoder.encoders_made import Kind, sample_texts, tokenizer_json
from tests.text.subwords_made import HARD, changed

KINDS: tuple[Kind, ...] = ("bert", "roberta")
CLASSES = {"bert": "BertTokenizer", "roberta": "RobertaTokenizer"}
TEXTS = (
    *HARD,
    *sample_texts()[:60],
    "x[NAME]y [NAME] [Name]'s [name]s \u3000[NAME]\n [NAME",
    "happy unhappy HAPPY happy's _happy happy\u00b2 happy\u24b6 happy\u200d",
    "Érudit ÉCOLE e\u0301 我happy我 [NEW][NEW]",
    "[CLS] a [SEP] b [PAD] c [UNK] d [MASK] <s> e </s> f <pad> g <unk> h <mask> i",
)


def same_ids(folder: Path, max_tokens: int = 64) -> None:
    """Ids of transformers, of training and of an artifact."""
    theirs = open_tokenizer(folder).ids(TEXTS, max_tokens)
    ours = read_pieces(folder, max_tokens=max_tokens, added=())
    rows = trained(ours, TEXTS)
    assert [ours.original_ids[row].tolist() for row in rows] == theirs
    assert served(ours, TEXTS) == rows


def write(folder: Path, kind: Kind, said: str | None = None, **files: dict[str, Any]) -> Path:
    (folder / "tokenizer.json").write_text(said or tokenizer_json(kind), "utf-8")
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


FLAGS: tuple[dict[str, bool], ...] = (
    {},
    {"lstrip": True},
    {"rstrip": True},
    {"lstrip": True, "rstrip": True},
    {"single_word": True},
    {"normalized": True},
    {"normalized": True, "lstrip": True, "single_word": True},
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flags", FLAGS, ids=lambda f: "+".join(f) or "none")
@pytest.mark.parametrize("special", [True, False], ids=["special", "plain"])
def test_added_tokens_are_found_as_the_library_finds_them(
    tmp_path: Path, kind: Kind, flags: dict[str, bool], special: bool
) -> None:
    library = Tokenizer.from_str(tokenizer_json(kind))
    tokens = [AddedToken(t, **{"normalized": False} | flags) for t in ("[NAME]", "happy", "É")]
    (library.add_special_tokens if special else library.add_tokens)(tokens)
    same_ids(write(tmp_path, kind, library.to_str()))


@pytest.mark.parametrize(
    "said", [{"do_lower_case": False}, {"strip_accents": False}, {"tokenize_chinese_chars": False}]
)
def test_what_tokenizer_config_alone_says_counts(tmp_path: Path, said: dict[str, Any]) -> None:
    write(tmp_path, "bert", tokenizer_config={"tokenizer_class": "BertTokenizer"})
    plain = trained(read_pieces(tmp_path, max_tokens=64, added=()), TEXTS)
    same_ids(write(tmp_path, "bert", tokenizer_config={"tokenizer_class": "BertTokenizer", **said}))
    assert trained(read_pieces(tmp_path, max_tokens=64, added=()), TEXTS) != plain


def test_the_rules_of_a_tokenizer_class_win_over_tokenizer_json(tmp_path: Path) -> None:
    cased = changed("bert", lambda t: t["normalizer"].update(lowercase=False))
    same_ids(write(tmp_path, "bert", cased, tokenizer_config={"tokenizer_class": "BertTokenizer"}))


TOKEN = {"lstrip": True, "rstrip": False, "single_word": False, "normalized": True}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "files",
    [
        {"tokenizer_config": {"additional_special_tokens": ["[NAME]", "[NEW]"]}},
        {"tokenizer_config": {"add_prefix_space": True}},
        {"special_tokens_map": {"additional_special_tokens": ["[NAME]"]}},
        {"added_tokens": {"[NAME]": 600, "[NEW]": 601}},
        {
            "tokenizer_config": {
                "added_tokens_decoder": {"600": {"content": "[NAME]", "special": False, **TOKEN}}
            }
        },
    ],
    ids=lambda files: "-".join((*files, *next(iter(files.values())))),
)
def test_added_tokens_of_every_file_are_read(
    tmp_path: Path, kind: Kind, files: dict[str, dict[str, Any]]
) -> None:
    config = {"tokenizer_class": CLASSES[kind], **files.get("tokenizer_config", {})}
    same_ids(write(tmp_path, kind, **{**files, "tokenizer_config": config}))


@pytest.mark.parametrize(
    ("said", "longest"), [(48, 48), (1e30, None), ("48", None), (None, None)], ids=str
)
def test_how_long_a_text_may_be_is_what_transformers_says(
    tmp_path: Path, said: object, longest: int | None
) -> None:
    config = {"tokenizer_class": "BertTokenizer"} | ({"model_max_length": said} if said else {})
    assert open_tokenizer(write(tmp_path, "bert", tokenizer_config=config)).longest == longest


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    write(tmp_path, "bert", tokenizer_config={"model_max_length": 32})
    first = open_tokenizer(tmp_path)
    assert open_tokenizer(tmp_path) is first
    write(tmp_path, "bert", tokenizer_config={"model_max_length": 480})
    assert open_tokenizer(tmp_path).longest == 480


def test_texts_cut_at_their_beginning_are_refused_with_a_line_that_helps(tmp_path: Path) -> None:
    write(tmp_path, "bert", tokenizer_config={"truncation_side": "left"})
    with pytest.raises(ValueError, match=r"loses its end, got truncation_side 'left' in .*: set"):
        read_pieces(tmp_path, max_tokens=64)
    write(tmp_path, "bert", tokenizer_config={"truncation_side": "right"})
    same_ids(tmp_path, max_tokens=8)


def test_code_of_the_folders_own_is_never_run(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("raise SystemExit('run')")
    config = {"auto_map": {"AutoTokenizer": ["own.Own", None]}, "tokenizer_class": "Own"}
    write(tmp_path, "bert", tokenizer_config=config)
    with pytest.raises(ValueError, match=r"is one that this transformers opens, got .*: save it"):
        open_tokenizer(tmp_path)


def test_a_tokenizer_that_cannot_be_opened_is_refused_in_one_line(tmp_path: Path) -> None:
    write(tmp_path, "bert", '{"model": 1}')
    with pytest.raises(ValueError, match=r"is one that this transformers opens, got .{1,210} for"):
        open_tokenizer(tmp_path)
