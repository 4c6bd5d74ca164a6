"""Names that become parts of paths: one rule for all that jobs write and tables contain.

Runs, corpora, points, models and artifacts are named by users, and by tables of unknown origin.
"""

import hashlib
import re

RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,199}")
RUN_IS = "1 to 200 letters, digits, '.', '_', '=' or '-', a letter or digit first"
PART = re.compile(r"\w[\w.=+-]*")
PART_IS = "letters, digits, '.', '_', '=', '+' or '-', no '.' first"
LONGEST = 120  # bytes; a file's name may have 255, and others are made from it
TABLED = r"\A([\pL\pN_][\pL\pN_.=+-]*)?\z"  # the same for Arrow, with what was made from one
PLAIN = re.compile(r"\A([A-Za-z0-9_][A-Za-z0-9_.=+-]{0,99})?\Z")  # needs no closer look
TABLED_MOST = 200  # characters of it: counted apart, as a pattern that counts is 30 times slower
SHOWN = 60


def shown(text: str) -> str:
    """A name as an error quotes it: inert, and cut to length."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")


def checked_run(name: str) -> str:
    """Return the name of a run, which becomes a folder's; refuse one that leads elsewhere."""
    if not RUN.fullmatch(name):
        raise ValueError(f"a run's name is {RUN_IS}, got {shown(name)}: name another with --name")
    return name


def is_part(text: str) -> bool:
    """Whether `text` is one part of a path as it is, which leads nowhere else."""
    return bool(PART.fullmatch(text)) and len(text.encode()) <= LONGEST


def part_of(text: str) -> str:
    """Convert `text` to one part of a path: unchanged if it is one, else cleaned, with a hash."""
    if is_part(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    kept = re.sub(r"[^\w.=+-]+", "-", text).strip("-.=+")
    while len(kept.encode()) > LONGEST - len(digest) - 1:
        kept = kept[:-1]
    return f"{kept}-{digest}" if kept else digest
