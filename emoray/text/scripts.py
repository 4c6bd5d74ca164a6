r"""Ranges of characters by script for the word rules, as insides of character classes of `re`.

Python's ``\w`` matches letters and digits, not the marks that stand on, under and around a letter.
Where only letters lie between two marks, one range spans them.
"""

# General category Mn or Mc, Unicode 14, without U+0300..036F and variation selectors, which rules
# drop, and without the signs of music and of SignWriting.
MARKS = (
    "\u200c\u200d"  # joiners that the rules left within a word
    "\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f"
    "\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0711-\u07b0\u07eb-\u07f3\u07fd\u0816-\u082d"
    "\u0859-\u085b\u0898-\u08e1\u08e3-\u0963\u0981-\u09e3\u09fe-\u0a51\u0a70-\u0a75"
    "\u0a81-\u0ae3\u0afa-\u0b63\u0b82-\u0bd7\u0c00-\u0c63\u0c81-\u0c83\u0cbc-\u0ce3"
    "\u0d00-\u0d4d\u0d57\u0d62\u0d63\u0d81-\u0ddf\u0df2\u0df3\u0e31-\u0e3a\u0e47-\u0e4e"
    "\u0eb1-\u0ecd\u0f18\u0f19\u0f35\u0f37\u0f39\u0f3e-\u0f84\u0f86-\u0fbc\u0fc6\u102b-\u103e"
    "\u1056-\u108f\u109a-\u109d\u135d-\u135f\u1712-\u1734\u1752-\u17d3\u17dd\u180b-\u180d\u180f"
    "\u1885-\u193b\u1a17-\u1a1b\u1a55-\u1a7f\u1ab0-\u1abd\u1abf-\u1b44\u1b6b-\u1b73"
    "\u1b80-\u1bad\u1be6-\u1bf3\u1c24-\u1c37\u1cd0-\u1cd2\u1cd4-\u1dff\u20d0-\u20dc\u20e1"
    "\u20e5-\u20f0\u2cef-\u2cf1\u2d7f-\u2dff\u302a-\u302f\u3099\u309a\ua66f\ua674-\ua67d"
    "\ua69e\ua69f\ua6f0\ua6f1\ua802-\ua827\ua82c\ua880-\ua8c5\ua8e0-\ua8f1\ua8ff\ua926-\ua92d"
    "\ua947-\ua953\ua980-\ua9c0\ua9e5\uaa29-\uaa4d\uaa7b-\uaac1\uaaeb-\uaaef\uaaf5\uaaf6"
    "\uabe3-\uabea\uabec\uabed\ufb1e\ufe20-\ufe2f\U000101fd-\U000102e0\U00010376-\U0001037a"
    "\U00010a01-\U00010a3f\U00010ae5\U00010ae6\U00010d24-\U00010d27\U00010eab\U00010eac"
    "\U00010f46-\U00010f50\U00010f82-\U00010f85\U00011000-\U00011046\U00011070-\U000110ba"
    "\U000110c2\U00011100-\U00011134\U00011145-\U00011173\U00011180-\U000111c0"
    "\U000111c9-\U000111cc\U000111ce\U000111cf\U0001122c-\U00011237\U0001123e"
    "\U000112df-\U000112ea\U00011300-\U00011446\U0001145e-\U000114c3\U000115af-\U000115c0"
    "\U000115dc-\U00011640\U000116ab-\U000116b7\U0001171d-\U0001172b\U0001182c-\U0001183a"
    "\U00011930-\U00011943\U000119d1-\U000119e0\U000119e4-\U00011a3e\U00011a47-\U00011a99"
    "\U00011c2f-\U00011c3f\U00011c92-\U00011d47\U00011d8a-\U00011d97\U00011ef3-\U00011ef6"
    "\U00016af0-\U00016af4\U00016b30-\U00016b36\U00016f4f-\U00016f92\U00016fe4-\U00016ff1"
    "\U0001e000-\U0001e136\U0001e2ae-\U0001e2ef\U0001e8d0-\U0001e94a"
)

# Letters, marks and digits of the scripts that write with marks or joiners, Arabic to Mongolian.
JOINABLE = (
    "\u0620-\u0669\u066e-\u06d3\u06d5-\u06ff\u0710-\u07ff\u08a0-\u0963\u0966-\u0df3"
    "\u0e31-\u0e3a\u0e47-\u0e4e\u0e81-\u0f0a\u0f40-\u0fbc\u1000-\u1049\u1050-\u109d"
    "\u1780-\u17d3\u1820-\u18aa"
)

# Scripts that set no space between words: their letters, ...
SPACELESS = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f"  # Japanese
    "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3105-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Chinese
    "\ua000-\ua48c"  # Yi
    "\u0e01-\u0e3a\u0e40-\u0e46\u0e81-\u0ec6\u0edc-\u0edf"  # Thai, Lao
    "\u1000-\u103f\u1050-\u108f\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa76\uaa7a-\uaa7f"  # Burmese
    "\u1780-\u17d3\u17d7\u17dc"  # Khmer
    "\u1950-\u1974\u1980-\u19c9\u1a20-\u1a7c\uaa80-\uaadd"  # Tai
    "\ua984-\ua9c0\u1b05-\u1b4c"  # Javanese, Balinese
    "\U00016fe0\U00016fe1\U00016fe3-\U00018cff\U0001aff0-\U0001b2ff\U00020000-\U0003fffd"  # rare
)
# ... those of them written before the consonant they are spoken after, ...
LEADING = "\u0e40-\u0e44\u0ec0-\u0ec4\u19b5-\u19b7\u19ba\uaab5\uaab6\uaab9\uaabb\uaabc"
# ... what follows the letter it belongs to, vowels with a width of their own among it, ...
FOLLOWING = (
    "\u0e30-\u0e3a\u0e45\u0e47-\u0e4e\u0eb0-\u0ebd\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059"
    "\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f\u109a-\u109d"
    "\u17b4-\u17d3\u17dd\u19b0-\u19b4\u19b8\u19b9\u19bb-\u19c9\u1a55-\u1a7f\u302a-\u302f"
    "\u3099\u309a\ua980-\ua983\ua9b3-\ua9c0\ua9e5\uaa7b-\uaa7d\uaab0-\uaac1\u1b00-\u1b04"
    "\u1b34-\u1b44"
)
# ... and the signs that join two letters.
JOINING = "\u1039\u17d2\u1a60\ua9c0\u1b44"
