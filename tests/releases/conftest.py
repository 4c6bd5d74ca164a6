from pathlib import Path

import pytest

from emoray.storage.location import Place
from emoray.storage.s3 import S3Folder


@pytest.fixture(params=["disk", "bucket"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where models lie: here and in a bucket."""
    if request.param == "disk":
        return tmp_path / "models"
    s3: S3Folder = request.getfixturevalue("s3")
    return s3 / "models"
