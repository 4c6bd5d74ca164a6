"""Jobs from the outside: help that teaches, exit codes, and one clear line for every mistake."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from emoray.data.goemotions import sample
from emoray.models.word.recipe import GloveRecipe
from emoray.quant.catalogue import quick_schemes
from emoray.search import spaces
from emoray.stages.spec import Decision
from emoray.storage.store.local import Store
from emoray.tables.rows import TABLES
from jobs import report as report_job
from jobs import sweep as sweep_job
from jobs.console import run_job
from tests.conftest import ROOT
from tests.storage.store.test_local import full_disk

if TYPE_CHECKING:
    from tests.runs import Run

pytestmark = pytest.mark.usefixtures("no_data")

JOBS = sorted(p.stem for p in (ROOT / "jobs").glob("*.py") if "\napp = Job(" in p.read_text())
GOOD = "great\t17\ta\nbad\t2\tb\nwow\t26\tc\nwell\t27,2\td\n"  # every label of `sentiment`


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A space of one training and one model, by the name `tiny`."""
    recipe = GloveRecipe(
        taxonomy="sentiment", embedding_dim=8, epochs=1, vocabulary=300, hidden_units=4
    )
    scheme = list(quick_schemes().values())[3]
    one = spaces.Space(recipes=(recipe,), schemes=(scheme,), decisions=(Decision(),))
    monkeypatch.setitem(spaces.GRIDS, "tiny", lambda taxonomy, dims: one)


def sweep(*words: object) -> Result:
    return CliRunner().invoke(sweep_job.app, [*map(str, words), "--no-download"])


def assert_one_clear_line(result: Result, *parts: str) -> None:
    assert result.exit_code == 1, result.output
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1 and lines[0].startswith("error: "), result.stderr
    for part in parts:
        assert part in lines[0]


HELP = """
import importlib, json, sys
from typer.testing import CliRunner
said = {}
for job in sys.argv[1:]:
    app = importlib.import_module(f"jobs.{job}").app
    answer = CliRunner().invoke(app, ["--help"])
    said[job] = [answer.exit_code, answer.output, sorted(sys.modules)]
print(json.dumps(said))
"""
HEAVY = set(
    "ray tensorflow keras torch transformers onnx onnxruntime pandas pyarrow numpy scipy sklearn "
    "optuna boto3 altair datasets".split()
)


def test_help_teaches_by_example_and_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELP, *JOBS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for job, (code, output, modules) in json.loads(done.stdout).items():
        assert code == 0, output
        assert not HEAVY & set(modules), f"{job} loads {HEAVY & set(modules)}"
        assert "Example" in output and f"python -m jobs.{job}" in output


def test_the_sweeps_help_names_every_space_and_how_to_submit_it() -> None:
    said = sweep("--help").output
    for part in (*spaces.GRIDS, "joint", "cluster/submit.sh", "EMORAY_DATA", "--store"):
        assert part in said


def stop() -> None:
    raise KeyboardInterrupt


def test_a_stopped_job_exits_130_and_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_job(stop, debug=False)
    assert ended.value.code == 130
    assert "run the same command again to go on" in capsys.readouterr().err


MISTAKES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "space": (("--space", "huge"), ("space is one of", "got 'huge'")),
    "taxonomy": (("--taxonomy", "plutchik"), ("one of goemotions", "got 'plutchik'")),
    "data": (("--data", "."), ("must hold goemotions/train.tsv", "correct --data")),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_the_settings_is_one_clear_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words, parts = MISTAKES[case]
    assert_one_clear_line(sweep(*words), *parts)
    assert not list(tmp_path.iterdir()), "nothing was begun"


def test_debug_shows_where_a_mistake_was_found() -> None:
    result = sweep("--space", "huge", "--debug")
    assert result.exit_code == 1
    assert isinstance(result.exception, ValueError) and not result.stderr


def test_trials_are_counted_from_one() -> None:
    result = sweep("--trials", 0)
    assert result.exit_code == 2 and "--trials" in result.stderr


def folder_with(tmp_path: Path, dev: bytes) -> Path:
    (tmp_path / "goemotions").mkdir()
    for split in ("train", "test"):
        (tmp_path / "goemotions" / f"{split}.tsv").write_text(GOOD)
    (tmp_path / "goemotions" / "dev.tsv").write_bytes(dev)
    return tmp_path


