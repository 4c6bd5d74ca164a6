"""The jobs on a finished checkpoint, as a user calls them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from emoray.artifact import runtime
from emoray.workflows.compress import compress as compressing
from jobs import compress as compress_job
from jobs import convert as convert_job
from tests.workflows.checkpoints import edit_config, tiny

pytestmark = pytest.mark.usefixtures("no_data")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("models") / "bert")


def compress(*words: object) -> Result:
    return CliRunner().invoke(compress_job.app, [*map(str, words), "--no-download"])


def convert(*words: object) -> Result:
    return CliRunner().invoke(convert_job.app, [*map(str, words), "--no-download"])


Job = Callable[..., Result]
JOBS: tuple[Job, ...] = (compress, convert)


def assert_one_clear_line(result: Result, *parts: str) -> None:
    assert result.exit_code == 1, result.output
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1 and lines[0].startswith("error: "), result.stderr
    for part in parts:
        assert part in lines[0]


def test_the_help_names_formats_schemes_and_what_is_compared() -> None:
    said = compress("--help").output
    for part in ("model.safetensors", "weights.npz", "quantize_dynamic", "--list", "EMORAY_DATA"):
        assert part in said
    said = convert("--help").output
    for part in ("torch.onnx.export", "exit code 1", "--tolerance", "EMORAY_DATA"):
        assert part in said


def test_the_help_names_the_schemes_that_are_made_by_default() -> None:
    said = " ".join(compress("--help").output.replace("│", " ").split())
    from emoray.quant.scheme_names import usual

    assert ", ".join(usual()) in said


def test_the_list_needs_no_model() -> None:
    result = compress("--list")
    assert result.exit_code == 0 and "adaptive4" in result.output


@pytest.mark.long
def test_compress_leaves_an_artifact_that_runs_and_convert_too(model: Path, tmp_path: Path) -> None:
    words = ("--model", model, "--max-tokens", 24, "--threads", 1)
    result = compress(*words, "--scheme", "int8", "--out", tmp_path / "c")
    assert result.exit_code == 0, result.output
    assert "Size by part" in result.output and "GoEmotions was not found" in result.output
    result = convert(*words, "--out", tmp_path / "o")
    assert result.exit_code == 0, result.output
    assert "0 of" in result.output and "decisions changed" in result.output
    for folder in ("c/compress-{}/artifacts/int8", "o/convert-{}/artifact"):
        found = runtime.load(tmp_path / folder.format(model.name))(["thanks a lot!"])
        assert found.probabilities_NK.shape == (1, 4)
        said = runtime.card(tmp_path / folder.format(model.name))
        assert said is not None and said["scores"] and said["latency"]["model_p50_ms"] > 0
        assert said["checkpoint"] and said["corpus"] == "sample"


@pytest.mark.parametrize("job", JOBS, ids=["compress", "convert"])
def test_what_is_no_model_is_one_clear_line(job: Job, tmp_path: Path) -> None:
    result = job("--model", tmp_path / "absent", "--out", tmp_path / "out")
    assert_one_clear_line(result, "a model is a folder", "check the path")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("job", JOBS, ids=["compress", "convert"])
def test_a_pickle_and_a_head_that_does_not_say_are_one_clear_line(
    job: Job, model: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    edit_config(folder, problem_type=None)
    result = job("--model", folder, "--out", tmp_path / "out")
    assert_one_clear_line(result, "its problem_type is", "to config.json if it was")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    result = job("--model", folder, "--out", tmp_path / "out")
    assert_one_clear_line(result, "a pickle that may run code", "save_pretrained")
    assert not (tmp_path / "out").exists()


def test_an_unknown_scheme_and_too_many_tokens_are_one_clear_line(
    model: Path, tmp_path: Path
) -> None:
    out = ("--out", tmp_path / "out")
    result = compress("--model", model, "--scheme", "int9", *out)
    assert_one_clear_line(result, "got 'int9'", "--list")
    for job in (compress, convert):
        result = job("--model", model, "--max-tokens", 1000, *out)
        assert_one_clear_line(result, "max_tokens must lie in 3..64", "got 1000")
    assert not (tmp_path / "out").exists()


def test_a_stopped_compression_leaves_nothing_half_written(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compressing, "time_all", stop)
    words = ("--model", model, "--scheme", "int8", "--max-tokens", 24, "--out", tmp_path / "out")
    result = compress(*words)
    assert result.exit_code == 130 and "run the same command again" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["_store"]
    stages = tmp_path / "out/_store/stages"
    assert not [path for path in stages.rglob("*") if path.name.startswith(".")]
