"""A job of several commands: each has its own options, and mistakes of either are one line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jobs import decide, evaluate, release
from tests.artifact.finished import make_artifact

pytestmark = pytest.mark.usefixtures("no_data")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a model `emo` has a candidate, and nothing in production."""
    folder = tmp_path_factory.mktemp("models")
    artifact = make_artifact(folder.parent / "artifact")
    words = ["add", "emo", str(artifact), "--models", str(folder), "--who", "ann"]
    assert CliRunner().invoke(release.app, words).exit_code == 0
    return folder


@pytest.fixture
def named(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMORAY_MODELS", str(models))


def call(*words: str) -> Result:
    return CliRunner().invoke(release.app, list(words))


def test_help_names_every_command() -> None:
    said = call("--help").stdout
    assert all(f" {name} " in said for name in ("add", "promote", "rollback", "list", "show"))
    assert "--min-macro-f1" in call("promote", "--help").stdout


def test_mistakes_on_the_command_line_name_the_command_that_helps(models: Path) -> None:
    unknown = call("list", "emo", "--nonsense")
    assert unknown.exit_code == 2
    assert unknown.stderr == (
        "error: no such option: --nonsense: `python -m jobs.release list --help` names every "
        "option\n"
    )
    other = call("publish", "emo")
    assert other.exit_code == 2 and "`python -m jobs.release --help` names" in other.stderr


def test_an_option_of_a_command_that_is_set_and_empty_is_left_out(models: Path) -> None:
    said = call("list", "emo", "--models", str(models))
    assert said.exit_code == 0 and "candidate" in said.stdout and " ann " in said.stdout
    assert "got 'emo' and in models none" in call("list", "emo", "--models", "").stderr


@pytest.mark.usefixtures("named")
def test_jobs_take_an_artifact_by_its_name(tmp_path: Path) -> None:
    words = ["--corpus", "sample", "--no-download", "--out", str(tmp_path)]
    found = CliRunner().invoke(evaluate.app, ["--artifact", "model:emo@candidate", *words])
    assert found.exit_code == 0, found.output
    assert (tmp_path / "evaluate-emo-candidate" / "evaluation.parquet").is_file()
    none = CliRunner().invoke(evaluate.app, ["--artifact", "model:emo@production", *words])
    assert none.exit_code == 1 and "an alias points to an artifact, model:emo@prod" in none.stderr


@pytest.mark.usefixtures("named")
def test_a_released_artifact_keeps_its_decision() -> None:
    words = ["--artifact", "model:emo@candidate"]
    refused = CliRunner().invoke(decide.app, [*words, "--threshold", "0.4"])
    assert refused.exit_code == 1
    assert "a released artifact stays as it was released, got one of emo" in refused.stderr
    assert CliRunner().invoke(decide.app, [*words, "--list"]).exit_code == 0
