"""Whether what a row was made from still lies in the store as its manifests say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emoray.storage.place import Place
from emoray.storage.s3 import S3Folder
from emoray.trial.done import Done, read_manifest
from emoray.trial.store import Store, open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Keys of the stages that a model was made from: whole, not in the store, or damaged."""

    whole: tuple[str, ...]
    gone: tuple[str, ...]
    damaged: tuple[str, ...]


def _named(reads: Any) -> Iterator[str]:
    """The keys of stages in what a manifest says that its stage read."""
    if isinstance(reads, dict):
        if set(reads) == {"stage"}:
            yield reads["stage"]
        else:
            for part in reads.values():
                yield from _named(part)
    elif isinstance(reads, list):
        for part in reads:
            yield from _named(part)


def _manifest(store: Store, key: str) -> dict[str, Any] | None:
    """Of a stage whose files are all as it says; FileNotFoundError where it is not there."""
    name = key.rsplit("-", 1)[0]
    folder = store.root / "stages" / name / key
    if isinstance(store.place, S3Folder):
        folder = store.here(Done(folder, 0.0, 0.0, cached=True))
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    return read_manifest(folder)


def check_chain(place: Place, key: str) -> Chain:
    """Check a finished stage and all it was made from, each file by its SHA-256."""
    found: dict[str, list[str]] = {"whole": [], "gone": [], "damaged": []}
    if not isinstance(place, S3Folder) and not (place / "store.json").is_file():
        return Chain(whole=(), gone=(key,), damaged=())
    store, waiting, seen = open_store(place), [key], {key}
    while waiting:
        key = waiting.pop()
        try:
            manifest = _manifest(store, key)
        except FileNotFoundError:
            found["gone"].append(key)
            continue
        found["whole" if manifest else "damaged"].append(key)
        fresh = [k for k in _named((manifest or {}).get("reads")) if k not in seen]
        seen.update(fresh)
        waiting += fresh
    return Chain(**{how: tuple(keys) for how, keys in found.items()})
