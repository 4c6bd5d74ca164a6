"""Which files a corpus is made of, what split each is, and how each is read."""

import glob
import gzip
import re
import zlib
from collections.abc import Callable
from pathlib import Path

from emoray.text.bring.json_lines import read_json
from emoray.text.bring.parquet import read_parquet
from emoray.text.bring.separated import read_csv, read_tsv
from emoray.text.bring.table import Table, joined
from emoray.text.utf8 import utf8

TEXT_FORMATS: dict[str, Callable[[str, str], Table]] = {
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".jsonl": read_json,
    ".ndjson": read_json,
    ".json": read_json,
}
PARQUET = ".parquet"
FORMATS = (*TEXT_FORMATS, PARQUET)
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "valid": "dev",
    "val": "dev",
    "validation": "dev",
    "test": "test",
    "testing": "test",
}
ONE = "all"  # in place of a split's name, where a corpus is not split yet


def split_named(name: str) -> str | None:
    """`train`, `dev` or `test`, whatever of the usual names a file, a cell or the hub says."""
    return SPLIT_NAMES.get(name.strip().lower())


def _format(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _split_of(path: Path) -> str | None:
    words = re.split(r"[^a-z]+", path.name.split(".")[0].lower())
    found = {split for word in words if (split := split_named(word))}
    return found.pop() if len(found) == 1 else None


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix.lower() == ".gz" else raw
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: a .gz file must be whole, got {error}: copy it again") from None


def read_file(path: Path) -> Table:
    """One file in any of the formats; ValueError where it is of none, damaged or empty."""
    kind, where = _format(path), str(path)
    if kind not in FORMATS:
        raise ValueError(
            f"a corpus is a file of {', '.join(FORMATS)} (all but the last also with .gz), got "
            f"{path}: convert it to one of these"
        )
    if not path.stat().st_size:
        raise ValueError(f"{path} must hold at least one text, got an empty file: check the copy")
    if kind == PARQUET:
        found = read_parquet(path, where)
    else:
        found = TEXT_FORMATS[kind](utf8(_content(path), where), where)
    if not len(found):
        raise ValueError(f"{path} must hold at least one text, got no rows: check the copy")
    return found


def _candidates(source: str) -> list[Path]:
    """The files meant: one, those of a folder (or its `data/`), those that a glob matches."""
    path = Path(source).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        for folder in (path, path / "data"):
            files = sorted(p for p in folder.glob("[!._]*") if _format(p) in FORMATS)
            if files:
                return files
        raise ValueError(
            f"a corpus' folder holds files of {', '.join(FORMATS)}, got none in {path}: name a "
            "folder that does, or a file"
        )
    files = [Path(name) for name in sorted(glob.glob(str(path))) if Path(name).is_file()]
    if not files:
        raise ValueError(
            f"a corpus must be there, got no file, folder or match for {source}: check the path"
        )
    return files


def _by_split(files: list[Path], source: str) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in files:
        found.setdefault(_split_of(path) or ONE, []).append(path)
    if ONE in found and len(found) > 1 and Path(source).is_dir():
        del found[ONE]  # a README in JSON, an extra list: not what the splits' names point to
    whole = Path(source).is_dir() and found.keys() == {ONE} and len(files) > 1
    if whole or (ONE in found and len(found) > 1):
        raise ValueError(
            "several files are train, dev and test by their names, or all of one kind by a glob, "
            f"got {', '.join(path.name for path in files[:6])} in {source}: name one file, a glob "
            "such as 'part-*.csv', or rename them"
        )
    return found


def read_tables(source: str) -> dict[str, Table]:
    """Tables by split; by `all` where names tell none. ValueError for what cannot be read."""
    files = _candidates(source)
    if len(files) == 1:
        return {ONE: read_file(files[0])}
    return {
        split: joined([read_file(path) for path in paths])
        for split, paths in _by_split(files, source).items()
    }
