"""Words of the world's scripts. Shapes of the answers: words of a text, parted by spaces."""

import re
import unicodedata

import pytest

from emoray.text.scripts import FOLLOWING, JOINABLE, JOINING, LEADING, MARKS, SPACELESS
from emoray.text.words import tokenize

SPACED = {
    "Hindi": "मैं आज बहुत खुश हूँ , सच में !",
    "Marathi": "मला आज खूप आनंद झाला आहे .",
    "Bengali": "আমি আজ খুব খুশি , তোমাকে ধন্যবাদ !",
    "Tamil": "நான் இன்று மிகவும் மகிழ்ச்சியாக இருக்கிறேன் .",
    "Malayalam, old chillu": "അവന്\u200d ഇന്ന് സന്തോഷവാനാണ്",
    "Sinhala, joined": "ශ්\u200dරී ලංකාව ලස්සනයි",
    "Arabic": "أنا سعيد جدًا اليوم ، شكرًا لكم !",
    "Persian": "من خوشحالم و می\u200cخواهم بخندم",
    "Hebrew, with points": "שָׁלוֹם לְכֻלָּם",
    "Spanish": "¡ hoy estoy muy feliz ! ¿ y tú ? mañana también .",
    "Vietnamese": "tôi rất hạnh phúc hôm nay",
    "Korean": "오늘 나는 정말 행복해",
}


@pytest.mark.parametrize("language", SPACED)
def test_marks_belong_to_their_letter(language: str) -> None:
    said = unicodedata.normalize("NFKC", SPACED[language])
    assert " ".join(tokenize(SPACED[language])) == said


@pytest.mark.parametrize("language", SPACED)
def test_decomposed_letters_give_the_same_words(language: str) -> None:
    apart = unicodedata.normalize("NFD", SPACED[language])
    assert tokenize(apart) == tokenize(SPACED[language])


SPACELESS_SAID = {
    "我爱你": "我 我爱 爱 爱你 你",
    "我今天很高兴！谢谢": "我 我今 今 今天 天 天很 很 很高 高 高兴 兴 ! 谢 谢谢 谢",
    "今日は嬉しい。": "今 今日 日 日は は は嬉 嬉 嬉し し しい い 。",
    "コーヒー": "コ コー ー ーヒ ヒ ヒー ー",
    "ฉันมีความสุข": "ฉั ฉัน น นมี มี มีค ค ควา วา วาม ม มสุ สุ สุข ข",
    "ຂ້ອຍດີໃຈ": "ຂ້ ຂ້ອ ອ ອຍ ຍ ຍດີ ດີ ດີໃຈ ໃຈ",
    "សប្បាយ": "ស សប្បា ប្បា ប្បាយ យ",
    "ပျော်တယ်": "ပျော် ပျော်တ တ တယ် ယ်",
    "i love 北京 so much": "i love 北 北京 京 so much",
    "iPhone手机3月": "iphone 手 手机 机 3 月",
    "哈哈哈哈哈": "哈 哈哈 哈",
    "好": "好",
}


@pytest.mark.parametrize("text", SPACELESS_SAID, ids=ascii)
def test_scripts_without_spaces_are_read_by_units_and_pairs_of_them(text: str) -> None:
    assert " ".join(tokenize(text)) == SPACELESS_SAID[text]


def test_joiners_stay_only_within_words_of_scripts_that_write_with_them() -> None:
    assert tokenize("ti\u200cme क्\u200dष 👩\u200d🚀 می\u200c ، \u200dक") == [
        *("time", "क्\u200dष", "👩", "🚀", "می", "،", "क"),
    ]


def test_a_hyphen_parts_words_whatever_their_script() -> None:
    assert tokenize("well-known धीरे-धीरे") == ["well", "known", "धीरे", "धीरे"]


def test_a_name_and_a_tag_are_known_whatever_their_script() -> None:
    assert tokenize("@रवि_कुमार #खुशी") == ["user", "खुशी"]


def test_tibetan_syllables_are_words() -> None:
    assert tokenize("བཀྲ་ཤིས་བདེ་ལེགས།") == ["བཀྲ", "ཤིས", "བདེ", "ལེགས", "།"]


KINDS_OF_MARKS = ("Mn", "Mc")
BY_RULE = re.compile("[\u0300-\u036f\ufe00-\ufe0f\U0001d165-\U0001d1ad]")  # dropped; music
OLD = unicodedata.ucd_3_2_0  # the same in every Python


def test_every_mark_of_unicode_is_known() -> None:
    known = re.compile(f"[{MARKS}]")
    marks = [c for c in map(chr, range(0x110000)) if OLD.category(c) in KINDS_OF_MARKS]
    assert len(marks) > 500
    assert not [hex(ord(c)) for c in marks if not known.match(c) and not BY_RULE.match(c)]


def test_marks_are_letters_and_marks_alone() -> None:
    signs = re.findall(f"[{MARKS}]", "".join(map(chr, range(0x110000))))
    strange = {c for c in signs if OLD.category(c)[0] not in "LM" and OLD.category(c) != "Cn"}
    assert strange == {"\u200c", "\u200d"}


@pytest.mark.parametrize("inside", [SPACELESS, LEADING, FOLLOWING, JOINING, JOINABLE])
def test_a_class_holds_no_latin_letter(inside: str) -> None:
    assert not re.search(f"[{inside}]", "".join(map(chr, range(0x250))))
