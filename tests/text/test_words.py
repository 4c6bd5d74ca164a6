import json
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoray.text.words import RULES, rules_json, tokenize


def words(text: str) -> str:
    return " ".join(tokenize(text))


SAID = {
    "Thank YOU, sir.": "thank you , sir .",
    "don't can't won't isn't": "do n't ca n't wo n't is n't",
    "don\u2019t \u201cquote\u201d": 'do n\'t " quote "',
    "dont cant didnt wouldnt": "do n't ca n't did n't would n't",
    "I'd've it's they're we'll I'm": "i 'd 've it 's they 're we 'll i 'm",
    "im thats youre theyll shouldve": "i 'm that 's you 're they 'll should 've",
    "its were id ill well": "its were id ill well",
    "y'all o'clock u.s. a.m.": "you all o'clock u.s. a.m.",
    "[NAME]'s [RELIGION]: [deleted]": "[name] 's [religion] : [ deleted ]",
    "nice\U0001f602\U0001f602\U0001f602wow": "nice \U0001f602 wow",
    "\U0001f937\U0001f3fd\u200d\u2640\ufe0f\U0001f44d\U0001f3fb": "\U0001f937 \U0001f44d",
    "\u2764\ufe0f <3 \u2665 \U0001f49c": "\u2764 \u2764 \u2764 \u2764",
    "\u00af\\_(\u30c4)_/\u00af": "\U0001f937",
    "yes:) :-) :)) =) \U0001f642": "yes :) :) :) :) :)",
    ":( :-( :'( ;) :D :P :/ :| xD": ":( :( \U0001f622 ;) :d :p :/ :| xd",
    "see: (this) at 2:30, list:dog": "see : ( this ) at 1000 , list : dog",
    "wow!!!! what??? no?!?!": "wow !! what ?? no !?",
    "well.... hmm\u2026 ok..": "well ... hmm ... ok ...",
    "soooo goooood noooo yesss meee": "so good no yes me",
    "sweeeet cooool tooo allll awwww ooof": "sweet cool too all aw oof",
    "hahahaha ahahah lololol lmaoooo hehehe": "haha haha lol lmao hehe",
    "**bold** ~~gone~~ _soft_ ^^small": "bold gone soft small",
    "[this](https://a.bc/d) https://a.bc/d?e=f www.a.bc": "this url url",
    "/r/aww r/aww /u/some_one @me #blessed and/or": "reddit aww reddit aww user user blessed"
    " and / or",
    "1,000 2019 3.5 10 2nd 90s 10k": "1000 1000 1000 10 2nd 90s 10 k",
    "well-known - it\u2014is": "well known - it -- is",
    "f*ck f***ing sh*t": "fuck fucking shit",
    "&gt; me &amp; u w/o b/c /s": "me & you without because /s",
    "caf\u00e9 \ufb01ne \uff37\uff2f\uff37": "caf\u00e9 fine wow",
    "z\u0351\u0363a\u034alg\u0324o": "zalgo",
    "": "",
    " \n\t ": "",
}


@pytest.mark.parametrize("text", SAID, ids=ascii)
def test_text_becomes_the_words_that_glove_knows(text: str) -> None:
    assert words(text) == SAID[text]


@given(st.text())
def test_no_word_is_empty_or_holds_white_space(text: str) -> None:
    assert all(word and not re.search(r"\s", word) for word in tokenize(text))


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ABC"))
def test_case_changes_no_words(text: str) -> None:
    assert tokenize(text) == tokenize(text.upper())


@given(st.text())
def test_the_rules_as_json_do_the_same_with_re_alone(text: str) -> None:
    rules = json.loads(json.dumps(rules_json()))
    served = unicodedata.normalize(rules["normalize"], text)
    served = served.lower() if rules["lowercase"] else served
    for pattern, replacement in rules["rules"]:
        served = re.sub(pattern, replacement, served)
    assert re.findall(rules["token"], served) == tokenize(text)


UNITS = [
    "a",
    "e",
    "h",
    "ha",
    "lo",
    "o",
    "!",
    "?",
    "!?",
    ".",
    "*",
    "_",
    "-",
    "^",
    ":",
    "(",
    ")",
    "[",
]
UNITS += ["'", "<3", "1", "1,", "/", "u/", "r/", "@", "f*", "&", "=", ";_", "n't", "[a](", "\u0304"]
UNITS += [
    "[a](/",
    "[a](/]",
    "\u0301\u0323",
    "\u0915\u093e",
    "\u200d",
    "\u6211",
    "\u6211\u7231",
    "\u0e40",
]
UNITS += ["\u1780\u17d2", "\u2060", "\u0f0b"]


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_no_text_takes_more_than_linear_time(unit: str) -> None:
    text = unit * (40_000 // len(unit)) + "\u00e9"
    began = time.process_time()
    tokenize(text)
    # Linear takes tens of milliseconds; quadratic would take a minute.
    assert time.process_time() - began < 5


# With the texts above, one for every rule.
EXTRA = [
    "( \u0361\u00b0 \u035c\u0296 \u0361\u00b0) \u2800\u28ff &nbsp;",
    "-_- >_< ^_^ :O \U0001f923 \U0001f49e",
    "cannot werent a** b*tch idk tbh plz pls thx 'cause 'em b/c cuz w/ mhmm hmmmmm offff (((",
    "a\u200db \u0f56\u0f40\u0fb2\u0f0b\u0f64 \u6211\u7231\u4f60 \u54c8\u54c8\u54c8\u54c8",
    "ohh don\u00b4t \u00ab\u00bb havent arent could've :') soo u",
]


def test_every_rule_has_work_to_do() -> None:
    texts = [unicodedata.normalize("NFKC", text).lower() for text in [*SAID, *EXTRA]]
    used = set()
    for text in texts:
        for rule in RULES:
            changed = re.sub(*rule, text)
            used |= {rule} if changed != text else set()
            text = changed
    assert [rule for rule in RULES if rule not in used] == []
