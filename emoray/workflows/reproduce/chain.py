"""Check that the stages behind a row are in the store as their manifests record them.

Nothing is written there, and every byte is read from the store: an earlier local copy does not
count.
"""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from emoray.storage.location import Place
from emoray.storage.objects import DamagedError
from emoray.storage.parallel import in_parallel
from emoray.storage.s3 import S3Folder
from emoray.storage.store.local import MARKER
from emoray.storage.store.manifest import MANIFEST, file_sha256, folder_in, read_manifest

FOLLOWING = (
    "score",
    "decide",
    "derive",
    "compare",
    "clock",
    "clock_members",
)  # stages that read a model
UNREADABLE = "?"  # stands for the key of a model that a broken manifest may have named


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Keys of the stages behind a row: whole, not in the store, or damaged."""

    whole: tuple[str, ...]
    gone: tuple[str, ...]
    damaged: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every stage is there and unchanged; never of a chain without stages."""
        return bool(self.whole) and not self.gone and not self.damaged


def _named(reads: Any) -> Iterator[str]:
    """Keys of stages among the inputs that a manifest records."""
    if isinstance(reads, dict):
        if set(reads) == {"stage"}:
            yield reads["stage"]
        else:
            for part in reads.values():
                yield from _named(part)
    elif isinstance(reads, list):
        for part in reads:
            yield from _named(part)


def _at(key: str) -> str:
    return f"stages/{key.rsplit('-', 1)[0]}/{key}"


def _here(store: Path, key: str) -> dict[str, Any] | None:
    folder = folder_in(store, key.rsplit("-", 1)[0], key)
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    return read_manifest(folder)


def _there(store: S3Folder, key: str) -> dict[str, Any] | None:
    """The same from a bucket, whose objects are read and not kept."""
    try:
        stored = store.find(f"{_at(key)}/{MANIFEST}")
        if stored is None:
            raise FileNotFoundError(f"{store}/{_at(key)}")
    except DamagedError:
        return None
    with tempfile.TemporaryDirectory(prefix="emoray-") as scratch:
        try:
            manifest: dict[str, Any] = json.loads(stored.content)
            source, files = store / _at(key) / manifest["attempt"], dict(manifest["files"])
            in_parallel(lambda name: source.download(name, Path(scratch) / name), files)
            same = all(file_sha256(Path(scratch) / name) == sha for name, sha in files.items())
        except (DamagedError, FileNotFoundError, ValueError, KeyError, TypeError):
            return None
    return manifest if same else None


class StoreCheck:
    """Checks stages of one store, each once for all rows that it is behind."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._known: dict[str, dict[str, Any] | None] = {}

    @cached_property
    def is_there(self) -> bool:
        """Whether there is a store at all."""
        if isinstance(self.place, S3Folder):
            return self.place.entry(MARKER) is not None
        return (self.place / MARKER).is_file()

    def _manifest(self, key: str) -> dict[str, Any] | None:
        """Manifest of a stage, None where a file differs; FileNotFoundError where it is absent."""
        if key not in self._known:
            at = self.place
            found = _there(at, key) if isinstance(at, S3Folder) else _here(at, key)
            self._known[key] = found if found and found.get("key") == key else None
        return self._known[key]

    def _following_manifests(self) -> Iterator[tuple[str, bytes]]:
        for name in FOLLOWING:
            if isinstance(self.place, S3Folder):
                below = self.place / "stages" / name
                names = [n for n in below.names() if n.endswith(f"/{MANIFEST}")]
                for file_name, content in zip(names, in_parallel(below.read, names), strict=True):
                    yield file_name.partition("/")[0], content
            else:
                for file in sorted((self.place / "stages" / name).glob(f"[!.]*/{MANIFEST}")):
                    yield file.parent.name, file.read_bytes()

    @cached_property
    def _followers(self) -> dict[str, list[str]]:
        """Key -> keys of the stages that read it, of the kinds in `FOLLOWING`."""
        found: dict[str, list[str]] = {}
        for key, content in self._following_manifests():
            try:
                reads = list(_named(json.loads(content)["reads"]))
            except (ValueError, KeyError, TypeError):
                reads = [UNREADABLE]
            for read in reads:
                found.setdefault(read, []).append(key)
        return found

    def chain(self, key: str) -> Chain:
        """Check a finished model, its inputs, scores and decisions by SHA-256 of each file.

        Args:
            key: of the model.

        Returns:
            The stages by their state.
        """
        if not self.is_there:
            return Chain(whole=(), gone=(key,), damaged=())
        found: dict[str, list[str]] = {"whole": [], "gone": [], "damaged": []}
        waiting = [key, *self._followers.get(key, ()), *self._followers.get(UNREADABLE, ())]
        seen = set(waiting)
        while waiting:
            key = waiting.pop()
            try:
                manifest = self._manifest(key)
            except FileNotFoundError:
                found["gone"].append(key)
                continue
            found["whole" if manifest else "damaged"].append(key)
            fresh = [k for k in _named((manifest or {}).get("reads")) if k not in seen]
            seen.update(fresh)
            waiting += fresh
        return Chain(**{how: tuple(keys) for how, keys in found.items()})
