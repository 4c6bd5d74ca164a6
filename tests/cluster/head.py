"""A Ray started by cluster/local.sh, and its users."""

import os
import shlex
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
OURS = ("RAY_AUTH", "RAY_ADDRESS", "RAY_API", "RAY_TMPDIR", "RAY_ENABLE", "EMORAY", "PYTHONPATH")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Finished: TypeAlias = subprocess.CompletedProcess[str]


def said_by(line: list[str], stand: Path, environment: dict[str, str], timeout: float) -> Finished:
    """A command's end, all that it said together."""
    return subprocess.run(
        line,
        cwd=stand,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )


@dataclass(frozen=True, kw_only=True)
class Head:
    """The cluster of one folder, up or down."""

    folder: Path
    port: int
    dashboard: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.dashboard}"

    @property
    def bare(self) -> dict[str, str]:
        """The environment of a shell that knows nothing of this cluster."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        return kept | {"PATH": f"{BIN}:{os.environ['PATH']}"}

    @property
    def environment(self) -> dict[str, str]:
        """What `up` says to export."""
        words = shlex.split((self.folder / "environment").read_text())
        return self.bare | dict(word.split("=", 1) for word in words if word != "export")

    @property
    def settings(self) -> dict[str, str]:
        """What names this cluster to cluster/local.sh."""
        return {
            "EMORAY_CLUSTER": str(self.folder),
            "EMORAY_PORT": str(self.port),
            "EMORAY_DASHBOARD_PORT": str(self.dashboard),
        }

    def script(self, *words: str) -> Finished:
        """cluster/local.sh with these words."""
        return subprocess.run(
            [ROOT / "cluster" / "local.sh", *words],
            env=self.bare | self.settings,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def job(
        self, *words: str, environment: dict[str, str] | None = None, timeout: float = 120
    ) -> Finished:
        """`ray job WORDS`, from the repository's root."""
        return said_by(["ray", "job", *words], ROOT, environment or self.environment, timeout)

    def handed_in(self, *words: str, stand: Path, timeout: float = 120) -> Finished:
        """`cluster/submit.sh WORDS`, from wherever the user stands."""
        line = [str(ROOT / "cluster" / "submit.sh"), *words]
        return said_by(line, stand, self.environment, timeout)

    def processes(self) -> list[int]:
        """Ids of what `up` started: all of it stays in one process group."""
        group = (self.folder / "pid").read_text().strip()
        found = subprocess.run(["ps", "-eo", "pid=,pgid="], capture_output=True, text=True)
        rows = [line.split() for line in found.stdout.splitlines()]
        return [int(pid) for pid, pgid in rows if pgid == group]
