"""What the environment holds in confidence stands in no output."""

import os
from collections.abc import Iterator
from pathlib import Path

from tests.canaries import CANARIES
from tests.conftest import HOME
from tests.runs import Run


def secrets() -> dict[str, bytes]:
    """Every secret of the tests' environment, by name."""
    found = {name: CANARIES[name].split(":")[-1].split("@")[0] for name in CANARIES}
    found["AWS_SECRET_ACCESS_KEY"] = os.environ["AWS_SECRET_ACCESS_KEY"]
    found["RAY_AUTH_TOKEN_PATH"] = Path(os.environ["RAY_AUTH_TOKEN_PATH"]).read_text()
    return {name: value.encode() for name, value in found.items()}


def files(folder: Path) -> Iterator[Path]:
    """Every plain file below, logs that are being written included."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def test_the_secrets_are_there_to_be_found() -> None:
    assert all(len(secret) > 12 for secret in secrets().values())
    assert all(os.environ[name] == value for name, value in CANARIES.items())


def test_no_output_of_a_run_holds_a_secret(smoke: Run) -> None:
    """Tables, artifacts, report, store and journal; Ray's logs of that session."""
    outputs = [*files(Path(str(smoke.sweep.out)))]
    logs = [path for ray in HOME.glob("emoray-*/r") for path in files(ray)]
    assert {"points.parquet", "journal.jsonl", "report.html"} <= {path.name for path in outputs}
    assert any(path.name == "gcs_server.out" for path in logs)
    leaks = [
        f"{name} in {path}"
        for path in (*outputs, *logs)
        for content in [path.read_bytes()]
        for name, secret in secrets().items()
        if secret in content
    ]
    assert leaks == []
