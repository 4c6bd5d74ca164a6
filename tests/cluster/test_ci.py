"""The model validation of .circleci/config.yml: its own command lines, on a tiny checkpoint."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from emoray.tables.files import read_table
from emoray.tables.finished_rows import CompressionRow
from tests.cluster.head import ROOT
from tests.workflows.checkpoints import tiny

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / ".circleci" / "config.yml").read_text("utf-8"))
JOB = CONFIG["jobs"]["model-validation"]


def command(name: str) -> str:
    """The command line of the step of that name."""
    (found,) = [
        s["run"]["command"]
        for s in JOB["steps"]
        if s != "install" and "run" in s and s["run"]["name"] == name
    ]
    return str(found)


def validated(model: Path, out: Path, **gates: str) -> subprocess.CompletedProcess[str]:
    """The step's command on this model, its folders replaced, nothing downloaded."""
    line = command("Calibration test and compression test")
    line = line.replace("$PWD/.venv/bin", str(Path(sys.executable).parent))
    line, models = re.subn(r'"\$\(ls .*?\)"', f'"{model}"', line)
    line, outs = re.subn(r"results/validated", str(out), line)
    assert (models, outs) == (1, 1)
    settings = {**JOB["environment"], **gates, "EMORAY_VALIDATE_OPTIONS": "--corpus sample"}
    kept = {name: value for name, value in os.environ.items() if name != "EMORAY_DATA"}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", line],
        cwd=ROOT,
        env=kept | settings,
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_every_commit_is_tested_and_a_model_validated() -> None:
    assert set(CONFIG["workflows"]["every-commit"]["jobs"]) == {"test", "model-validation"}
    assert set(JOB["environment"]) == {"MIN_MACRO_F1", "MAX_ECE", "MAX_SIZE_MB"}
    sweep = command("A small checkpoint")
    assert "python -m jobs.sweep --space bert-smoke" in sweep and "--out results/ci" in sweep
    assert "results/ci/_store/stages/finetune/" in command("Calibration test and compression test")


@pytest.mark.long
def test_a_model_passes_the_gates_or_fails_where_they_are_missed(tmp_path: Path) -> None:
    model, out = tiny(tmp_path / "model"), tmp_path / "out"
    good = validated(model, out, MIN_MACRO_F1="0", MAX_ECE="1")
    assert good.returncode == 0, good.stdout + good.stderr
    rows = read_table(out / "compressed/compression.parquet", CompressionRow).to_pylist()
    assert {row["name"] for row in rows} >= {"float", "int8"}
    bad = validated(model, out, MIN_MACRO_F1="0.99", MAX_ECE="1")
    assert bad.returncode == 1 and "macro" in bad.stderr, bad.stdout + bad.stderr


def test_the_usage_is_said_where_words_are_missing() -> None:
    script = ROOT / "cluster" / "validate_model.sh"
    said = subprocess.run([script], capture_output=True, text=True)
    assert said.returncode != 0 and "usage" in said.stderr


@pytest.mark.parametrize("folder", [".circleci/config.yml", "cluster/rayjob.yaml"])
def test_files_that_others_run_hold_no_tabs_and_no_secrets(folder: str) -> None:
    text = (ROOT / folder).read_text()
    assert "\t" not in text and not re.search(r"AKIA[0-9A-Z]{16}", text)
