"""What every test stands on: a home, a cache and a Ray of its own, nothing of the user's."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


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
def local_ray() -> Iterator[None]:
    """The one Ray of the session: two processors, a folder of its own."""
    import ray

    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
    )
    yield
    ray.shutdown()
