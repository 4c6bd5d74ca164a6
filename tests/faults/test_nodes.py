"""A node dies with what it was doing, and another one comes."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from emoray.storage.store.cleanup import clear_leftovers
from emoray.storage.store.local import Store
from tests.conftest import ROOT
from tests.faults.tolls import begun_again

pytestmark = pytest.mark.faults


def test_stages_of_a_node_that_dies_are_made_on_another(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with tempfile.TemporaryDirectory(prefix="e-", dir="/tmp", ignore_cleanup_errors=True) as short:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.nodes", store.root],
            cwd=ROOT,
            env=os.environ | {"RAY_TMPDIR": short},
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    said = json.loads(line)
    assert said["done"] == 7 and not said["failed"]
    assert said["nodes"] == 3 and said["killed"], "one died at work, one came"
    assert begun_again(store.journal()) == Counter(said["killed"])
    clear_leftovers(store)
    assert not list(store.root.glob("stages/*/.*"))
