"""What users get wrong, over all jobs: one line that says rule, value and what to do, before any
Ray starts and before anything is written."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jobs.console import run_job
from tests.jobs.bad_inputs import make_bad_inputs

pytestmark = pytest.mark.usefixtures("no_data")

Case = tuple[str, str, str]  # command line, words of the rule, the value as it is said

SETTINGS: tuple[Case, ...] = (
    ("ab --effect 0.02", "answers of two artifacts are compared", "got none"),
    ("ab --log requests --margin 0", "lies in (0, 1)", "got 0.0"),
    ("ab --log requests --before 3f", "both artifacts are named or none", "got one"),
    ("ab --log nowhere", "must stand for something", "got nothing at 'nowhere'"),
    ("ab --log text.parquet", "a Parquet file must be whole", "text.parquet"),
    ("sweep --space huge", "space is one of smoke, quick", "got 'huge'"),
    ("sweep --taxonomy plutchik", "taxonomy is one of goemotions", "got 'plutchik'"),
    ("sweep --run ../x", "a run's name is 1 to 200 letters", "got '../x'"),
    ("sweep --dim 100000", "must not exceed the vectors' own", "got 100000"),
    ("sweep --dim 8 --space joint", "seeds change a grid", "with space joint"),
    ("sweep --encoder all-MiniLM-L6-v2", "encoders are for the bert spaces", "with space quick"),
    ("sweep --address nonsense", "joined at host:port or `auto`", "got 'nonsense'"),
    ("sweep --address host:99999", "joined at host:port or `auto`", "got 'host:99999'"),
    ("sweep --address host:1 --cpus 2", "cpus are for a Ray started here", "got 2"),
    ("augment --translator deepl", "apertium:PAIR or marian:MODEL", "got 'deepl'"),
    ("augment --translator marian:nowhere", "a folder or an id of the hub", "got 'nowhere'"),
    ("augment --share 2", "share must lie in (0, 1]", "got 2.0"),
    ("augment --share nan", "share must lie in (0, 1]", "got nan"),
    ("augment --balance -1", "finite and at least 0", "got -1.0"),
    ("augment --limit 0", "limit must be at least 1", "got 0"),
    ("augment --most-fall 0.2", "name it with --agree", "got 0.2"),
    ("benchmark --only nothing", "a benchmark is one of thresholds", "got nothing"),
    ("benchmark --only peers", "needs --model FOLDER", "got none"),
    ("compress --model bert --scheme int9", "a scheme is one that --list names", "got 'int9'"),
    ("compress --model bert --scheme float", "a compression makes integers", "got only float"),
    ("compress --model bert --max-tokens 9999", "max_tokens must lie in 3..64", "got 9999"),
    ("convert --model bert --tolerance 0", "tolerance is above 0", "got 0.0"),
    ("convert --model bert --tolerance nan", "tolerance is above 0", "got nan"),
    ("decide --artifact model", "a decision comes one way", "got none of them"),
    ("decide --artifact model --undo --history", "a decision comes one way", "got 2 of them"),
    ("decide --artifact model --threshold 1.5", "a probability in (0, 1)", "got '1.5'"),
    ("decide --artifact model --threshold joy", "a probability in (0, 1)", "got 'joy'"),
    ("decide --artifact model --threshold =0.5", "names a label of the artifact", "got ''"),
    ("decide --artifact model --threshold boredom=0.4", "names a label", "got 'boredom'"),
    ("decide --artifact model --temperature inf", "finite and above 0", "got inf"),
    ("ensemble --plan best", "a plan is one of seeds", "got 'best'"),
    ("ensemble --scheme int9", "a scheme is one that --list names", "got 'int9'"),
    ("ensemble --combine vote", "a combination is one of mean", "got vote"),
    ("ensemble --cpus-per-member nan", "more than 0 CPUs", "got nan"),
    ("evaluate --artifact model --corpus-split train", "on dev or test", "got 'train'"),
    ("evaluate --artifact model --min-macro-f1 60", "lies in [0, 1]", "got 60.0"),
    ("evaluate --artifact model --max-size-mb nan", "finite and above 0", "got nan"),
    ("improve_f1 --technique magic", "a technique is one of focal_loss", "got magic"),
    ("improve_f1 --family rnn", "a family is one of glove", "got rnn"),
    ("sweep --vectors magic", "vectors are given, own-ppmi", "got 'magic'"),
    ("sweep --text-column body", "say how --corpus is read", "without"),
    ("compare model", "two operands or more", "got model"),
    ("compare model bert --margin 5", "lies in (0, 1)", "got 5.0"),
    ("release add a/b model", "a model's name is 1 to 100 letters", "got 'a/b'"),
    ("release promote m --force", "--force goes past gates", "without a reason"),
    ("release promote m --lift speed", "--lift drops one of min_macro_f1", "got 'speed'"),
    ("release promote m --margin -1", "margin", "-1"),
    ("release promote m", "a model is added before it is named", "got 'm'"),
    ("release rollback m", "a model is added before it is named", "got 'm'"),
    ("release list m", "a model is added before it is named", "got 'm'"),
    ("release add m model-damaged", "as its manifest says", "vocabulary.txt"),
    ("evaluate --artifact model:m@production", "is added before it is named", "got 'm'"),
    ("evaluate --artifact model:m", "a released artifact is model:NAME@", "got 'model:m'"),
    ("compare model model:m@live", "a released artifact is model:NAME@", "got 'live'"),
    ("reproduce --run half", "points or a sample", "got no point and 0 drawn"),
    ("reproduce --run half --point x --seeds 2", "trained from scratch", "got --seeds 2"),
    ("vectors --method magic", "method is one of ppmi", "got 'magic'"),
    ("vectors file", "words that stand 5 times", "got 1 words in 1 texts"),
    ("vectors --dim 100000", "at most one for each word", "got 100000"),
)

PLACES: tuple[Case, ...] = (
    ("sweep --data .", "must hold goemotions/train.tsv", "got . without"),
    ("sweep --data gs://bucket/x", "a local path or s3://bucket/prefix", "got 'gs://bucket/x'"),
    ("sweep --data s3://B", "a bucket's name is 3 to 63", "got 'B'"),
    ("sweep --out s3://bucket//x", "a prefix is names with single '/'", "got '/x'"),
    ("sweep --out file/x", "a folder that can be written", "file/x"),
    ("sweep --space smoke --store file", "must be a writable folder", "file"),
    ("sweep --space smoke --store store-of-99", "must have layout 1", "got 99"),
    ("sweep --space bert --encoder empty", "an encoder is a folder", "empty without"),
    ("sweep --space bert --encoder file", "an encoder is", "got 'file'"),
    ("augment --agree nowhere", "a folder with manifest.json", "got nowhere"),
    ("augment --out file/x", "a folder that can be written", "file/x"),
    ("benchmark --only peers --model nowhere", "a model is a folder", "got nowhere"),
    ("calibrate --artifact nowhere", "a folder with manifest.json", "got nowhere"),
    ("calibrate --artifact file", "a folder with manifest.json", "got file"),
    ("calibrate --artifact model --corpus nowhere", "a corpus must be there", "nowhere"),
    ("calibrate --artifact model --out model/x", "nothing is written into an", "got model/x"),
    ("calibrate --artifact model --out file", "a folder that can be written", "got file"),
    ("compress --model empty", "a model is a folder", "got empty"),
    ("compress --model model", "an artifact, which is converted already", "got model"),
    ("compress --model bert --out bert/x", "nothing is written into a model", "got bert/x"),
    ("convert --model nowhere", "a model is a folder", "got nowhere"),
    ("decide --artifact s3://bucket/x --undo", "changed in a local folder", "got s3://bucket/x"),
    ("decide --artifact model --from no.parquet", "calibration rows must exist", "no.parquet"),
    ("ensemble --out file/x", "a folder that can be written", "file/x"),
    ("improve_f1 --out file/x", "a folder that can be written", "file/x"),
    ("report nowhere", "holds points.parquet or parts of it", "got nowhere"),
    ("tables nowhere", "which does not exist", "got nowhere"),
    ("tables .", "that holds runs: name one", "got ."),
    ("tables file", "a run is a folder", "got the file file"),
    ("tables half", "to merge what is there", "got half with parts of points, runs"),
    ("corpus nowhere.csv", "a corpus must be there", "nowhere.csv"),
    ("corpus link", "a corpus must be there", "link"),
    ("corpus empty", "files of .csv", "none in empty"),
    ("corpus file", "a corpus is a file of .csv", "got file"),
    ("corpus hf:", "hf:owner/name[:config]", "got 'hf:'"),
    ("compare model nowhere", "an operand is", "nowhere"),
    ("compare a b --run nowhere", "which does not exist", "got nowhere"),
    ("reproduce --run nowhere --sample 1", "/nowhere which does not exist", "got /"),
    ("reproduce --run half --sample 1", "to merge what is there", "/half with parts of points"),
    ("sweep --vectors-file no.txt", "GloVe's text format", "got no file no.txt"),
    ("vectors no.txt", "a text file, one text a line", "got no file no.txt"),
    ("vectors file --out x.txt", "the folder of all runs", "got x.txt"),
    ("vectors file --corpus empty", "on a text file or on a corpus", "got file and empty"),
)

DAMAGED: tuple[Case, ...] = (
    ("sweep --space bert --encoder bert-no-json", "config.json must be JSON", "bert-no-json"),
    ("sweep --space bert --encoder bert-no-text", "config.json must be JSON", "bert-no-text"),
    ("sweep --space bert --encoder bert-a-list", "a JSON object, got list", "bert-a-list"),
    ("sweep --space bert --encoder bert-cut-off", "whole safetensors files", "bert-cut-off"),
    ("sweep --space smoke --store store-no-json", "must have layout 1", "store-no-json"),
    ("augment --agree model-damaged", "as its manifest says", "vocabulary.txt"),
    ("calibrate --artifact model-no-json", "manifest.json is not JSON", "model-no-json"),
    ("calibrate --artifact model-no-text", "manifest.json is not JSON", "model-no-text"),
    ("evaluate --artifact model-a-list", "does not list exactly", "model-a-list"),
    ("evaluate --artifact model-climbs", "does not list exactly", "model-climbs"),
    ("evaluate --artifact model --corpus corpus-latin", "must be UTF-8", "got byte 0xe9"),
    ("evaluate --artifact model --corpus corpus-blank", "at least one text", "empty file"),
    ("decide --artifact model-damaged --undo", "as its manifest says", "vocabulary.txt"),
    ("decide --artifact model --from text.parquet", "pass its checksums", "text.parquet"),
    ("compress --model bert-no-json", "config.json must be JSON", "bert-no-json"),
    ("compress --model bert-cut-off", "whole safetensors files", "bert-cut-off"),
    ("convert --model bert-no-words", "a tokenizer's vocabulary", "bert-no-words"),
    ("report run-of-text", "pass its checksums", "run-of-text"),
    ("report run-of-another", "must hold point rows", "run-of-another"),
    ("report run-damaged-parts", "at least one point", "run-damaged-parts"),
    ("tables run-of-text", "must be readable", "run-of-text/points.parquet"),
    ("tables run-of-another points", "must hold point rows", "run-of-another"),
    ("tables run-of-another nothing", "tables here are points", "got 'nothing'"),
    ("corpus latin.csv", "must be UTF-8", "latin.csv line 2"),
    ("corpus blank.csv", "at least one text", "blank.csv"),
    ("corpus header.csv", "at least one text", "header.csv"),
    ("corpus no-label.csv", "name them with --label-column", "'text', 'other'"),
    ("corpus one-label.csv", "at least two", "joy of 1"),
    ("corpus cut-off.jsonl", "each line is JSON", "cut-off.jsonl line 1"),
    ("corpus text.parquet", "must be whole", "text.parquet"),
    ("corpus one-label.csv --text-column body", "a column must be there", "got 'body'"),
    ("sweep --vectors-file file", "a word and its numbers", "got b'hello'"),
    ("vectors latin.csv", "must be UTF-8", "got byte 0xe9"),
    ("reproduce --run run-of-text --sample 1", "pass its checksums", "run-of-text"),
    ("compare model text.parquet", "must be whole", "got text.parquet"),
    ("compare model text.npz", "saved predictions", "text"),
    ("compare model no-truth.csv", "hold truth, names", "no-truth"),
)

USAGE: tuple[Case, ...] = (
    ("sweep --trials 0", "--trials", "got '0'"),
    ("sweep --trials=many", "a valid integer", "got 'many'"),
    ("sweep --dim 8 --dim x", "--dim", "got 'x'"),
    ("sweep --stage-minutes nan", "--stage-minutes", "got 'nan'"),
    ("sweep --colour red", "no such option", "--colour"),
    ("sweep more", "unexpected extra argument", "(more)"),
    ("sweep --space", "requires an argument", "--space"),
    ("augment --workers 0", "--workers", "got '0'"),
    ("benchmark --rows 0", "--rows", "got '0'"),
    ("calibrate", "missing option", "--artifact"),
    ("compress --model bert --threads 0", "--threads", "got '0'"),
    ("convert --model bert --max-tokens 2", "--max-tokens", "got '2'"),
    ("decide --temperature warm --artifact model", "a valid number", "got 'warm'"),
    ("ensemble --members 1", "--members", "got '1'"),
    ("improve_f1 --texts 10", "--texts", "got '10'"),
    ("report", "missing argument", "RUN"),
    ("compare", "missing argument", "A B"),
    ("reproduce", "missing option", "--run"),
    ("vectors --window 50", "--window", "got '50'"),
    ("corpus one-label.csv --min-label-texts 0", "--min-label-texts", "got '0'"),
)

OFFLINE = set(
    "sweep augment ensemble improve_f1 calibrate evaluate compress convert compare reproduce "
    "vectors".split()
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    make_bad_inputs(folder)
    return folder


@pytest.fixture
def at(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The desk, where no Ray can start; what a job leaves is dropped."""

    def started(*args: object, **options: object) -> None:
        raise AssertionError("Ray was started")

    monkeypatch.chdir(desk)
    ray = importlib.import_module("ray")
    monkeypatch.setattr(ray, "init", started)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    before = set(desk.rglob("*"))
    yield desk
    for path in sorted(set(desk.rglob("*")) - before):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def call(words: str) -> Result:
    job, *given = words.split()
    app = importlib.import_module(f"jobs.{job}").app
    return CliRunner().invoke(app, [*(["--no-download"] if job in OFFLINE else []), *given])


