from pathlib import Path

import pytest

from emoray.artifact.loading import open_artifact
from emoray.stages.artifact_scoring import Judge, Wanted, judge
from emoray.workflows.calibration import Calibrated, calibrate_artifact
from tests.trial.finished.made import make_artifact


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An overconfident artifact that decides at one half; tests only read it."""
    return make_artifact(tmp_path_factory.mktemp("finished") / "model", sharpness=3.0)


@pytest.fixture(scope="session")
def court(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """That artifact before the embedded sample."""
    wanted = Wanted(out=tmp_path_factory.mktemp("court"), download=False)
    return judge(open_artifact(made), wanted)


@pytest.fixture(scope="session")
def calibrated(court: Judge) -> Calibrated:
    return calibrate_artifact(court)
