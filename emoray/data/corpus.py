"""A corpus: three splits of labelled texts, in GoEmotions' file format, checked as a whole.

Each of `train.tsv`, `dev.tsv`, `test.tsv` holds one text a line: text, tab, label ids separated by
commas, tab, comment id. No header, no quoting, UTF-8. `labels.txt`, one name a line, maps ids to
names; without it they are GoEmotions' 28, and every text has at least one. A corpus of features has
`features.json` too, and what a line's text names is a row of numbers (`data/features.py`); further
labels that trainings may learn stand in `auxiliary.json` (`data/auxiliary.py`).
Shapes: N texts, K labels of the taxonomy, C labels of the corpus, F features.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emoray.data.auxiliary import FILE as AUXILIARY
from emoray.data.features import FILE as FEATURES
from emoray.data.features import MATRICES, feature_files, features_of, seen_rows
from emoray.data.utf8 import utf8
from emoray.labels import GOEMOTIONS, TAXONOMIES, Taxonomy, own

SPLITS = ("train", "dev", "test")
NAMES = "labels.txt"  # of a corpus whose labels are not GoEmotions'
FILES = (*(f"{split}.tsv" for split in SPLITS), NAMES, FEATURES, *MATRICES, AUXILIARY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Texts in file order with their 0/1 labels, and the features of each, if any."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    labels_NK: np.ndarray
    features_NF: np.ndarray | None = None

    @property
    def inputs(self) -> Sequence[Any]:
        """What a classifier reads: the rows of features where there are any, else the texts."""
        return self.texts if self.features_NF is None else list(self.features_NF)

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
        """The split of this name; refuse a name other than train, dev and test."""
        splits = {"train": self.train, "dev": self.dev, "test": self.test}
        if name not in splits:
            raise ValueError(
                f"split is one of {', '.join(SPLITS)}, got {name!r}: pick one of these"
            )
        return splits[name]

    @property
    def leaked_N(self) -> np.ndarray:
        """True for each test text that is verbatim in train; for a row of features likewise."""
        if self.test.features_NF is not None and self.train.features_NF is not None:
            return seen_rows(self.test.features_NF, self.train.features_NF)
        seen = set(self.train.texts)
        return np.array([text in seen for text in self.test.texts], dtype=bool)


def _lines(raw: bytes, path: Path) -> list[str]:
    if not raw.strip():
        raise ValueError(f"{path} must hold at least one text, got an empty file: check the copy")
    return utf8(raw, str(path)).removesuffix("\n").split("\n")


def _label_ids(field: str, where: str, names: tuple[str, ...] | None) -> list[int]:
    if not field.strip():
        if names is not None:
            return []
        raise ValueError(
            f"{where}: every text needs at least one label id, got none: use "
            f"{GOEMOTIONS.labels.index('neutral')} for neutral or drop the line"
        )
    last = len(GOEMOTIONS.labels if names is None else names) - 1
    source = "GoEmotions' emotions.txt" if names is None else NAMES
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
                f"{where}: label ids lie in 0..{last}, got {number}: use the ids of {source}"
            )
        ids.append(int(number))
    return ids


def _records(
    lines: list[str], path: Path, names: tuple[str, ...] | None
) -> Iterator[tuple[str, str, list[int]]]:
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
        yield comment, text, _label_ids(labels, where, names)


def _read_split(
    raw: dict[str, bytes],
    folder: Path,
    split: str,
    taxonomy: Taxonomy,
    names: tuple[str, ...] | None,
) -> Split:
    path = folder / f"{split}.tsv"
    ids, texts, labels = zip(*_records(_lines(raw[path.name], path), path, names), strict=True)
    labels_NC = np.zeros((len(texts), len(taxonomy.of)), dtype=np.uint8)
    for row, present in enumerate(labels):
        labels_NC[row, present] = 1
    labels_NK = taxonomy.project(labels_NC)
    missing = [taxonomy.labels[k] for k in np.flatnonzero(~labels_NK.any(axis=0))]
    if missing:
        raise ValueError(
            f"{path}: every label of {taxonomy} needs a text that carries it, got none for "
            f"{', '.join(missing)}: add such texts or choose a coarser taxonomy"
        )
    features_NF = features_of(raw, split, len(texts), folder)
    return Split(ids=ids, texts=texts, labels_NK=labels_NK, features_NF=features_NF)


def _raw(folder: Path) -> dict[str, bytes]:
    """Read the files of a corpus, its features among them."""
    return {**_texts(folder), **feature_files(folder)}


def _texts(folder: Path) -> dict[str, bytes]:
    """Read the three splits, and `labels.txt` where there is one."""
    found = {}
    for split in SPLITS:
        path = folder / f"{split}.tsv"
        if not path.is_file():
            raise ValueError(
                f"a corpus folder holds train.tsv, dev.tsv and test.tsv, got no {path}: "
                "add the file or point to the folder that has all three"
            )
        found[path.name] = path.read_bytes()
    for name in (NAMES, AUXILIARY):
        if (folder / name).is_file():
            found[name] = (folder / name).read_bytes()
    return found


def _names(raw: dict[str, bytes], folder: Path) -> tuple[str, ...] | None:
    """The labels that the ids map to; None for GoEmotions' labels."""
    if NAMES not in raw:
        return None
    path = folder / NAMES
    names = tuple(line.removesuffix("\r") for line in _lines(raw[NAMES], path))
    invalid = [name for name in names if name != name.strip() or not name or "\t" in name]
    if invalid or len(set(names)) < len(names) or len(names) < 2:
        raise ValueError(
            f"{path} names two labels or more, one a line, each once, got {len(names)} lines, "
            f"{len(set(names))} of them different"
            f"{f', and {invalid[0]!r}' if invalid else ''}: correct the file"
        )
    return names


