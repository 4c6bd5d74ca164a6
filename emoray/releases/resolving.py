"""Find the artifact that `model:NAME@ALIAS` names: the one place where such names are looked up.

Models lie below the folder or bucket of the environment variable `EMORAY_MODELS`, else `models`.
"""

import hashlib
import os
import re
from pathlib import Path

from emoray.releases.history import (
    Folder,
    models_in,
    newest_release,
    numbers_of,
    releases_of,
)
from emoray.releases.names import ALIASES, SHORT, ReleasedName, is_released
from emoray.releases.record import Release
from emoray.storage.s3 import S3Folder

MODELS = "EMORAY_MODELS"
USUAL_ROOT = "models"
DIGITS = re.compile("[0-9a-f]{64}")
ARTIFACTS = "artifacts"  # folder of a model's artifacts, each below its SHA-256
MANIFEST = "manifest.json"


def models_root() -> Folder:
    """Where models lie, by the environment."""
    text = os.environ.get(MODELS) or USUAL_ROOT
    return S3Folder.of(text) if text.startswith("s3://") else Path(text)


def _known_models(root: Folder) -> str:
    found = models_in(root)
    known = ", ".join(found) or "none"
    return (
        f"in {root} {known}: `python -m jobs.release add` makes one, and {MODELS} says where they "
        "lie"
    )


def model_folder(name: str, root: Folder | None = None) -> Folder:
    """The folder of a model that has a release; ValueError lists those that exist."""
    root = models_root() if root is None else root
    folder = root / name
    if not numbers_of(folder):
        raise ValueError(
            f"a model is added before it is named, got {name!r} and {_known_models(root)}"
        )
    return folder


def aliases_in_words(release: Release) -> str:
    """What every alias of a model points to after a release."""
    return ", ".join(
        f"{alias} {release.aliases[alias][:SHORT]}" if alias in release.aliases else f"no {alias}"
        for alias in ALIASES
    )


def _by_alias(named: ReleasedName, folder: Folder) -> str:
    newest = newest_release(folder)
    assert newest is not None, "a model has a release"
    if (found := newest.aliases.get(named.which)) is not None:
        return found
    how = "add" if named.which == "candidate" else "promote"
    raise ValueError(
        f"an alias points to an artifact, {named} to none (release {newest.number} in {folder}: "
        f"{aliases_in_words(newest)}): name another, or "
        f"`python -m jobs.release {how} {named.model}`"
    )


def _by_digits(named: ReleasedName, folder: Folder) -> str:
    known = list(dict.fromkeys(release.artifact for release in releases_of(folder)))
    found = [sha for sha in known if sha.startswith(named.which)]
    if len(found) == 1:
        return found[0]
    what = "several artifacts" if found else "no artifact"
    shown = ", ".join(sha[:SHORT] for sha in (found or known))
    raise ValueError(f"{named} names one artifact of {folder}, got {what}: name one of {shown}")


def artifact_folder(model: Folder, sha256: str) -> Folder:
    """Where the artifact of that SHA-256 lies, there or not."""
    return model / ARTIFACTS / sha256


def check_whole(model: Folder, sha256: str) -> None:
    """Refuse (ValueError) an artifact that is not there, or whose manifest is another's."""
    at = artifact_folder(model, sha256)
    try:
        manifest = at.read(MANIFEST) if isinstance(at, S3Folder) else (at / MANIFEST).read_bytes()
        what = "its manifest.json is another's"
    except FileNotFoundError:
        manifest, what = b"", "there is no manifest.json"
    if hashlib.sha256(manifest).hexdigest() != sha256:
        raise ValueError(
            f"a released artifact lies under its SHA-256, {at} does not: {what}. `python -m "
            f"jobs.release add {model.name} ARTIFACT` puts the same artifact there again, and "
            f"`python -m jobs.release rollback {model.name}` goes back to the one before"
        )


def find_artifact(place: Folder | str, root: Folder | None = None) -> Folder:
    """Where the artifact lies that a job was given.

    Args:
        place: a folder, `s3://…`, or `model:NAME@…`.
        root: where models lie; None asks the environment.

    Returns:
        The folder, here or in a bucket. What is no `model:` comes back as it is; a name or an alias
        that is unknown, and a damaged release or artifact, are a ValueError.
    """
    text = str(place)
    if not is_released(text):
        if isinstance(place, str):
            return S3Folder.of(place) if place.startswith("s3://") else Path(place)
        return place
    named = ReleasedName.of(text)
    folder = model_folder(named.model, root)
    sha256 = _by_alias(named, folder) if named.which in ALIASES else _by_digits(named, folder)
    check_whole(folder, sha256)
    return artifact_folder(folder, sha256)


def local_artifact(place: Folder | str, root: Folder | None = None) -> Path:
    """The same on this machine: of a bucket a copy in the user's cache, made once."""
    found = find_artifact(place, root)
    if isinstance(found, Path):
        return found
    from emoray.storage.location import local_copy  # its packages are not in an image that serves

    return local_copy(found)


def artifact_sha256(place: Folder | str) -> str:
    """The SHA-256 that an artifact has at this moment, without a copy of it."""
    found = find_artifact(place)
    data = found.read(MANIFEST) if isinstance(found, S3Folder) else (found / MANIFEST).read_bytes()
    return hashlib.sha256(data).hexdigest()


def model_of(place: Folder) -> str:
    """The model that an artifact's folder was released for; empty of any other folder."""
    *_, model, artifacts, sha256 = ("", "", "", *str(place).split("/"))
    return model if artifacts == ARTIFACTS and DIGITS.fullmatch(sha256) else ""


def artifact_name(place: Folder) -> str:
    """What an artifact is called in tables and folders: `emotions-5f2c1a9b04de` of a released one.

    Of a name that is not looked up yet `emotions-production`.

    Returns:
        One part of a path.
    """
    if is_released(str(place)):
        named = ReleasedName.of(str(place))
        return f"{named.model}-{named.which}"
    if model := model_of(place):
        return f"{model}-{place.name[:SHORT]}"
    return place.resolve().name if isinstance(place, Path) else place.name
