"""Tokenize text by rules that are data: an artifact carries them as JSON and needs only `re`.

The procedure, the same at training and at serving: normalise (Unicode NFKC), lowercase, apply every
rule in order with `re.sub`, then take every match of `TOKEN` with `re.findall`. The words are those
of GloVe's 6B vectors (lower case, Penn Treebank contractions: `don't` is `do n't`), so that as many
as possible find their vector. Marks belong to the letter they stand on. Where a script sets no
space between words, each written unit is a word, and so are two that follow each other: "我爱你" is
`我 我爱 爱 爱你 你`.

Whoever changes a rule raises `VERSION` and adds the rules' SHA-256 to `artifact.WORD_RULES`: an
artifact with any others is refused.
"""

import re
import unicodedata
from typing import Final

from emoray.text.scripts import (
    FOLLOWING,
    JOINABLE,
    JOINING,
    LEADING,
    MARKS,
    SPACELESS,
)

VERSION = 2
NORMALIZE: Final = "NFKC"
LOWERCASE = True


def _whole(word: str) -> str:
    # `\b` at the front would hide the literal that lets `re` skip ahead: four times slower.
    return rf"{word}(?<!\w{word})(?!\w)"


_CHARACTERS = (
    # Invisible; joiners stay within a word of a script that writes with them.
    ("[\u200b\u2060\ufe00-\ufe0f\U000e0100-\U000e01ef\xad\ufeff\x00]", ""),
    (f"[\u200c\u200d](?:(?<![{JOINABLE}].)|(?<=\u200c)(?![{JOINABLE}]))", ""),
    # Gender, skin and hair of an emoji.
    ("[\u2640\u2642\U0001f3fb-\U0001f3ff\U0001f9b0-\U0001f9b3]", ""),
    (" \u0304\\\\*_\\(\u30c4\\)_/ ?\u0304", " \U0001f937 "),  # the shrug, as NFKC leaves it
    ("\\(\\s*\u0361[^)]{0,12}\\)", " \U0001f60f "),  # the "Lenny" face
    ("[\u2018\u2019\u201b\u2032`]| \u0301", "'"),
    ("''|[\u201c\u201d\u201e\u201f\u2033\xab\xbb]", '"'),
    ("[\u0300-\u036f\u2800-\u28ff]+", ""),  # stacked accents, pictures in Braille
    ("[\u2013\u2014\u2015]|--+", " -- "),
)
_MARKUP = (
    ("&amp;", "&"),
    ("&(?:#x200b|nbsp);", " "),
    ("&[lg]t;", " "),
    (
        r"\[(?!name\]|religion\])([^\[\]]+)\]\((?:https?:|www\.|/)"
        # An address ends before the next link begins: else many open ones take quadratic time.
        r"[^\s)\]]*(?:\](?!\()[^\s)\]]*)*\)",
        r" \1 ",
    ),
    (r"(?:https?://|www\.)[^\s)\]]+", " url "),
    (rf"(?<![\w/])/?u/[\w-]+|(?<!\w)@\w[\w{JOINABLE}]*", " user "),
    (r"(?<![\w/])/?r/(?=\w)", " reddit "),
    (r"#(?=[^\W\d_])", " "),
)
_SWEARING = (
    (r"\bf\*+(?:ck|k)?", "fuck"),
    (r"s(?:h\*+|\*\*)t", "shit"),
    (r"\bb\*+tch", "bitch"),
    (r"\ba\*\*", "ass"),
)
_FACES = (
    (r"[:=;]'-?\(+|;_+;|\bt_+t\b", " \U0001f622 "),
    (r"[:=]'-?(?:\)|d\b)", " \U0001f602 "),
    # Hearts of any colour.
    ("<3+(?![\\d.%])|[\u2661\u2665\u2763\U0001f9e1\U0001f5a4\U0001f90d\U0001f90e]", " \u2764 "),
    ("[\U0001f493\U0001f495-\U0001f49e]", " \u2764 "),
    (r"\^_+\^|[:=][-^o]?[)\]]+|[\u263a\U0001f642\U0001f60a]", " :) "),
    (r"[:=;][-^]?\(+(?!\w)|(?<!\w):-?c\b|[\u2639\U0001f641]", " :( "),
    (r";[-^]?[)\]]+|\U0001f609", " ;) "),
    (r"(?<!\w)[:=;]-?d+\b", " :d "),
    (r"(?<!\w)[:=;]-?p\b", " :p "),
    (r"(?<!\w)[:=]-?[/\\](?![/\w])", " :/ "),
    (r"(?<!\w)[:=]-?\|", " :| "),
    (r"(?<!\w):-?o\b", " :o "),
    (r"\bx'?d+\b", " xd "),
    (r"-_+-", " \U0001f611 "),
    (r">_+<", " \U0001f623 "),
    ("\U0001f923", "\U0001f602"),
)
_CONTRACTIONS = (
    (r"n't\b", " n't"),
    # Behind looks back over one length at a time, and `nt` first lets `re` skip ahead.
    (r"nt\b(?<=\b(?:do|is|ca|wo|ai)nt)", " n't"),
    (r"nt\b(?<=\b(?:did|are|was|has|had)nt)", " n't"),
    (r"nt\b(?<=\b(?:does|were|have)nt)", " n't"),
    (r"nt\b(?<=\b(?:could|would)nt)", " n't"),
    (_whole("cannot"), "can not"),
    (
        r"\b(i(?=m\b)|(?:you|they)(?=re\b)|(?:i|you|they|we|could|would|should)(?=ve\b)"
        r"|(?:that|what|there|here|where|he|she|who)(?=s\b)|(?:it|you|they|that)(?=ll\b))",
        r"\1 '",
    ),
    (r"\by'?all\b", "you all"),
    (r"'(?=(?:s|m|re|ve|ll|d)\b)(?<=[a-z]')", " '"),
)
_SLANG = (
    (r"\b(?:b|mw|mu|bw)?a?h+a+h[ha]*\b", "haha"),
    (r"\bhe+(?:he+)+h?\b", "hehe"),
    (r"\blo+l(?:[lo]*l)?z?\b", "lol"),
    (r"\b(?:lmf?a+o+|rot?fl+(?:mf?ao)?)\b", "lmao"),
    (_whole("idk"), "i do n't know"),
    (_whole("tbh"), "to be honest"),
    (_whole("plz"), "please"),
    (_whole("pls"), "please"),
    (_whole("thx"), "thanks"),
    (_whole("'cause"), "because"),
    (_whole("'em"), "them"),
    (_whole("b/c"), "because"),
    (_whole("cuz"), "because"),
    (_whole("w/o"), "without"),
    (_whole("w/"), "with"),
    (r"u(?<!\wu)(?!\w|\.\w)(?<!\.u)", "you"),
)
_LENGTH = (
    # Longer runs mean no more, and would cost the rules below quadratic time.
    (r"([a-z])\1{3,}", r"\1\1\1"),
    (r"\bh+mm+\b", "hmm"),
    (r"eee(?=[dklnpt]\b)|eee(?<=\bseee)\b", "ee"),  # sweeet, not meee
    (r"ooo(?=[dkn]\b|f+\b|sh)|ooo(?<=[cftp]ooo)(?=l)|ooo(?<=\b[bt]ooo)\b", "oo"),  # not sooo
    ("lll", "ll"),
    ("fff", "ff"),
    (r"([a-z])\1\1", r"\1"),
    (r"oo\b(?<=\b[sn]oo)", "o"),
    (r"hh\b(?<=\b[aeou]hh)", "h"),
    ("!!+", "!!"),
    (r"\?\?+", "??"),
    (r"[!?]{0,2}(?:!\?|\?!)[!?]*", "!?"),
    (r"\.\.+", " ... "),
    (r"([^\w\s.!?-])\1+", r"\1"),
)
_JOINTS = (
    (r"[*_~^\\]+", " "),
    (rf"-(?<=[\w{JOINABLE}]-)(?=\w)", " "),
    ("\u0f0b", " "),  # between Tibetan syllables
    (r"\d+(?:[.,:]\d+)+|\d{3,}", " 1000 "),
)
_BOUND = "\u2060"  # around a unit; dropped from texts by the first rule
_SPACELESS = (
    (
        rf"[{SPACELESS}](?:(?<=[{LEADING}])\w)?(?:[{FOLLOWING}]|(?<=[{JOINING}])\w)*",
        rf"{_BOUND}\g<0>{_BOUND}",
    ),
    (rf"({_BOUND}[^{_BOUND}\s]+{_BOUND})\1{{2,}}", r"\1\1"),
    (rf"{_BOUND}([^{_BOUND}\s]+){_BOUND}(?={_BOUND}([^{_BOUND}\s]+){_BOUND})", r" \1 \1\2 "),
    (_BOUND, " "),
)

