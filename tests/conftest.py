"""What every test stands on: a home, a cache and a Ray of its own, nothing of the user's."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emoray.storage.s3 import S3Folder
from tests.canaries import CANARIES
from tests.storage.server import BUCKET, Server

if TYPE_CHECKING:
    from tests.fleet.conftest import Run

ROOT = Path(__file__).parent.parent
SERVER = Server()  # of S3: started when a test asks for it, at an address that all processes know


def _own_home() -> Path:
    """A home of the tests' own, and an environment in which nothing points elsewhere."""
    home = Path(tempfile.mkdtemp(prefix="emoray-", dir="/tmp"))  # Ray's sockets need short paths
    token = home / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32))
    for name in ("RAY_ADDRESS", "RAY_AUTH_TOKEN"):
        os.environ.pop(name, None)
    os.environ |= {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "KERAS_HOME": str(home / "keras"),
        "PYTHONPATH": str(ROOT),  # workers and jobs find emoray wherever they start
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_TMPDIR": str(home),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "CUDA_VISIBLE_DEVICES": "-1",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
    }
    os.environ |= SERVER.environment | CANARIES
    return home


# On import, because Ray and Keras read the environment when they are imported: this file is first.
HOME = _own_home()


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded sample, whatever the shell says."""
    monkeypatch.delenv("EMORAY_DATA", raising=False)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    """The one S3 server of the session, with an empty bucket."""
    SERVER.start(HOME / "s3")
    yield SERVER
    SERVER.stop()


@pytest.fixture
def s3(s3_server: Server) -> S3Folder:
    """A folder of the test's own in the server's bucket."""
    return S3Folder(BUCKET, f"tests/{secrets.token_hex(6)}")


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """The one Ray of the session: two processors, a folder of its own.

    It keeps idle workers: each that has loaded TensorFlow once is worth many seconds.
    """
    from emoray.distributed.connection import Cluster, connected

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_idle_worker_killing_time_threshold_ms", str(24 * 3600 * 1000))
        with connected(Cluster(cpus=2)):
            yield


@pytest.fixture(scope="session")
def smoke(local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> "Run":
    """The space `smoke`, swept once. Tests may sweep it again but must change nothing in it."""
    from emoray.workflows.sweep import Sweep
    from tests.fleet.conftest import swept

    out = tmp_path_factory.mktemp("smoke") / "out"
    return swept(Sweep(space="smoke", out=out, download=False))