def corpus_sha256(raw: dict[str, bytes]) -> str:
    """SHA-256 of a corpus' files by name: splits, and `labels.txt` and features if it has any."""
    digest = hashlib.sha256()
    for name in FILES:
        if name in raw:
            # Of the files' own hashes: a line moved from one file's end to the next must change it.
            digest.update(hashlib.sha256(raw[name]).digest())
    return digest.hexdigest()


def taxonomies_of(folder: Path) -> tuple[Taxonomy, ...]:
    """The taxonomies that a corpus can be read in: `own`, or those of GoEmotions' labels."""
    names = _names(_texts(folder), folder)
    return tuple(TAXONOMIES.values()) if names is None else (own(names),)


def read_records(folder: Path, split: str) -> tuple[str, list[tuple[str, str, list[int]]]]:
    """Read a split without a taxonomy.

    Returns:
        SHA-256 of the whole corpus, and (comment id, text, the corpus' label ids) of each line.
    """
    raw = _raw(folder)
    path = folder / f"{split}.tsv"
    records = _records(_lines(raw[path.name], path), path, _names(raw, folder))
    return corpus_sha256(raw), list(records)


def read_split(folder: Path, split: str, taxonomy: Taxonomy) -> tuple[str, Split]:
    """Read (SHA-256 of the whole corpus, one split), checked as by `read_splits`."""
    raw = _raw(folder)
    return corpus_sha256(raw), _read_split(raw, folder, split, taxonomy, _names(raw, folder))


def read_splits(folder: Path, *, name: str, taxonomy: Taxonomy) -> Corpus:
    """Read and check the splits in `folder`; `name` is what tables call the corpus."""
    raw = _raw(folder)
    names = _names(raw, folder)
    if taxonomy.of != (names or GOEMOTIONS.of):
        raise ValueError(
            f"a taxonomy groups the labels of its corpus, got {taxonomy} for {folder} with "
            f"{len(names or GOEMOTIONS.of)} other labels: choose one of "
            f"{', '.join(map(str, taxonomies_of(folder)))}"
        )
    splits = {s: _read_split(raw, folder, s, taxonomy, names) for s in SPLITS}
    return Corpus(name=name, taxonomy=taxonomy, sha256=corpus_sha256(raw), **splits)
