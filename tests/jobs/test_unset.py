"""What is set and empty is as if it were not set, for every option and variable of every job."""

import importlib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from emoray.storage.client import client
from emoray.storage.location import place_of
from jobs import report
from jobs.unset import unset_empty, without_empty
from tests.conftest import ROOT

FILES = {path.stem: path.read_text("utf-8") for path in (ROOT / "jobs").glob("*.py")}
JOBS = sorted(name for name, text in FILES.items() if "\n@app.command" in text)


def params(job: str) -> list[object]:
    """Of a job, or of all commands of a job that has several."""
    made = typer.main.get_command(importlib.import_module(f"jobs.{job}").app)
    each = getattr(made, "commands", {"": made}).values()
    return [param for command in each for param in command.params]


@pytest.mark.parametrize("job", JOBS)
def test_every_option_given_empty_is_as_if_it_were_left_out(job: str) -> None:
    found = params(job)
    options = [p for p in found if hasattr(p, "is_flag") and not p.is_flag]  # type: ignore[attr-defined]
    assert options or job in ("report", "tables")
    for option in options:
        name = option.opts[-1]  # type: ignore[attr-defined]
        assert list(without_empty(["--debug", name, "", "x"], found)) == ["--debug", "x"]
        assert list(without_empty([f"{name}=", "x"], found)) == ["x"]
        assert list(without_empty([name, " ", "x"], found)) == ["x"]
        assert list(without_empty([name, "a", "x"], found)) == [name, "a", "x"]
        assert list(without_empty([name], found)) == [name], (
            "a value is missing, as the parser says"
        )


def test_what_is_no_option_stays_as_it_is() -> None:
    found = params("sweep")
    for words in (["", "x"], ["--debug", ""], ["--nonsense", ""], ["--nonsense="]):
        assert list(without_empty(words, found)) == words


def test_variables_that_are_set_and_empty_are_unset() -> None:
    ours = ("EMORAY_DATA", "EMORAY_S3_TIMEOUT", "RAY_ADDRESS", "AWS_PROFILE", "XDG_CACHE_HOME")
    environment = dict.fromkeys((*ours, "HOME", "CUDA_VISIBLE_DEVICES", "PS1"), "")
    unset_empty(environment | {})
    environment["AWS_REGION"] = "here"
    unset_empty(environment)
    assert environment == {"CUDA_VISIBLE_DEVICES": "", "PS1": "", "AWS_REGION": "here"}


def test_an_empty_data_variable_is_as_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from jobs import benchmark

    monkeypatch.setenv("EMORAY_DATA", "")
    seen: list[object] = []
    monkeypatch.setattr(
        "emoray.benchmarks.run.run_benchmarks", lambda asked: seen.append(asked.data)
    )
    result = CliRunner().invoke(benchmark.app, ["--only", "sweep", "--out", str(tmp_path)])
    assert result.exit_code == 0 and seen == [None], result.output


def test_a_connection_takes_no_empty_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert "amazonaws.com" in client().meta.endpoint_url


def test_a_place_of_no_letters_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a place is a local path or s3://.*, got ''"):
        place_of("")
    result = CliRunner().invoke(report.app, [""])
    assert result.exit_code == 1 and "a place is a local path" in result.stderr
