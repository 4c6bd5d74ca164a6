"""A finished stage: its files, its manifest, and the check that they belong together."""

import hashlib
import json
import os
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
ANEW = "_anew"  # replacements of damaged stages that cannot be moved away


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=100_000)
def _sha256_of(path: Path, state: tuple[int, ...]) -> str:
    return file_sha256(path)


def _checked_sha256(path: Path) -> str:
    """SHA-256 of a file, read once a process for as long as the file's state stays."""
    at = path.stat()
    return _sha256_of(path, (at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns))


@dataclass(frozen=True, slots=True)
class Done:
    """A finished stage: its folder, and the seconds that making it took."""

    folder: Path
    wall_seconds: float
    cpu_seconds: float
    cached: bool


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Read the manifest of a stage's folder; None where a file differs from its hash."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        whole = all(_checked_sha256(folder / f) == sha for f, sha in manifest["files"].items())
        return manifest if whole and {"wall_seconds", "cpu_seconds"} <= set(manifest) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def folder_in(root: Path, stage: str, key: str) -> Path:
    """The folder of a stage in a store on disk, whether it exists or not."""
    among = root / "stages" / stage
    anew = among / ANEW / key
    return anew / key if anew.is_dir() else among / key


def found_in(folder: Path, manifest: dict[str, Any]) -> Done:
    """A finished stage that was not made now."""
    return Done(folder, manifest["wall_seconds"], manifest["cpu_seconds"], cached=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file atomically."""
    part = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        part.write_text(text)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
