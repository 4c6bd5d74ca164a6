"""Find the files of a corpus, the split of each, and the reader of each."""

import glob
import re
import zipfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emoray.data.importing.encoding import decoded
from emoray.data.importing.fasttext import is_fasttext, read_fasttext
from emoray.data.importing.json_lines import read_json
from emoray.data.importing.label_names import FILES as NAME_FILES
from emoray.data.importing.label_names import LabelNames, names_in
from emoray.data.importing.parquet import read_parquet
from emoray.data.importing.separated_values import USUAL, read_separated
from emoray.data.importing.split_names import ONE, split_named
from emoray.data.importing.table import Table, joined_tables, listed
from emoray.data.importing.unpacked import (
    OPENERS,
    checked_archive,
    content,
    member_content,
    members,
)

JSON = (".jsonl", ".ndjson", ".json")
PARQUET = ".parquet"
LINES = ".txt"  # lines of texts, or a table
ARCHIVE = ".zip"
FORMATS = (".csv", ".tsv", *JSON, PARQUET, LINES)
_TEXTS = re.compile(r"(.*?)[_.-]?(texts?|sentences?|inputs?)\.txt")
_LABELS = re.compile(r"(.*?)[_.-]?(labels?|targets?)\.txt")
_PROSE = re.compile(r"(readme|licen[sc]e|notice|citation|requirements).*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusFile:
    """One file of a corpus, on disk or in an archive.

    Attributes:
        path: of the file or its archive.
        member: in the archive.
        labels: the file with the labels of a file of lines.
        folder: the split of its folder.
    """

    path: Path
    member: zipfile.ZipInfo | None = None
    labels: "CorpusFile | None" = None
    folder: str | None = None

    @property
    def inside(self) -> str:
        """Its name, in an archive with the folders there."""
        return self.path.name if self.member is None else self.member.filename

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.inside.split("/")[-1]

    @property
    def where(self) -> str:
        """Its path, for errors."""
        return str(self.path) if self.member is None else f"{self.path}/{self.inside}"

    @property
    def format(self) -> str:
        """Its suffix in lower case, without that of a packer."""
        suffixes = [s.lower() for s in Path(self.name).suffixes]
        if suffixes and suffixes[-1] in OPENERS:
            suffixes.pop()
        return suffixes[-1] if suffixes else ""

    @property
    def plain(self) -> str:
        """Its name in lower case, without the suffix of a packer."""
        lower = self.name.lower()
        return next((lower.removesuffix(s) for s in OPENERS if lower.endswith(s)), lower)

    @property
    def split(self) -> str | None:
        """The split by its name, else by its folder's."""
        return _split_of(self.name.split(".")[0]) or self.folder

    def read(self) -> bytes:
        """Its bytes, unpacked."""
        if self.member is None:
            return content(self.path)
        return member_content(self.path, self.member)


def _split_of(name: str) -> str | None:
    words = re.split(r"[^a-z]+", name.lower())
    found = {split for word in words if (split := split_named(word))}
    return found.pop() if len(found) == 1 else None


def _lines(part: CorpusFile) -> tuple[list[str], str]:
    text, encoding = decoded(part.read(), part.where)
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")], encoding


def _read_pair(part: CorpusFile, labels: CorpusFile) -> Table:
    texts, encoding = _lines(part)
    cells, _ = _lines(labels)
    if len(texts) != len(cells):
        raise ValueError(
            f"a file of labels has a line for each line of texts, got {len(texts):,} in "
            f"{part.where} and {len(cells):,} in {labels.where}: correct them"
        )
    note = f"a text a line, its labels on the same line of {labels.name}; encoding {encoding}"
    return Table(where=part.where, columns={"text": texts, "label": cells}, notes=(note,))


def read_file(
    part: CorpusFile, named: Collection[str] = (), features: Collection[str] = ()
) -> Table:
    """Read one file in any of the formats; refuse other formats, damaged and empty files."""
    kind, where = part.format, part.where
    if kind not in FORMATS:
        raise ValueError(
            f"a corpus is a file of {', '.join(FORMATS)} (all also with .gz, .bz2, .xz, or in a "
            f".zip), got {where}: convert it to one of these"
        )
    if part.member is None and not part.path.stat().st_size:
        raise ValueError(f"{where} must hold at least one text, got an empty file: check the copy")
    if part.labels is not None:
        found = _read_pair(part, part.labels)
    elif kind == PARQUET:
        packed = part.member is not None or part.path.suffix.lower() in OPENERS
        found = read_parquet(part.read() if packed else part.path, where, features)
    else:
        text, encoding = decoded(part.read(), where)
        if kind in JSON:
            found = read_json(text, where)
        elif is_fasttext(text):
            found = read_fasttext(text, where)
        else:
            found = read_separated(text, where, USUAL[kind], named)
        first, *others = found.notes
        found = replace(found, notes=(f"{first}; encoding {encoding}", *others))
    if not len(found):
        raise ValueError(f"{where} must hold at least one text, got no rows: check the copy")
    return found


def _paired(parts: Sequence[CorpusFile]) -> list[CorpusFile]:
    """Pair files of texts with files of labels by name: train_text.txt, train_labels.txt."""
    labels = {m[1]: part for part in parts if (m := _LABELS.fullmatch(part.plain))}
    return [
        replace(part, labels=labels[m[1]])
        for part in parts
        if (m := _TEXTS.fullmatch(part.plain)) and m[1] in labels
    ]


def _of_texts(parts: Sequence[CorpusFile]) -> list[CorpusFile]:
    """The files in a folder that may hold texts: .txt only where nothing else does."""
    tables = [
        part for part in parts if part.format in FORMATS and part.name.lower() not in NAME_FILES
    ]
    others = [part for part in tables if part.format != LINES]
    if others:
        return others
    return _paired(parts) or [part for part in tables if not _PROSE.match(part.name)]


def _in_folder(folder: Path) -> list[CorpusFile]:
    return [CorpusFile(path=p) for p in sorted(folder.glob("[!._]*")) if p.is_file()]


def _in_archive(path: Path) -> list[CorpusFile]:
    found = sorted(members(path), key=lambda m: m.filename)
    return [
        CorpusFile(path=path, member=member, folder=split_named(Path(member.filename).parent.name))
        for member in found
    ]


def _alone(path: Path) -> list[CorpusFile]:
    """One file; a file of lines is paired with that of its labels."""
    part = CorpusFile(path=path)
    if path.suffix.lower() == ARCHIVE:
        found = _of_texts(_in_archive(path))
        if not found:
            raise ValueError(
                f"an archive of a corpus holds files of {', '.join(FORMATS)}, got none in {path}: "
                "name one that does, or a file"
            )
        used = [*found, *(each.labels for each in found if each.labels)]
        checked_archive(path, [each.member for each in used if each.member])
        return found
    if part.format == LINES and _TEXTS.fullmatch(part.plain):
        pair = [each for each in _paired(_in_folder(path.parent)) if each.path == path]
        return pair or [part]
    return [part]


def _candidates(source: str) -> list[CorpusFile]:
    """The files that a source names.

    That is one file, those of a folder (its `data/`, its train, dev and test), those of an archive,
    or those that a glob matches.

    Returns:
        At least one.

    Raises:
        ValueError: if there are none.
    """
    path = Path(source).expanduser()
    if path.is_file():
        return _alone(path)
    if path.is_dir():
        splits = [p for p in sorted(path.iterdir()) if p.is_dir() and split_named(p.name)]
        for folder in (path, path / "data"):
            if found := _of_texts(_in_folder(folder)):
                return found
        below = [replace(p, folder=split_named(s.name)) for s in splits for p in _in_folder(s)]
        if found := _of_texts(below):
            return found
        raise ValueError(
            f"a corpus' folder holds files of {', '.join(FORMATS)}, got none in {path}: name a "
            "folder that does, or a file"
        )
    files = [Path(name) for name in sorted(glob.glob(str(path))) if Path(name).is_file()]
    if not files:
        raise ValueError(
            f"a corpus must be there, got no file, folder or match for {source}: check the path"
        )
    parts = [CorpusFile(path=file) for file in files]
    return _paired(parts) or parts


def _by_split(
    parts: list[CorpusFile], source: str
) -> tuple[dict[str, list[CorpusFile]], list[CorpusFile]]:
    """The files of each split, and those left out."""
    found: dict[str, list[CorpusFile]] = {}
    for part in parts:
        found.setdefault(part.split or ONE, []).append(part)
    together = Path(source).is_dir() or parts[0].member is not None
    left: list[CorpusFile] = []
    if ONE in found and len(found) > 1 and together:
        left = found.pop(ONE)  # a README in JSON, an extra list
    whole = together and found.keys() == {ONE} and len(parts) > 1
    if whole or (ONE in found and len(found) > 1):
        raise ValueError(
            "several files are train, dev and test by their names, or all of one kind by a glob, "
            f"got {', '.join(part.name[:60] for part in parts[:6])} in {source}: name one file, a "
            "glob such as 'part-*.csv', or rename them"
        )
    return found, left


def read_tables(
    source: str, named: Collection[str] = (), features: Collection[str] = ()
) -> dict[str, Table]:
    """Read tables by split; under `all` where names do not give splits.

    Args:
        source: a file, a folder, an archive or a glob.
        named: columns from the options.
        features: those among them, or patterns of them, that hold features.

    Returns:
        A table for each split.
    """
    parts = _candidates(source)
    if len(parts) == 1:
        return {ONE: read_file(parts[0], named, features)}
    by_split, left = _by_split(parts, source)
    found = {
        split: joined_tables([read_file(part, named, features) for part in files])
        for split, files in by_split.items()
    }
    if left:
        note = f"files left out, of no split by their names: {listed([p.name for p in left], 6)}"
        first = next(iter(found))
        found[first] = replace(found[first], notes=(*found[first].notes, note))
    return found


def companion_names(source: str) -> LabelNames | None:
    """Read label names from a file next to the corpus, or in its archive; None without one."""
    path = Path(source).expanduser()
    parts = _in_archive(path) if path.is_file() and path.suffix.lower() == ARCHIVE else []
    folder = path if path.is_dir() else path.parent
    parts += _in_folder(folder) if folder.is_dir() else []
    pairs = {part.labels.where for part in _paired(parts) if part.labels}
    by_name = {part.name.lower(): part for part in reversed(parts) if part.where not in pairs}
    for name in NAME_FILES:
        if name in by_name and (found := names_in(by_name[name].read(), by_name[name].where)):
            return replace(found, where=by_name[name].name)
    return None
