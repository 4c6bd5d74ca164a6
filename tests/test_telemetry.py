"""Nothing here reports its use: no file in the user's home, whatever way an artifact is loaded."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from emoray import NO_TELEMETRY
from emoray.artifact import runtime as artifact
from emoray.artifact.packaging import base_files, decision_json
from emoray.benchmarks.peers.environment import QUIET
from emoray.export.graph import build_graph
from emoray.labels import EKMAN
from emoray.quant.scheme import ModelScheme
from emoray.text.vocabulary import Vocabulary
from emoray.text.words import rules_json
from tests.export.made import WORDS, network

ROOT = Path(__file__).parent.parent
LOADED = "import sys\nfrom {module} import load\nprint(load(sys.argv[1])(sys.argv[2:]).labels)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = Vocabulary(words=tuple(f"w{i}" for i in range(WORDS - 2))).to_text()
    rules = rules_json() | {"max_tokens": 64}
    model = build_graph(network(), ModelScheme()).file
    base = base_files(model, vocabulary=words, tokenizer=rules, labels=EKMAN.labels)
    target = tmp_path_factory.mktemp("shipped") / "artifact"
    artifact.write(target, base | {artifact.DECISION: decision_json(1.0, [0.0] * 7, "fixed")})
    return target


def readme_lines() -> str:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if "onnxruntime.InferenceSession" in block]
    return str(found)


def run_in_an_empty_home(home: Path, code: str, folder: Path, *path: Path, said: str = "") -> str:
    """Run code in a fresh process that inherits no setting; returns what it printed."""
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if k not in NO_TELEMETRY}
    places = {name: str(home / name) for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "TMPDIR")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), "w1 w2 w3"],
        env=kept
        | places
        | {"HOME": str(home), "PYTHONPATH": os.pathsep.join(map(str, path))}
        | {name: said for name in NO_TELEMETRY},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("way", ["emoray", "artifact.py alone", "README's lines"])
def test_an_artifact_is_loaded_and_no_file_is_written(
    way: str, folder: Path, tmp_path: Path
) -> None:
    if way == "emoray":
        code, path = LOADED.format(module="emoray.artifact.runtime"), ROOT
    elif way == "artifact.py alone":
        code, path = LOADED.format(module="artifact"), tmp_path / "alone"
        path.mkdir()
        shutil.copy(artifact.__file__, path / "artifact.py")
    else:
        code, path = readme_lines(), tmp_path
    assert run_in_an_empty_home(tmp_path / "home", code, folder, path).strip()
    assert [p for p in (tmp_path / "home").rglob("*") if p.is_file()] == []


def test_a_setting_of_the_users_own_is_heeded(folder: Path, tmp_path: Path) -> None:
    code = "import os, emoray; print(sorted({os.environ[n] for n in emoray.NO_TELEMETRY}))"
    assert "['mine']" in run_in_an_empty_home(tmp_path / "home", code, folder, ROOT, said="mine")


def test_every_process_of_a_cluster_finds_the_settings() -> None:
    runtime = yaml.safe_load((ROOT / "cluster/runtime-env.yaml").read_text())["env_vars"]
    assert runtime.items() >= NO_TELEMETRY.items()
    assert QUIET.items() >= NO_TELEMETRY.items()
    for name in ("cluster/Dockerfile", "ray-cluster.yaml"):
        text = (ROOT / name).read_text()
        assert all(f"{setting}={value}" in text for setting, value in NO_TELEMETRY.items()), name


def test_whoever_imports_onnxruntime_has_switched_it_off_before() -> None:
    script = "import emoray.artifact.scoring, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    kept = {k: v for k, v in os.environ.items() if k not in NO_TELEMETRY}
    done = subprocess.run(
        [sys.executable, "-c", script], env=kept, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == 1
