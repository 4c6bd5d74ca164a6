"""The service held to its own /openapi.json by made requests, right and wrong ones."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import made
from tests.serving.made import ready, served

SETTINGS = """
[checks.negative_data_rejection]
expected-statuses = [400, 413, 415, 422]
"""


@pytest.mark.long
def test_made_requests_find_no_answer_outside_the_contract(tmp_path: Path) -> None:
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS)
    with served(made.artifact(tmp_path / "artifact"), tmp_path / "said.txt") as found:
        ready(found)
        done = subprocess.run(
            [
                *(Path(sys.executable).with_name("schemathesis"), "--config-file", settings),
                *("run", f"http://127.0.0.1:{found.port}/openapi.json"),
                *("--max-examples", "200", "--seed", "1", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        assert "No issues found" in done.stdout
        assert found.predict({"text": "still there?"}).status == 200
