"""Inputs of stages other than stages: files of the driver's machine, copied to the workers.

A corpus, word vectors or an encoder is named by its SHA-256 and a path. Where no disk is shared,
the driver uploads its files below `<folder>/<SHA-256>/`, and a worker without that path downloads
them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from emoray.storage.location import local_copy
from emoray.storage.parallel import in_parallel
from emoray.storage.s3 import S3Folder
from emoray.storage.store.keys import inputs_of, is_stage

EVERYTHING = ("**/*",)
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFiles:
    """A file or folder by its content; patterns: the files of the folder that are read."""

    sha256: str
    path: Path
    patterns: tuple[str, ...] = EVERYTHING

    def files(self) -> dict[str, Path]:
        """Paths by name below `<sha256>/`."""
        if self.path.is_file():
            return {self.path.name: self.path}
        found = {p for pattern in self.patterns for p in self.path.glob(pattern) if p.is_file()}
        return {f"{self.path.name}/{p.relative_to(self.path).as_posix()}": p for p in found}


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a dataclass."""
    if is_dataclass(value) and not isinstance(value, type):
        yield from ((f.name, getattr(value, f.name)) for f in fields(value))


def _about(value: Any, outer: Any) -> Any:
    """The outermost value with a SHA-256, which is that of the paths in `value`."""
    if outer is not None:
        return outer
    return value if any(name == "sha256" for name, _ in _parts(value)) else None


def _files_of(value: Any, about: Any = None) -> Iterator[StageFiles]:
    """The inputs that a value names itself, without those of its input stages."""
    if isinstance(value, tuple | list):
        for part in value:
            yield from () if is_stage(part) else _files_of(part, about)
        return
    about = _about(value, about)
    for _, part in _parts(value):
        if isinstance(part, Path) and about is not None:
            patterns = getattr(about, "patterns", EVERYTHING)
            yield StageFiles(sha256=about.sha256, path=part, patterns=patterns)
        elif not is_stage(part):
            yield from _files_of(part, about)


def stage_files(values: Iterable[Any]) -> set[StageFiles]:
    """All inputs that the values name: stages with their inputs, or plain values such as `Data`."""
    found: set[StageFiles] = set()
    for value in values:
        found |= set(_files_of(value))
        if is_stage(value):
            found |= stage_files(inputs_of(value).values())
    return found


def share_all(items: Iterable[StageFiles], folder: S3Folder) -> None:
    """Upload the inputs that are not there yet."""
    for item in sorted(items, key=lambda c: c.sha256):
        there = {entry.name: entry.size for entry in (folder / item.sha256).entries()}
        missing = {n: p for n, p in item.files().items() if there.get(n) != p.stat().st_size}
        in_parallel(_Upload(folder / item.sha256), missing.items())


@dataclass(frozen=True, slots=True)
class _Upload:
    """Upload one file, by name, into a folder of a bucket."""

    folder: S3Folder

    def __call__(self, named: tuple[str, Path]) -> None:
        self.folder.upload(*named)


def relocated(value: V, folder: S3Folder, about: Any = None) -> V:
    """Replace each path in `value` that does not exist here by one to the copy in `folder`."""
    if isinstance(value, tuple):
        return tuple(v if is_stage(v) else relocated(v, folder, about) for v in value)  # type: ignore[return-value]
    about = _about(value, about)
    changed: dict[str, Any] = {}
    for name, part in _parts(value):
        if isinstance(part, Path):
            if about is not None and not part.exists():
                changed[name] = local_copy(folder / about.sha256 / part.name)
        elif not is_stage(part):
            other = relocated(part, folder, about)
            if other is not part and other != part:
                changed[name] = other
    return replace(value, **changed) if changed else value  # type: ignore[type-var]
