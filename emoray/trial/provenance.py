"""What ran: libraries, processor, and the state of the checkout. Facts for the `runs` table."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from emoray.export.cpu import cpu

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


def provenance() -> Provenance:
    """Of this process, on this machine."""
    found = cpu()
    return Provenance(
        cpu=found.model,
        instruction_sets=found.instruction_sets,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        versions=", ".join(
            [f"python {platform.python_version()}", *(_version(library) for library in LIBRARIES)]
        ),
        git_commit=_git("rev-parse", "HEAD") or "",
        git_dirty=bool(_git("status", "--porcelain")),
    )