# Each rule: pattern, replacement. Order matters: a face is found before its signs are tidied away.
RULES: tuple[tuple[str, str], ...] = (
    *_CHARACTERS,
    *_MARKUP,
    *_SWEARING,
    *_FACES,
    *_CONTRACTIONS,
    *_SLANG,
    *_LENGTH,
    *_JOINTS,
    *_SPACELESS,
)
TOKEN = (
    rf"(?:[a-z]\.){{2,}}|[^\W\d_]+(?:(?:[{MARKS}]|'(?=[^\W\d_]))[^\W\d_]*)*"
    r"|\[(?:name|religion)\]|(?<!\S)(?::[()dpo/|]|;\))(?!\S)"
    r"|/s\b|'(?:s|m|re|ve|ll|d)\b|\d+(?:st|nd|rd|th|s)\b|\d+|!!|!\?|\?\?|\.\.\.|--|[^\w\s]"
)

_COMPILED = tuple((re.compile(pattern), replacement) for pattern, replacement in RULES)
_TOKEN = re.compile(TOKEN)
# Python sorts the marks on a letter in quadratic time; more than these mean nothing (UAX #15 D3).
_MOST_MARKS = 30
_LONG = re.compile(rf"[^\w\s\x00-\u02ff]{{{_MOST_MARKS + 1},}}")


def rules_json() -> dict[str, object]:
    """The content of an artifact's `tokenizer.json`."""
    return {
        "version": VERSION,
        "normalize": NORMALIZE,
        "lowercase": LOWERCASE,
        "rules": [list(rule) for rule in RULES],
        "token": TOKEN,
    }


def _few_marks(found: re.Match[str]) -> str:
    kept, marks = [], 0
    for sign in found[0]:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks <= _MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


def tokenize(text: str) -> list[str]:
    """Return the words of one text, in order; none for an empty one."""
    if not text.isascii():
        text = _LONG.sub(_few_marks, text)
    text = unicodedata.normalize(NORMALIZE, text).lower()
    for pattern, replacement in _COMPILED:
        text = pattern.sub(replacement, text)
    return _TOKEN.findall(text)
