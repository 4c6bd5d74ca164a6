"""A corpus is three splits of labelled texts, in GoEmotions' file format, checked as a whole.

Each of `train.tsv`, `dev.tsv`, `test.tsv` holds one text a line: text, tab, GoEmotions label ids
separated by commas, tab, comment id. No header, no quoting, UTF-8.
Shapes: N texts, K labels of the taxonomy.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoray.labels import GOEMOTIONS, Taxonomy

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Texts in file order with their 0/1 labels."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    labels_NK: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corpus:
    """`train` fits, `dev` calibrates and chooses, `test` is only scored; `sha256` covers all."""

    name: str
    taxonomy: Taxonomy
    train: Split
    dev: Split
    test: Split
    sha256: str

    def split(self, name: str) -> Split:
        splits = {"train": self.train, "dev": self.dev, "test": self.test}
        if name not in splits:
            raise ValueError(
                f"split is one of {', '.join(SPLITS)}, got {name!r}: pick one of these"
            )
        return splits[name]

    @property
    def leaked_N(self) -> np.ndarray:
        """True for each test text that stands verbatim in train."""
        seen = set(self.train.texts)
        return np.array([text in seen for text in self.test.texts], dtype=bool)


def _lines(raw: bytes, path: Path) -> list[str]:
    if not raw.strip():
        raise ValueError(f"{path} must hold at least one text, got an empty file: check the copy")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path} line {line}: text must be UTF-8, got byte 0x{raw[error.start]:02x}: "
            "save the file as UTF-8"
        ) from error
    return text.removesuffix("\n").split("\n")


def _label_ids(field: str, where: str) -> list[int]:
    if not field.strip():
        raise ValueError(
            f"{where}: every text needs at least one label id, got none: use "
            f"{GOEMOTIONS.labels.index('neutral')} for neutral or drop the line"
        )
    last = len(GOEMOTIONS.labels) - 1
    ids = []
    for part in field.split(","):
        number = part.strip()
        if not (number.isascii() and number.isdigit()):
            raise ValueError(
                f"{where}: label ids are whole numbers separated by commas, got {field!r}: "
                "replace label names by their ids"
            )
        if int(number) > last:
            raise ValueError(
                f"{where}: label ids lie in 0..{last}, got {number}: "
                "use the ids of GoEmotions' emotions.txt"
            )
        ids.append(int(number))
    return ids


def _records(lines: list[str], path: Path) -> Iterator[tuple[str, str, list[int]]]:
    first_line: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        where = f"{path} line {number}"
        columns = line.removesuffix("\r").split("\t")
        if len(columns) != 3:
            raise ValueError(
                f"{where}: a line is text, label ids and comment id separated by tabs, "
                f"got {len(columns)} column{'s' * (len(columns) != 1)} in {line[:60]!r}: "
                "write three columns and no header"
            )
        text, labels, comment = columns
        if not comment or comment in first_line:
            taken = f"which line {first_line[comment]} has already" if comment else "which is empty"
            raise ValueError(
                f"{where}: every comment id stands once in a split, got {comment!r}, {taken}: "
                "drop the repeated line or give it an id of its own"
            )
        first_line[comment] = number
        yield comment, text, _label_ids(labels, where)


def _read_split(raw: bytes, path: Path, taxonomy: Taxonomy) -> Split:
    ids, texts, labels = zip(*_records(_lines(raw, path), path), strict=True)
    labels_N28 = np.zeros((len(texts), len(GOEMOTIONS.labels)), dtype=np.uint8)
    for row, present in enumerate(labels):
        labels_N28[row, present] = 1
    labels_NK = taxonomy.project(labels_N28)
    missing = [taxonomy.labels[k] for k in np.flatnonzero(~labels_NK.any(axis=0))]
    if missing:
        raise ValueError(
            f"{path}: every label of {taxonomy} needs a text that carries it, got none for "
            f"{', '.join(missing)}: add such texts or choose a coarser taxonomy"
        )
    return Split(ids=ids, texts=texts, labels_NK=labels_NK)


def _raw(folder: Path) -> dict[str, bytes]:
    """The three files of a corpus."""
    found = {}
    for split in SPLITS:
        path = folder / f"{split}.tsv"
        if not path.is_file():
            raise ValueError(
                f"a corpus folder holds train.tsv, dev.tsv and test.tsv, got no {path}: "
                "add the file or point to the folder that has all three"
            )
        found[split] = path.read_bytes()
    return found


def _sha256(raw: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for split in SPLITS:
        # Of the files' own hashes: a line moved from one file's end to the next must change it.
        digest.update(hashlib.sha256(raw[split]).digest())
    return digest.hexdigest()


def read_records(folder: Path, split: str) -> tuple[str, list[tuple[str, str, list[int]]]]:
    """Comment id, text and GoEmotions label ids of each line of a split, whatever the taxonomy;
    before them the SHA-256 of the whole corpus."""
    raw = _raw(folder)
    path = folder / f"{split}.tsv"
    return _sha256(raw), list(_records(_lines(raw[split], path), path))


def read_corpus(folder: Path, *, name: str, taxonomy: Taxonomy) -> Corpus:
    """Read and check the splits in `folder`; `name` is what tables will call the corpus."""
    raw = _raw(folder)
    splits = {s: _read_split(raw[s], folder / f"{s}.tsv", taxonomy) for s in SPLITS}
    return Corpus(name=name, taxonomy=taxonomy, sha256=_sha256(raw), **splits)
