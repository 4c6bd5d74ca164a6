"""What a job that was handed to a Ray may write and read: nothing that goes with the cluster."""

from pathlib import Path

import pytest

from emoray.storage.location import local_copy
from emoray.storage.run_folder import ready_out, store_of
from emoray.storage.s3 import S3Folder
from emoray.storage.submitted import COPIES, RAY_JOB_VARIABLE, check_outlives, is_submitted


@pytest.fixture(params=["as Ray says", "by where it stands"])
def submitted(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Where a submitted job stands: in the head's folder, or in Ray's copy of the code."""
    monkeypatch.delenv(RAY_JOB_VARIABLE, raising=False)
    here = tmp_path / "here"
    if request.param == "as Ray says":
        monkeypatch.setenv(RAY_JOB_VARIABLE, '{"runtime_env": {}, "metadata": {}}')
    else:
        here = tmp_path / f"session_1{COPIES}_ray_pkg_0123"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    return here


@pytest.mark.parametrize("out", ["results", "./x", "../x"])
def test_a_relative_output_of_a_submitted_job_is_refused(submitted: Path, out: str) -> None:
    told = rf"must outlive its Ray, got --out '{Path(out)}', .*: name an absolute folder .*s3://"
    with pytest.raises(ValueError, match=told):
        ready_out(Path(out))
    with pytest.raises(ValueError, match="got --store 'stages'"):
        store_of(Path("/shared"), Path("stages"))


def test_what_the_refusal_says_to_do_works(submitted: Path, tmp_path: Path) -> None:
    ready_out(tmp_path / "results", store_of(tmp_path / "results", None))
    check_outlives(S3Folder("bucket", "results"), "--out")


def test_rays_copy_of_the_code_is_refused_by_its_whole_name_too(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="goes with the cluster"):
        copy = tmp_path / f"session_1{COPIES}_ray_pkg_0123"
        copy.mkdir(parents=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(copy)
            check_outlives(copy / "results", "--out")


def test_what_did_not_come_along_is_named_so_and_what_did_is_read(submitted: Path) -> None:
    with pytest.raises(ValueError, match=r"reads must be where it runs, got 'reviews.csv', which"):
        local_copy(Path("reviews.csv"))
    (submitted / "reviews.csv").write_text("x")
    assert local_copy(Path("reviews.csv")) == Path("reviews.csv")
    assert local_copy(Path("*.csv")) == Path("*.csv")


def test_elsewhere_paths_are_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RAY_JOB_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    assert not is_submitted()
    ready_out(Path("results"), store_of(Path("results"), Path("stages")))
    assert local_copy(Path("reviews.csv")) == Path("reviews.csv")
