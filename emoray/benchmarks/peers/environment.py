"""Virtual environments of the peers, whose requirements conflict with those of emoray."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from filelock import FileLock

from emoray import NO_TELEMETRY

INSTALL_S = 3600
READY = "ready"
NOT_INHERITED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
QUIET = {  # a tool that is measured neither reports nor fetches
    **NO_TELEMETRY,
    "OLIVE_DISABLE_TELEMETRY": "1",
    "BENTOML_DO_NOT_TRACK": "True",
    "HF_HUB_OFFLINE": "1",
    "PYTHONNOUSERSITE": "1",
}


class PeerError(Exception):
    """A peer could not be installed or run. The message is one line for a table."""


def last_line(output: str) -> str:
    """The line with the error: Python and pip write it last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if not line.startswith(("[notice]", "WARNING"))]
    return (errors or lines or ["it said nothing"])[-1][:300]


def call(command: Sequence[str | Path], *, seconds: float, folder: Path, what: str) -> str:
    """Run a command in a folder and return its output; PeerError when it fails."""
    inherited = {k: v for k, v in os.environ.items() if k not in NOT_INHERITED}
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env=inherited | QUIET,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PeerError(f"{what} took longer than {seconds:,.0f} s") from None
    except OSError as error:
        raise PeerError(f"{what} could not start: {error.strerror}") from None
    if done.returncode:
        raise PeerError(f"{what}: {last_line(done.stderr or done.stdout)}")
    return done.stdout


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment with these requirements, each pinned."""

    tag: ClassVar[str] = "Environment"

    name: str
    requirements: tuple[str, ...]

    def __post_init__(self) -> None:
        if loose := [text for text in self.requirements if "==" not in text]:
            raise ValueError(
                f"a peer's requirements are pinned, got {', '.join(loose)}: write name==version"
            )

    def folder(self, cache: Path) -> Path:
        """Where it lies: another list of requirements is another environment."""
        text = "\n".join((sys.version.split()[0], *self.requirements))
        return cache / f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def interpreter(self, cache: Path) -> Path:
        """The environment's Python, installed when it is not there yet; PeerError if that fails."""
        folder = self.folder(cache).absolute()
        python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if (folder / READY).is_file():
                return python
            shutil.rmtree(folder, ignore_errors=True)
            what = f"installing {self.name}"
            call([sys.executable, "-m", "venv", folder], seconds=600, folder=cache, what=what)
            pip: list[str | Path] = [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]
            call([*pip, *self.requirements], seconds=INSTALL_S, folder=cache, what=what)
            (folder / READY).touch()
        return python
