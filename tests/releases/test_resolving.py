import os
import subprocess
import sys
from pathlib import Path

import pytest

from emoray.artifact.runtime import MANIFEST
from emoray.releases.history import releases_of
from emoray.releases.resolving import (
    artifact_folder,
    artifact_name,
    artifact_sha256,
    find_artifact,
    local_artifact,
    model_of,
)
from emoray.storage.location import Place
from emoray.storage.s3 import S3Folder
from tests.conftest import ROOT
from tests.releases.made import files, in_production, release, sha_of


def test_an_alias_is_the_artifact_that_the_newest_release_says(root: Place) -> None:
    model = root / "emotions"
    in_production(model)
    assert find_artifact("model:emotions@production", root) == artifact_folder(model, sha_of(1))
    assert find_artifact("model:emotions@candidate", root) == artifact_folder(model, sha_of(2))
    release(model, 2, "promote", production=sha_of(2))
    found = local_artifact("model:emotions@production", root)
    assert {p.name: p.read_bytes() for p in found.iterdir()} == files(2)


def test_the_first_digits_name_an_artifact_of_the_history(root: Place) -> None:
    in_production(root / "emotions")
    for digits in (6, 12, 64):
        named = f"model:emotions@{sha_of(1)[:digits]}"
        assert find_artifact(named, root).name == sha_of(1)
    with pytest.raises(ValueError, match=rf"got no artifact: name one of {sha_of(1)[:12]}, "):
        find_artifact("model:emotions@000000", root)


def test_what_is_not_released_is_a_place_as_it_is(tmp_path: Path) -> None:
    assert find_artifact(tmp_path) == tmp_path
    assert find_artifact("my-model") == Path("my-model")
    assert find_artifact("s3://bucket/model") == S3Folder.of("s3://bucket/model")


def test_models_lie_where_the_environment_says(
    root: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_production(root / "emotions")
    monkeypatch.setenv("EMORAY_MODELS", str(root))
    assert find_artifact("model:emotions@production").name == sha_of(1)
    assert artifact_sha256("model:emotions@production") == sha_of(1)


def test_an_unknown_model_is_refused_with_those_there_are(root: Place) -> None:
    in_production(root / "emotions")
    with pytest.raises(ValueError, match=r"got 'emotion' and in \S+ emotions: .*EMORAY_MODELS"):
        find_artifact("model:emotion@production", root)
    with pytest.raises(ValueError, match=r"got 'emotions' and in \S+elsewhere none: "):
        find_artifact("model:emotions@production", root / "elsewhere")


def test_an_alias_that_points_nowhere_says_so_and_what_the_others_point_to(root: Place) -> None:
    release(root / "emotions", 1)
    with pytest.raises(
        ValueError,
        match=rf"model:emotions@production to none \(release 1 in \S+emotions: no production, "
        rf"candidate {sha_of(1)[:12]}\): name another, or `python -m jobs.release promote emotions",
    ):
        find_artifact("model:emotions@production", root)


def _write(at: Place, name: str, data: bytes) -> None:
    if isinstance(at, S3Folder):
        at.write(name, data)
    else:
        (at / name).write_bytes(data)


def _delete(at: Place, name: str) -> None:
    if isinstance(at, S3Folder):
        at.delete([name])
    else:
        (at / name).unlink()


def test_a_damaged_release_is_named_with_the_way_on(root: Place) -> None:
    model = root / "emotions"
    in_production(model)
    _write(model / "history", "000003.json", b'{"format": 1, ')
    with pytest.raises(
        ValueError,
        match=r"history/000003.json is not: it is no JSON, as if it were cut off. `python -m "
        r"jobs.release list emotions --models \S+models --repair` writes it again",
    ):
        find_artifact("model:emotions@production", root)


def test_an_older_damaged_release_does_not_stop_who_asks_for_an_alias(root: Place) -> None:
    model = root / "emotions"
    in_production(model)
    _write(model / "history", "000002.json", b"nothing")
    assert find_artifact("model:emotions@production", root).name == sha_of(1)
    with pytest.raises(ValueError, match=r"000002.json is not: it is no JSON"):
        releases_of(model)


def test_a_gap_in_the_history_is_a_release_that_is_not_there(root: Place) -> None:
    model = root / "emotions"
    in_production(model)
    _delete(model / "history", "000002.json")
    with pytest.raises(
        ValueError, match=r"000002.json is not: it is not there, and later ones are"
    ):
        find_artifact("model:emotions@production", root)


def test_an_alias_to_an_artifact_that_is_gone_or_anothers_is_refused(root: Place) -> None:
    model = root / "emotions"
    in_production(model)
    _write(artifact_folder(model, sha_of(1)), MANIFEST, files(2)[MANIFEST])
    with pytest.raises(ValueError, match=r"lies under its SHA-256, .*manifest.json is another's"):
        find_artifact("model:emotions@production", root)
    _delete(artifact_folder(model, sha_of(1)), MANIFEST)
    with pytest.raises(
        ValueError, match=r"there is no manifest.json. `python -m jobs.release add emotions ARTIFAC"
    ):
        find_artifact("model:emotions@production", root)


def test_released_artifacts_are_called_by_model_and_digits(tmp_path: Path) -> None:
    at = artifact_folder(tmp_path / "emotions", sha_of(1))
    assert artifact_name(at) == f"emotions-{sha_of(1)[:12]}" and model_of(at) == "emotions"
    assert artifact_name(Path("model:emotions@production")) == "emotions-production"
    assert artifact_name(tmp_path / "my-model") == "my-model" and not model_of(tmp_path)
    assert artifact_name(S3Folder.of("s3://bucket/results/artifacts/point-1")) == "point-1"


def test_a_service_resolves_a_name_with_the_standard_library_alone(tmp_path: Path) -> None:
    in_production(tmp_path / "emotions")
    code = (
        "import sys; from emoray.releases.resolving import local_artifact; "
        "print(local_artifact('model:emotions@production').name); "
        "heavy = {'pyarrow', 'pandas', 'numpy', 'boto3', 'filelock', 'platformdirs', 'ray'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    environment = os.environ | {"EMORAY_MODELS": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split("\n")[:2] == [sha_of(1), "[]"]