CORPORA: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "got an empty file"),
    "one_column": (b"great\n", "dev.tsv line 1: a line is text"),
    "encoding": (GOOD.encode() + b"caf\xe9\t1\te\n", "line 5: text must be UTF-8, got byte 0xe9"),
    "range": (GOOD.encode() + b"x\t28\te\n", "line 5: label ids lie in 0..27, got 28"),
    "twice": (GOOD.encode() + b"x\t1\tb\n", "line 5: every comment id stands once"),
    "no_positive": (b"great\t17\ta\n", "got none for negative"),
}


@pytest.mark.parametrize("case", CORPORA)
def test_a_bad_corpus_is_one_clear_line_before_anything_starts(case: str, tmp_path: Path) -> None:
    raw, part = CORPORA[case]
    data = folder_with(tmp_path / "data", raw) if (tmp_path / "data").mkdir() is None else None
    result = sweep("--data", data, "--taxonomy", "sentiment", "--out", tmp_path / "out")
    assert_one_clear_line(result, part)
    assert not (tmp_path / "out").exists()


VECTORS = {
    "ragged": (f"great{' 0.1' * 8}\nbad{' 0.1' * 7}\n", "line 2"),
    "nan": (f"great{' 0.1' * 8}\nbad nan{' 0.1' * 7}\n", "line 2"),
    "width": (f"great{' 0.1' * 3}\nbad{' 0.1' * 3}\n", "line 1"),
}


@pytest.mark.parametrize("case", VECTORS)
def test_a_bad_vector_file_is_one_clear_line(
    case: str, local_ray: None, tiny: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, part = VECTORS[case]
    data = tmp_path / "data"
    (data / "glove").mkdir(parents=True)
    (data / "goemotions").symlink_to(sample().folder)
    (data / "glove" / "glove.6B.8d.txt").write_text(content)
    out = tmp_path / "out"
    result = sweep("--space", "tiny", "--taxonomy", "sentiment", "--data", data, "--out", out)
    assert_one_clear_line(result, "glove.6B.8d.txt", part)


def test_an_output_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = sweep("--space", "smoke", "--out", tmp_path / "file" / "out")
    assert_one_clear_line(result, "must be a", "--out")


def test_a_store_that_cannot_be_written_is_one_clear_line(
    local_ray: None, tiny: None, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    result = sweep("--space", "tiny", "--out", tmp_path / "out", "--store", tmp_path / "file")
    assert_one_clear_line(result, "stage store must be a writable folder", "--store")


def test_a_store_of_another_version_is_one_clear_line(
    local_ray: None, tiny: None, tmp_path: Path
) -> None:
    (tmp_path / "store.json").write_text('{"layout": 99}')
    result = sweep("--space", "tiny", "--out", tmp_path / "out", "--store", tmp_path)
    assert_one_clear_line(result, "must have layout", "got 99", "--store")


@pytest.mark.long
def test_a_full_disk_is_one_clear_line_and_loses_nothing(
    local_ray: None, tiny: None, tmp_path: Path
) -> None:
    words = ("--space", "tiny", "--taxonomy", "sentiment", "--out", tmp_path)
    with full_disk(200_000):  # of this process, which writes the report; workers have room
        result = sweep(*words)
    assert_one_clear_line(result, "File too large", "free space and run the same command again")
    store = Store(tmp_path / "_store")
    before = list(store.journal())
    assert any(entry["key"].startswith("decide") for entry in before)
    assert not (tmp_path / "tiny-sentiment" / "report.html").exists()
    again = sweep(*words)
    assert again.exit_code == 0, again.output
    assert list(store.journal()) == before


def test_a_report_of_no_run_or_of_damaged_tables_is_one_clear_line(
    smoke: "Run", tmp_path: Path
) -> None:
    result = CliRunner().invoke(report_job.app, [str(tmp_path)])
    assert_one_clear_line(result, "a run's folder holds")
    run = Path(shutil.copytree(smoke.folder, tmp_path / "run"))
    before = (run / "report.html").read_bytes()
    for table in ("points", "labels"):
        copy = tmp_path / table
        shutil.copytree(run, copy)
        raw = bytearray((copy / f"{table}.parquet").read_bytes())
        raw[60] ^= 1  # among the rows: what stands in the footer has no checksum
        (copy / f"{table}.parquet").write_bytes(raw)
        result = CliRunner().invoke(report_job.app, [str(copy)])
        assert_one_clear_line(result, f"{table}.parquet", "run the same command again")
        assert (copy / "report.html").read_bytes() == before
    assert {f"{name}.parquet" for name in TABLES} <= {p.name for p in run.iterdir()}
    assert CliRunner().invoke(report_job.app, [str(run)]).exit_code == 0
