"""One command for all jobs."""

import tomllib

import pytest

from jobs.command import all_jobs, main
from tests.conftest import ROOT

JOBS = sorted(p.stem for p in (ROOT / "jobs").glob("*.py") if "\napp = Job(" in p.read_text())


def test_the_command_is_installed_and_knows_every_job() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"] == {"emoray": "jobs.command:main"}
    assert [name.replace("-", "_") for name in all_jobs()] == JOBS


def test_the_help_of_the_command_says_what_each_job_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([])
    said = capsys.readouterr().out
    for name, module in all_jobs().items():
        first = (module.__doc__ or "").splitlines()[0]
        assert f"  {name} " in said and first in said


@pytest.mark.parametrize("name", ["improve-f1", "improve_f1"])
def test_a_job_is_run_with_the_words_after_its_name(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["emoray"])
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    assert "--technique" in capsys.readouterr().out


def test_a_job_that_is_none_is_refused_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["swep"])
    assert capsys.readouterr().err == (
        "error: a job is named first, got 'swep': do you mean sweep?\n"
    )
    with pytest.raises(SystemExit, match="2"):
        main(["--taxonomy"])
    assert "got '--taxonomy': `emoray --help` lists them" in capsys.readouterr().err


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("emoray 0.")
