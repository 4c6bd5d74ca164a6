"""What an artifact's reader says of a text beside its ids: was it cut, and is it known?"""

import json

import pytest

from emoray.artifact.runtime import Reader, Reading
from emoray.text.words import rules_json

WORDLIST = b"good\nday\nto\nall\n"


def words(max_tokens: int | None) -> Reader:
    limit = {} if max_tokens is None else {"max_tokens": max_tokens}
    return Reader(WORDLIST, json.dumps(rules_json() | limit).encode())


def pieces(max_tokens: int) -> Reader:
    """BERT's way, two pieces framing each text."""
    settings = {
        "kind": "wordpiece",
        "max_tokens": max_tokens,
        "prefix": ["[CLS]"],
        "suffix": ["[SEP]"],
        "added": ["[NAME]"],
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": True,
        "lowercase": True,
        "continuing": "##",
        "longest_word": 100,
    }
    return Reader(b"[CLS]\n[SEP]\n" + WORDLIST, json.dumps(settings).encode())


def test_a_text_that_fits_exactly_is_not_truncated() -> None:
    assert words(4).read("good day to all") == Reading([2, 3, 4, 5], False, 0.0)
    assert pieces(6).read("good day to all") == Reading([2, 4, 5, 6, 7, 3], False, 0.0)


def test_a_text_of_one_word_more_is_truncated() -> None:
    assert words(3).read("good day to all") == Reading([2, 3, 4], True, 0.0)
    assert pieces(5).read("good day to all") == Reading([2, 4, 5, 6, 3], True, 0.0)


def test_without_a_limit_nothing_is_truncated() -> None:
    assert not words(None).read("good " * 1000).truncated


@pytest.mark.parametrize("reader", [words(64), pieces(64)], ids=["words", "pieces"])
def test_the_share_of_unknown_words_counts_no_framing(reader: Reader) -> None:
    assert reader.read("good evening").unknown_share == 0.5
    assert reader.read("guten abend").unknown_share == 1.0


def test_only_what_is_read_counts_as_unknown() -> None:
    assert words(2).read("good day everyone here").unknown_share == 0.0


@pytest.mark.parametrize("reader", [words(64), pieces(64)], ids=["words", "pieces"])
@pytest.mark.parametrize("text", ["", " \n "])
def test_of_a_text_without_words_nothing_is_known(reader: Reader, text: str) -> None:
    assert reader.read(text)[1:] == (False, 1.0)


@pytest.mark.parametrize("reader", [words(3), pieces(5)], ids=["words", "pieces"])
def test_ids_are_those_of_the_reading(reader: Reader) -> None:
    for text in ("", "good", "good day to all", "no idea"):
        assert reader.ids(text) == reader.read(text).ids
