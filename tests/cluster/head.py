"""A Ray started by cluster/local.sh, and its users."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
OURS = ("RAY_AUTH", "RAY_ADDRESS", "RAY_API", "RAY_TMPDIR", "RAY_ENABLE", "EMORAY", "PYTHONPATH")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
        lines = (self.folder / "environment").read_text().splitlines()
        return self.bare | dict(line.removeprefix("export ").split("=", 1) for line in lines)

    def script(self, *words: str) -> subprocess.CompletedProcess[str]:
        """cluster/local.sh with these words."""
        settings = {
            "EMORAY_CLUSTER": str(self.folder),
            "EMORAY_PORT": str(self.port),
            "EMORAY_DASHBOARD_PORT": str(self.dashboard),
        }
        return subprocess.run(
            [ROOT / "cluster" / "local.sh", *words],
            env=self.bare | settings,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def job(
        self, *words: str, environment: dict[str, str] | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """`ray job WORDS`, from the repository's root as the README says."""
        return subprocess.run(
            ["ray", "job", *words],
            cwd=ROOT,
            env=self.environment if environment is None else environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )

    def processes(self) -> list[int]:
        """Ids of what `up` started: all of it stays in one process group."""
        group = (self.folder / "pid").read_text().strip()
        found = subprocess.run(["ps", "-eo", "pid=,pgid="], capture_output=True, text=True)
        rows = [line.split() for line in found.stdout.splitlines()]
        return [int(pid) for pid, pgid in rows if pgid == group]
