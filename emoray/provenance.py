"""Provenance of a run: libraries, processor, and the state of the checkout."""

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from emoray.artifact.cpu import cpu

LIBRARIES = (
    "emoray",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "pyarrow",
    "ray",
    "optuna",
    "tensorflow",
    "keras",
    "torch",
    "transformers",
    "onnx",
    "onnxruntime",
    "boto3",
)
COMMIT_VARIABLE = "EMORAY_COMMIT"  # a whole hash, with `-dirty` behind it where files were changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Machine, library versions, commit."""

    cpu: str
    instruction_sets: str
    memory_bytes: int
    platform: str
    versions: str
    git_commit: str
    git_dirty: bool


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(library: str) -> str:
    try:
        return f"{library} {metadata.version(library)}"
    except metadata.PackageNotFoundError:
        return f"{library} not installed"


def _commit() -> tuple[str, bool]:
    """The commit of this code, and whether it was changed since.

    Without a `.git`, in a submitted job or in an image, it comes from an environment variable that
    cluster/submit.sh or the image has set. A checkout that merely holds an installed emoray does
    not count.

    Returns:
        The hash, empty where unknown, and whether there are uncommitted changes.
    """
    if _git("ls-files", "--error-unmatch", Path(__file__).name):
        return _git("rev-parse", "HEAD") or "", bool(_git("status", "--porcelain"))
    found = re.fullmatch(r"([0-9a-f]{40,64})(-dirty)?", os.environ.get(COMMIT_VARIABLE, ""))
    return (found[1], bool(found[2])) if found else ("", False)


def cpu_model() -> str:
    """The processor of this machine, as rows and keys name it."""
    return cpu().model


def provenance() -> Provenance:
    """Collect what this process runs on: processor, memory, libraries, commit."""
    found = cpu()
    commit, dirty = _commit()
    return Provenance(
        cpu=found.model,
        instruction_sets=found.instruction_sets,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        versions=", ".join(
            [f"python {platform.python_version()}", *(_version(library) for library in LIBRARIES)]
        ),
        git_commit=commit,
        git_dirty=dirty,
    )
