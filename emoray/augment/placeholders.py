"""Hide what a translator must leave alone: masks, links, user names, subreddits, emoji, faces.

Each is hidden as one private-use character, which every translator carries through in its own way.
Marks in place of a word (a mask, a link, a name) and marks between words (an emoji, a face) are
distinguished, because a translator needs a word to hold the grammar of `for [NAME]`.
"""

import re
import unicodedata
from dataclasses import dataclass

WORD, SIGN, MOST = 0xE000, 0xE400, 0x400  # first character of each kind, and how many there are
HIDDEN = re.compile(f"[{chr(WORD)}-{chr(SIGN + MOST - 1)}]")
HIDDEN_SIGN = re.compile(f"[{chr(SIGN)}-{chr(SIGN + MOST - 1)}]")
HIDDEN_WORD = re.compile(f"[{chr(WORD)}-{chr(WORD + MOST - 1)}]")

_WORDS = (
    r"\[(?:NAME|RELIGION)\]"
    r"|(?:https?://|www\.)[^\s)\]]+"
    r"|(?<![\w/])/?[ru]/[\w-]+"
    r"|(?<!\w)@\w+"
)
_PICTURE = (
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff"
    "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff]"
)
_SIGNS = (
    f"(?:{_PICTURE}[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]*)+"
    "|\xaf\\\\+_\\(\u30c4\\)_/+\xaf"  # the shrug
    r"|(?<![\w:])(?:[:;=]['^-]?[)(DPpOo3|*/\\\]\[]+|[xX]D+|<3+|\^_*\^|-_+-|T_T)(?![\w/])"
    r"|(?<!\S)/s\b"  # irony
    "|[\ue000-\uf8ff]"  # private use, as it came
)
MARK = re.compile(f"(?P<word>{_WORDS})|(?P<sign>{_SIGNS})")
# What ends a text's line, or a translator's stream.
_CONTROL = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text with hidden marks; `marks[i]` is the mark of character number i."""

    text: str
    marks: tuple[str, ...]


def hide(text: str) -> Hidden:
    """Put a private-use character in the place of each mark; those beyond 1,024 stay."""
    marks: list[str] = []

    def hidden(found: re.Match[str]) -> str:
        if len(marks) == MOST:
            return " " if HIDDEN.search(found[0]) else found[0]
        marks.append(found[0])
        return chr((WORD if found["word"] else SIGN) + len(marks) - 1)

    return Hidden(MARK.sub(hidden, _CONTROL.sub(" ", text)), tuple(marks))


def restore(text: str, marks: tuple[str, ...]) -> str | None:
    """Restore marks and tidy spaces; None where a mark was lost or doubled."""
    numbers = [(ord(c) - WORD) % MOST for c in HIDDEN.findall(text)]
    if sorted(numbers) != list(range(len(marks))):
        return None
    whole = HIDDEN.sub(lambda found: marks[(ord(found[0]) - WORD) % MOST], text)
    return " ".join(unicodedata.normalize("NFC", whole).split())
