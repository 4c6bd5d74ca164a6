import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

READY = "emoray.models.word.tensorflow_process"


def imported(path: Path) -> list[str]:
    """The modules that a file imports at its top, in order."""
    names: list[str] = []
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return names


def is_tensorflow(name: str) -> bool:
    return name.partition(".")[0] in ("tensorflow", "keras")


FILES = [
    path
    for folder in ("emoray", "jobs", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if any(map(is_tensorflow, imported(path)))
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_process_is_made_ready_before_tensorflow_is_imported(path: Path) -> None:
    names = imported(path)
    first = next(i for i, name in enumerate(names) if is_tensorflow(name))
    assert READY in names[:first]


def test_files_that_import_tensorflow_are_found() -> None:
    assert ROOT / "emoray/models/word/keras_layers.py" in FILES


def test_what_torch_loads_late_is_loaded_first(tmp_path: Path) -> None:
    (tmp_path / "triton.py").write_text("print('triton')\n")
    told = subprocess.run(
        [sys.executable, "-c", f"import {READY}; print('ready')"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.split() == ["triton", "ready"]
