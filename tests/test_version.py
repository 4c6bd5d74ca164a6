"""What emoray says of its version, installed or not, and that asking costs nothing."""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import emoray
from tests.conftest import ROOT

JOBS = sorted(p.stem for p in (ROOT / "jobs").glob("*.py") if "\napp = Job(" in p.read_text())
SAID = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
ASKED = """
import importlib, sys
from typer.testing import CliRunner
for job in sys.argv[1:]:
    answer = CliRunner().invoke(importlib.import_module(f"jobs.{job}").app, ["--version"])
    print(job, answer.exit_code, answer.output.strip())
print("heavy", *{"numpy", "pandas", "ray", "tensorflow", "torch"} & set(sys.modules))
"""


def test_the_version_is_the_installed_packages() -> None:
    assert emoray.__version__ == metadata.version("emoray") == SAID
    with pytest.raises(AttributeError, match="module 'emoray' has no attribute 'versions'"):
        emoray.__getattr__("versions")


def test_every_job_says_the_version_and_needs_nothing_else_for_it() -> None:
    told = subprocess.run(
        [sys.executable, "-c", ASKED, *JOBS], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert told.stdout.split("\n")[:-1] == [*(f"{job} 0 emoray {SAID}" for job in JOBS), "heavy"]


@pytest.mark.parametrize("project", [True, False], ids=["checkout", "lone folder"])
def test_a_checkout_that_nobody_installed_knows_its_version(tmp_path: Path, project: bool) -> None:
    (tmp_path / "emoray").mkdir()
    shutil.copy(ROOT / "emoray" / "__init__.py", tmp_path / "emoray")
    if project:
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
    words = [sys.executable, "-S", "-c", "import emoray; print(emoray.__version__)"]
    # An installed checkout keeps its metadata beside the code, where PYTHONPATH would find it.
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    told = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=bare, check=True)
    assert told.stdout.strip() == (SAID if project else emoray.UNKNOWN)