def assert_said(result: Result, code: int, *parts: str) -> None:
    assert result.exit_code == code, (result.exception, result.output)
    lines = result.stderr.splitlines()
    lines = [
        line for line in lines if not line.startswith("warning: judged on the embedded sample")
    ]
    assert len(lines) == 1 and lines[0].startswith("error: "), result.stderr
    assert "Traceback" not in result.output
    for part in parts:
        assert part in lines[0]


def tables_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*.parquet") if path.is_file()}


@pytest.mark.parametrize("case", [*SETTINGS, *PLACES, *DAMAGED], ids=lambda case: case[0])
def test_a_mistake_is_one_line_that_says_rule_and_value(case: Case, at: Path) -> None:
    before = tables_below(at)
    words, *parts = case
    result = call(words)
    assert_said(result, 1, *parts)
    assert ": " in result.stderr.removeprefix("error: "), "what to do stands behind a colon"
    assert tables_below(at) == before, "nothing was begun"


@pytest.mark.parametrize("case", USAGE, ids=lambda case: case[0])
def test_a_mistake_on_the_command_line_looks_the_same(case: Case, at: Path) -> None:
    words, *parts = case
    assert_said(call(words), 2, *parts, f"`python -m jobs.{words.split()[0]} --help`")


def ended(work: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as end:
        run_job(work, debug=False)
    assert isinstance(end.value.code, int)
    return end.value.code, capsys.readouterr().err


def test_a_missing_package_names_the_extra_that_brings_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    code, said = ended(lambda: __import__("sentencepiece"), capsys)  # type: ignore[arg-type]
    assert code == 1 and "needs the package sentencepiece" in said and '".[translate]"' in said


def test_a_bug_of_ours_says_so_and_where_and_how_to_see_more(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work() -> None:
        from emoray.console.wording import size

        size("ten")  # type: ignore[arg-type]

    code, said = ended(work, capsys)
    assert code == 70 and said.count("\n") == 1 and "Traceback" not in said
    assert "this is a bug of emoray, not a mistake of yours (TypeError: " in said
    assert "in wording.py line" in said and "--debug" in said
    with pytest.raises(TypeError):
        run_job(work, debug=True)


def test_what_ray_lost_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    from ray.exceptions import OutOfMemoryError

    def work() -> None:
        raise OutOfMemoryError("a node ran out of memory.\nMany lines follow.")

    code, said = ended(work, capsys)
    assert code == 1 and said.count("\n") == 1
    assert "Ray must answer, got OutOfMemoryError (a node ran out of memory)" in said
    assert "run the same command again" in said


def test_a_file_that_cannot_be_used_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = ended(lambda: os.mkdir("/proc/emoray"), capsys)
    assert code == 1 and "/proc/emoray is not (no such file or directory): check path" in said


def test_who_stops_reading_ends_the_job_in_silence() -> None:
    program = (
        "from jobs.console import run_job\n"
        "run_job(lambda: [print('x' * 9999) for _ in range(99)] and None, debug=False)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_more_than_sixty_bad_inputs_over_all_jobs_are_tried() -> None:
    cases = [words for words, *_ in (*SETTINGS, *PLACES, *DAMAGED, *USAGE)]
    assert len(set(cases)) == len(cases) >= 60
