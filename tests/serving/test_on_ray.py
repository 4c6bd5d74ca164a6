"""The service as a deployment of Ray Serve: its options, its needs, a replica that answers."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from emoray.artifact.runtime import load
from emoray.serving import extra
from emoray.serving.on_ray import deployment, service_of
from tests.conftest import ROOT
from tests.serving import made

SERVED = """
import json, socket, sys, urllib.error, urllib.request
import ray
from ray import serve
from emoray.serving.on_ray import deployment

artifact, *texts = sys.argv[1:]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
serve.start(http_options={"host": "127.0.0.1", "port": port})
found = {}
try:
    serve.run(deployment({"artifact": artifact + "-none"}), name="none", route_prefix="/none")
except RuntimeError as error:
    found["none"] = str(error)
serve.delete("none")
serve.run(deployment({"artifact": artifact, "max_texts": 8}), route_prefix="/")
for name, asked in (("answer", texts), ("refusal", texts * 9)):
    body = json.dumps({"texts": asked}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/predict", body, headers)
    try:
        found[name] = json.load(urllib.request.urlopen(request))
    except urllib.error.HTTPError as error:
        found[name] = {"status": error.code, **json.load(error)}
found["model"] = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/model"))
serve.shutdown()
print(json.dumps(found))
"""


def test_options_are_those_of_the_service() -> None:
    found = service_of({"artifact": "a", "max-texts": "8", "log_texts": "true", "shadow": "b"})
    assert (found.artifact, found.limits.texts, found.shadow) == ("a", 8, "b")
    assert found.log.texts and found.threads == 1
    assert service_of({"artifact": "a", "threads": 3, "log_texts": False}).threads == 3


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"artifact": "a", "port": 80}, "port of a service on Ray is Ray's own, got 80: leave"),
        ({"artifact": "a", "colour": "red"}, "options of jobs.serve, got unrecognized .*colour"),
        ({"artifact": "a", "max_texts": 0}, "got argument --max-texts: must be at least 1, got 0"),
        ({}, "options of jobs.serve, got the following arguments are required: ARTIFACT"),
    ],
    ids=["port", "unknown", "value", "none"],
)
def test_options_that_cannot_be_are_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        service_of(asked)


def test_what_is_missing_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "fastapi" else name)
    with pytest.raises(ValueError, match=r"fastapi not found: pip install 'emoray\[serve-ray\]'"):
        deployment({"artifact": "a"})


def python_with_ray_serve(folder: Path) -> Path:
    """An environment with what is installed here, and Ray Serve's own packages beside it."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    found = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    (Path(found.stdout.strip()) / "here.pth").write_text(sysconfig.get_path("purelib"))
    needs = [
        *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--constraint", str(ROOT / "constraints.txt"), "ray[serve]"),
    ]
    subprocess.run([python, *needs], check=True)
    return python


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_replica_answers_as_the_artifact_does(tmp_path: Path) -> None:
    artifact = made.artifact(tmp_path / "artifact")
    python = python_with_ray_serve(tmp_path / "environment")
    ended = subprocess.run(
        [python, "-c", SERVED, str(artifact), *made.TEXTS],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    alone = load(artifact)(made.TEXTS)
    assert [one["labels"] for one in found["answer"]["predictions"]] == alone.labels
    assert found["refusal"]["status"] == 422 and "at most 8 texts" in found["refusal"]["error"]
    assert found["model"]["limits"]["texts"] == 8
    assert "none" in found, "an artifact that is not there fails its deployment"
