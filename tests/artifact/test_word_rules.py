"""The word rules that an artifact brings along: emoray's own ones, of any version, no others."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoray.artifact.runtime import LINEAR, QUADRATIC, WORD_RULES, Reader, Words, sha256
from emoray.text.words import RULES, rules_json, tokenize
from tests.text.test_scripts import SPACED, SPACELESS_SAID
from tests.text.test_words import SAID

Settings = dict[str, Any]
FIRST_VERSION: Settings = json.loads(Path(__file__).with_name("words-1.json").read_bytes())


def test_the_rules_in_use_are_among_those_that_artifacts_may_bring() -> None:
    said = rules_json()
    rules = [said[part] for part in ("normalize", "lowercase", "rules", "token")]
    assert sha256(json.dumps(rules).encode()) in WORD_RULES


@pytest.mark.parametrize("text", [*SAID, *SPACED.values(), *SPACELESS_SAID], ids=ascii)
def test_serving_finds_the_words_of_training(text: str) -> None:
    assert Words(rules_json())(text) == tokenize(text)


@pytest.mark.parametrize("text", SAID, ids=ascii)
def test_an_artifact_of_the_first_version_gives_the_words_it_gave(text: str) -> None:
    assert " ".join(Words(FIRST_VERSION)(text)) == SAID[text]


def test_an_artifact_of_the_first_version_reads_other_scripts_as_it_did() -> None:
    assert Words(FIRST_VERSION)("खुश 我爱你") == ["ख", "\u0941", "श", "我爱你"]


def _other_token(said: Settings) -> None:
    said["token"] = "(a+)+$"


def _one_rule_more(said: Settings) -> None:
    said["rules"] = [*said["rules"], ["(a+)+$", ""]]


def _no_rules(said: Settings) -> None:
    del said["rules"]


def _no_patterns(said: Settings) -> None:
    said["rules"] = 3


CHANGES = (_other_token, _one_rule_more, _no_rules, _no_patterns)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_rules_of_a_stranger_are_refused(change: Callable[[Settings], None]) -> None:
    said = json.loads(json.dumps(rules_json()))
    change(said)
    with pytest.raises(
        ValueError, match=r"holds word rules that emoray wrote, got others, SHA-256"
    ):
        Reader(b"good\n", json.dumps(said).encode())


@pytest.mark.parametrize("limit", [0, -1, "64", 2.5, True])
def test_a_limit_that_is_no_number_of_words_is_refused(limit: object) -> None:
    with pytest.raises(ValueError, match=r"max_tokens of tokenizer.json is a number above 0, got"):
        Words({**rules_json(), "max_tokens": limit})


def test_the_rule_that_was_slow_is_read_as_one_that_is_not() -> None:
    assert LINEAR in [pattern for pattern, _ in RULES]
    assert QUADRATIC not in [pattern for pattern, _ in RULES]


def seconds(words: Words, text: str) -> float:
    began = time.process_time()
    words(text)
    return time.process_time() - began


@pytest.mark.parametrize("version", [FIRST_VERSION, rules_json()], ids=["first", "this"])
@pytest.mark.parametrize("unit", ["[a](/", "\u0301\u0323", "a\u0323\u0301"], ids=ascii)
def test_serving_takes_linear_time(unit: str, version: Settings) -> None:
    words = Words(version)
    # Linear takes a tenth of a second; quadratic took half a minute.
    assert seconds(words, unit * (131_072 // len(unit))) < 4
