"""What a service does not load."""

from pathlib import Path

import pytest

from emoray.artifact import runtime
from emoray.serving.engine import Engine
from tests.artifact.test_feature_reader import files


def test_an_artifact_of_features_is_refused(tmp_path: Path) -> None:
    runtime.write(tmp_path / "artifact", files())
    with pytest.raises(ValueError, match=r"answers texts, got an artifact of features.*in Python"):
        Engine(folder=tmp_path / "artifact")
