"""Read fastText's lines: `__label__joy __label__love` before, or after, the words."""

from emoray.data.importing.table import Table

PREFIX = "__label__"


def _tagged(line: str) -> bool:
    words = line.split()
    return bool(words) and (words[0].startswith(PREFIX) or words[-1].startswith(PREFIX))


def is_fasttext(text: str) -> bool:
    """Whether every line but empty ones begins or ends with a label of this form."""
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and all(map(_tagged, lines))


def read_fasttext(text: str, where: str) -> Table:
    """Read columns text and labels, a row for each line; labels are lists of names."""
    texts, labels = [], []
    for line in filter(str.strip, text.splitlines()):
        words = line.split()
        texts.append(" ".join(word for word in words if not word.startswith(PREFIX)))
        labels.append([word.removeprefix(PREFIX) for word in words if word.startswith(PREFIX)])
    return Table(
        where=where,
        columns={"text": texts, "labels": labels},
        notes=(f"labels are the words that begin with {PREFIX}, as in fastText's files",),
    )
