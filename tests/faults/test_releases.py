"""SIGKILL at twenty moments of a model's life: history and alias never disagree."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact.runtime import read
from emoray.releases.history import names_in, releases_of
from emoray.releases.looking import productions
from emoray.releases.resolving import artifact_folder, find_artifact
from emoray.storage.location import Place
from emoray.storage.s3 import S3Folder
from emoray.tables.files import read_table
from emoray.tables.release_rows import ReleaseRow
from emoray.tables.releases import FILE
from tests.artifact.finished import make_artifact
from tests.conftest import ROOT
from tests.promotion.conftest import texts

__all__ = ["texts"]
pytestmark = pytest.mark.faults
MOMENTS = 20
LIFE = ["add", "promote", "add", "promote", "rollback"]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("shelf")
    make_artifact(folder / "good")
    make_artifact(folder / "equal", sharpness=1.25)
    yield folder


@pytest.fixture(params=["disk", "bucket"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A folder here, and one of a real S3 server."""
    return tmp_path if request.param == "disk" else request.getfixturevalue("s3")


def live(models: Place, shelf: Path, texts: Path, at: int) -> subprocess.CompletedProcess[str]:
    words = (sys.executable, "-m", "tests.faults.releasing", models, shelf, texts, at)
    return subprocess.run([str(w) for w in words], cwd=ROOT, capture_output=True, text=True)


def check_files(artifact: Place, brought: Path) -> None:
    """Every file of an artifact is what its manifest says."""
    if isinstance(artifact, S3Folder):
        for name in artifact.names():
            artifact.download(name, brought / artifact.name / name)
        artifact = brought / artifact.name
    read(artifact)


def check(model: Place, brought: Path) -> list[str]:
    """History, aliases and artifacts of a model agree; returns its actions."""
    releases = releases_of(model)
    for sha in {sha for each in releases for sha in (each.artifact, *each.aliases.values())}:
        check_files(artifact_folder(model, sha), brought)
    for count in range(1, len(releases) + 1):
        stack = productions(releases[:count])
        assert releases[count - 1].aliases.get("production") == (stack[-1] if stack else None)
    if FILE in names_in(model):
        rows = read_table(model / FILE, ReleaseRow).column("artifact_sha256").to_pylist()
        assert rows == [release.artifact for release in releases][: len(rows)]
    if releases and "production" in releases[-1].aliases:
        found = find_artifact("model:emo@production", model.parent)
        assert found.name == releases[-1].aliases["production"]
    return [release.action for release in releases]


def test_whatever_is_killed_history_and_alias_agree(
    root: Place, shelf: Path, texts: Path, tmp_path: Path
) -> None:
    whole = live(root / "whole", shelf, texts, 0)
    assert whole.returncode == 0, whole.stderr
    changes = int(whole.stdout)
    assert check(root / "whole" / "emo", tmp_path / "whole") == LIFE
    reached = []
    for at in np.unique(np.linspace(1, changes, MOMENTS).astype(int)):
        models, brought = root / f"killed-{at}", tmp_path / f"brought-{at}"
        killed = live(models, shelf, texts, int(at))
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        actions = check(models / "emo", brought)
        assert actions == LIFE[: len(actions)], "what was done is a beginning of the whole"
        reached.append(len(actions))
        again = live(models, shelf, texts, 0)
        assert again.returncode == 0, again.stderr
        check(models / "emo", brought)
        rows = read_table(models / "emo" / FILE, ReleaseRow)
        assert rows.num_rows == len(releases_of(models / "emo")), "the table has caught up"
    assert len(reached) == MOMENTS and reached == sorted(reached) and reached[-1] == len(LIFE)
