import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.head import Head, free_port


@pytest.fixture(scope="package")
def head() -> Iterator[Head]:
    """A Ray by cluster/local.sh, of two CPUs."""
    with tempfile.TemporaryDirectory(prefix="emoray-", dir="/tmp") as base:  # a short path
        head = Head(folder=Path(base) / "a c", port=free_port(), dashboard=free_port())
        up = head.script("up", "--num-cpus", "2")
        try:
            assert up.returncode == 0, up.stdout + up.stderr
            yield head
        finally:
            head.script("down")
