"""Remove characters from texts and names that steer terminals and break files."""

import re

BREAKS = re.compile(r"[\t\r\n]+")  # what would end a line or a column of the file we write
GAPS = re.compile("[\x0b\x0c\x1c-\x1f]+")  # control characters that separate words
UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffe\uffff]")  # ESC, NUL, no XML, …
STRAY = re.compile("[\ud800-\udfff]")  # half a sign, which no UTF-8 can hold


def without_controls(text: str) -> str:
    """Remove control characters but for tabs and line breaks."""
    return UNSEEN.sub("", GAPS.sub(" ", text))


def cleaned(text: str) -> str:
    """Put a text on one line, without control characters; all else is left as it is."""
    return STRAY.sub("\N{REPLACEMENT CHARACTER}", without_controls(BREAKS.sub(" ", text)))


def cleaned_name(name: str) -> str:
    """Clean the name of a label or a column as a text, with single spaces."""
    return " ".join(cleaned(name).split())
