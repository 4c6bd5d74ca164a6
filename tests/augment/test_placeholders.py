import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoray.augment.placeholder_names import from_names, to_names
from emoray.augment.placeholders import HIDDEN, HIDDEN_SIGN, HIDDEN_WORD, MOST, hide, restore

WORDS = ["[NAME]", "[RELIGION]", "https://a.b/c?d=e", "www.a.b", "r/funny", "/u/joe-1", "@you"]
SIGNS = [
    "😂",
    "😂😂",
    "❤️",
    "🤷🏽‍♀️",
    "👍🏻",
    "🇪🇸",
    ":)",
    ":'(",
    "<3",
    "xD",
    "^_^",
    "/s",
    "¯\\_(ツ)_/¯",
]


@pytest.mark.parametrize("mark", WORDS)
def test_what_stands_for_a_word_is_hidden_as_one(mark: str) -> None:
    hidden = hide(f"I saw {mark} today")
    assert hidden.marks == (mark,)
    assert HIDDEN_WORD.sub("", hidden.text) == "I saw  today"


@pytest.mark.parametrize("mark", SIGNS)
def test_emoji_and_faces_are_hidden_as_signs(mark: str) -> None:
    hidden = hide(f"so good {mark} really")
    assert hidden.marks == (mark,)
    assert HIDDEN_SIGN.sub("", hidden.text) == "so good  really"


@pytest.mark.parametrize("text", ["and/or", "it was 3:00 (late)", "[not a mask]", "name", "2 < 3"])
def test_plain_text_has_no_marks(text: str) -> None:
    assert hide(text).text == text and not hide(text).marks


@given(st.lists(st.sampled_from([*WORDS, *SIGNS, "I", "like", "it", "\x00", "\u2028", "\ue123"])))
def test_what_was_hidden_comes_back_as_it_was(parts: list[str]) -> None:
    text = " ".join(parts)
    hidden = hide(text)
    assert "\x00" not in hidden.text and "\u2028" not in hidden.text
    tidy = text.replace("\x00", " ").replace("\u2028", " ")
    assert restore(hidden.text, hidden.marks) == " ".join(tidy.split())


def test_marks_may_change_places_but_none_may_be_lost_or_doubled() -> None:
    hidden = hide("[NAME] likes [RELIGION] 😂")
    first, second, third = HIDDEN.findall(hidden.text)
    assert restore(f"{second} {third} of {first}", hidden.marks) == "[RELIGION] 😂 of [NAME]"
    assert restore(f"{first} {second}", hidden.marks) is None
    assert restore(f"{first} {second} {third} {third}", hidden.marks) is None
    assert restore(f"{hidden.text} \ue007", hidden.marks) is None


def test_marks_beyond_the_most_stay_in_the_open() -> None:
    hidden = hide("[NAME] " * (MOST + 2))
    assert len(hidden.marks) == MOST and hidden.text.count("[NAME]") == 2


@given(st.integers(0, MOST - 1))
def test_a_hidden_word_travels_as_a_name(number: int) -> None:
    text = f"for {chr(0xE000 + number)}, of course"
    named = to_names(text)
    assert named.isascii() and "Xq" in named
    assert from_names(named) == text


def test_a_name_of_too_high_a_number_is_the_texts_own() -> None:
    assert from_names("Xqzzzz said so") == "Xqzzzz said so"
