"""What every new worker waits for."""

import subprocess
import sys

from tests.conftest import ROOT

HEAVY = ("numpy", "pandas", "scipy", "pyarrow", "boto3", "onnxruntime", "torch", "tensorflow")


def test_a_worker_imports_nothing_heavy_before_it_knows_its_stage() -> None:
    code = (
        "import sys, ray; before = set(sys.modules); import emoray.distributed.run_stage\n"
        f"print([name for name in {HEAVY} if name in set(sys.modules) - before])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"
