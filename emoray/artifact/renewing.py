"""Put an artifact where one may be already, without losing what a user did to that one.

A decision that was saved there stays, with its history; foreign files stay; a file of ours that
lost a byte is written again. Only what was made here, and is as it was made, is replaced.
"""

import json
import os
import re
import shutil
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path

from emoray.artifact.runtime import CARD, DECISION, MANIFEST, sha256

_UNFINISHED = re.compile(r"\.(.+)\.[0-9a-f]{8}(\.old)?")


def hidden_name(target: Path) -> Path:
    """A new name next to `target`, hidden from listings of artifacts."""
    return target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")


def _hashes(folder: Path) -> dict[str, str] | None:
    """The hashes of the manifest; None where it cannot be read."""
    try:
        hashes = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return hashes if isinstance(hashes, dict) else None


def _model(hashes: Mapping[str, str]) -> dict[str, str]:
    """The files that logits depend on."""
    return {name: each for name, each in hashes.items() if name not in (DECISION, CARD)}


def _has_foreign_files(folder: Path, ours: Collection[str]) -> bool:
    """Whether a folder holds anything but `ours`: a history, or somebody's file."""
    if not folder.is_dir() or folder.is_symlink():
        return True
    known = {*ours, MANIFEST, DECISION, CARD}
    return any(
        path.relative_to(folder).as_posix() not in known
        for path in folder.rglob("*")
        if not path.is_dir() or path.is_symlink()
    )


def is_as_made(folder: Path, known: Collection[str] | None) -> bool:
    """Whether an artifact was made here and nobody has changed it since.

    Args:
        folder: of the artifact.
        known: hashes of the manifests that were made; None where any is.

    Returns:
        False for a changed artifact, and for a folder that is none.
    """
    hashes = _hashes(folder)
    if hashes is None or _has_foreign_files(folder, hashes):
        return False
    return known is None or sha256((folder / MANIFEST).read_bytes()) in known


def _exchange(fresh: Path, target: Path) -> None:
    old = fresh.with_name(f"{fresh.name}.old")
    os.replace(target, old)
    os.replace(fresh, target)
    shutil.rmtree(old, ignore_errors=True)


def _mend(fresh: Path, target: Path, names: Collection[str]) -> None:
    """Write again those of the files that differ, each atomically."""
    for name in names:
        data, path = (fresh / name).read_bytes(), target / name
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = hidden_name(path)
            aside.write_bytes(data)
            os.replace(aside, path)


def _decision_is_whole(folder: Path, hashes: Mapping[str, str]) -> bool:
    try:
        return sha256((folder / DECISION).read_bytes()) == hashes.get(DECISION)
    except OSError:
        return False


def renew(fresh: Path, target: Path, known: Collection[str] | None = None) -> str:
    """Move an artifact from `fresh` to `target`.

    Args:
        fresh: a folder that is gone afterwards.
        target: where an artifact may be already.
        known: as for `is_as_made`.

    Returns:
        A note on the artifact that was there, empty where the fresh one is there now.
    """
    if not os.path.lexists(target):
        os.replace(fresh, target)
        return ""
    old, new = _hashes(target), _hashes(fresh)
    assert new is not None, "what was just made has a manifest"
    try:
        if old is not None and _model(old) == _model(new):
            own = (CARD,) if (fresh / CARD).is_file() else ()  # it describes what was shipped
            _mend(fresh, target, (*_model(new), *own))
            if not _decision_is_whole(target, old):
                _mend(fresh, target, (DECISION, MANIFEST))
            if (target / MANIFEST).read_bytes() == (fresh / MANIFEST).read_bytes():
                return ""
            if is_as_made(target, known):
                _exchange(fresh, target)
                return ""
            return f"{target.name} keeps the decision that was saved in it"
        damaged = old is None and not _has_foreign_files(target, new)
        if damaged or is_as_made(target, known):
            _exchange(fresh, target)
            return ""
        kept = target.with_name(f"{target.name}-before-{uuid.uuid4().hex[:8]}")
        os.replace(target, kept)
        os.replace(fresh, target)
        return f"{target.name} is of another model now; what stood there is kept as {kept.name}"
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def artifacts_in(folder: Path) -> set[str]:
    """The names of the artifacts in a folder, half-written ones too."""
    found = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    unfinished = [_UNFINISHED.fullmatch(name) for name in found]
    return {*found, *(left[1] for left in unfinished if left)}


def clear_made(
    folder: Path, known: Mapping[str, Collection[str]], ours: Collection[str] = ()
) -> None:
    """Remove the artifacts of a folder that are as they were made.

    Half-written ones that killed processes left, of the known names and of `ours`, go too;
    everything else in the folder stays.

    Args:
        folder: that holds the artifacts.
        known: by name the hashes of its manifest.
        ours: further names.
    """
    for path in list(folder.iterdir()) if folder.is_dir() else []:
        left = _UNFINISHED.fullmatch(path.name)
        unfinished = left is not None and left[1] in {*known, *ours}
        if unfinished or (path.name in known and is_as_made(path, known[path.name])):
            shutil.rmtree(path, ignore_errors=True)
