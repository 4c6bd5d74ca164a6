"""The jobs on a finished artifact from the outside: what they print, exit codes, clear refusals."""

import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from emoray.artifact import runtime
from emoray.labels import EKMAN
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.rows import FINISHED_TABLES, ReliabilityRow
from jobs import calibrate, decide, evaluate
from tests.artifact.finished import bytes_of, make_artifact

pytestmark = pytest.mark.usefixtures("no_data")

GOOD = "great\t17\ta\nbad\t2\tb\nwow\t26\tc\nwell\t27,2\td\n"  # every label of `sentiment`
WORDS = {"great": "positive", "awful": "negative", "hm": "ambiguous", "so": "neutral"}
SCORING: tuple[typer.Typer, ...] = (calibrate.app, evaluate.app)
BOTH = pytest.mark.parametrize("app", SCORING, ids=["calibrate", "evaluate"])
ALL = pytest.mark.parametrize(
    ("app", "words"),
    [(calibrate.app, ()), (evaluate.app, ()), (decide.app, ("--threshold", "0.4"))],
    ids=["calibrate", "evaluate", "decide"],
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_artifact(tmp_path_factory.mktemp("made") / "model", sharpness=3.0)


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "model"))


def run(app: typer.Typer, *words: object) -> Result:
    offline = () if app is decide.app else ("--no-download",)
    return CliRunner().invoke(app, [*map(str, words), *offline])


def assert_one_clear_line(result: Result, *parts: str) -> None:
    assert result.exit_code == 1, result.output
    said = [line for line in result.stderr.splitlines() if line.strip()]
    lines = [line for line in said if not line.startswith("warning: judged on the embedded")]
    assert len(lines) == 1 and lines[0].startswith("error: "), result.stderr
    for part in parts:
        assert part in lines[0]


def test_an_artifact_is_calibrated_decided_evaluated_and_taken_back(
    model: Path, tmp_path: Path
) -> None:
    before, out = bytes_of(model), tmp_path / "calibrate-model"
    result = run(calibrate.app, "--artifact", model, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert bytes_of(model) == before, "nothing is written into the artifact"
    for part in ("saved → per_label", "comes from the thresholds", "come from the temperature"):
        assert part in result.stdout
    for name in ("calibration", "changes", "calibration_labels"):
        assert read_table(out / f"{name}.parquet", FINISHED_TABLES[name]).num_rows
    assert read_table(out / "reliability.parquet", ReliabilityRow).num_rows == 2 * 15
    assert {p.name for p in (out / "figures").iterdir()} == {
        "calibration-reliability.png",
        "labels.png",
    }

    gate = ("--corpus", "sample", "--out", tmp_path, "--min-macro-f1")
    good = read_table(out / "calibration.parquet", FINISHED_TABLES["calibration"]).to_pylist()
    aim = next(row["test_macro_f1"] for row in good if row["chosen"])
    result = run(evaluate.app, "--artifact", model, *gate, aim)
    assert result.exit_code == 1 and result.stderr.startswith(
        f"gate failed: --min-macro-f1 {aim:g}"
    )
    result = run(decide.app, "--artifact", model, "--from", out / "calibration.parquet")
    assert result.exit_code == 0 and "--undo" in result.stdout, result.output
    result = run(evaluate.app, "--artifact", model, *gate, aim)
    assert result.exit_code == 0 and not result.stderr, result.output
    assert "held against what was found; --gate-on low asks" in result.stdout
    events = Store(tmp_path / "_store").journal()
    scored = [e for e in events if e["event"] == "made" and e["key"].startswith("score_artifact")]
    assert len(scored) == 2, "dev and test were scored once"
    result = run(decide.app, "--artifact", model, "--history")
    assert "current" in result.stdout and "as the artifact was found" in result.stdout
    assert run(decide.app, "--artifact", model, "--undo").exit_code == 0
    assert {n: d for n, d in bytes_of(model).items() if n in before} == before


def test_a_second_calibration_scores_nothing_and_says_the_same(made: Path, tmp_path: Path) -> None:
    words = ("--artifact", made, "--out", tmp_path, "--no-figures")
    first, journal = run(calibrate.app, *words), list(Store(tmp_path / "_store").journal())
    assert run(calibrate.app, *words).stdout == first.stdout
    assert list(Store(tmp_path / "_store").journal()) == journal


def test_damaged_logits_are_computed_again(made: Path, tmp_path: Path) -> None:
    words = ("--artifact", made, "--out", tmp_path, "--no-figures")
    first = run(calibrate.app, *words)
    kept = next((tmp_path / "_store").rglob("logits.npy"))
    kept.write_bytes(kept.read_bytes()[:-1])
    assert run(calibrate.app, *words).stdout == first.stdout
    events = [entry["event"] for entry in Store(tmp_path / "_store").journal()]
    assert events == [*["started", "made"] * 2, "set_aside", "started", "made"]


@ALL
def test_what_is_no_artifact_is_one_clear_line(
    app: typer.Typer, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(app, "--artifact", "nowhere", *words)
    assert_one_clear_line(result, "a folder with manifest.json, got nowhere without")
    assert not list(tmp_path.iterdir()), "nothing was begun"


@ALL
def test_a_damaged_artifact_is_one_clear_line_and_stays_as_it_is(
    app: typer.Typer,
    words: tuple[str, ...],
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (model / "vocabulary.txt").write_text("other\n")
    before = bytes_of(tmp_path)
    result = run(app, "--artifact", model, *words)
    assert_one_clear_line(result, "files are as its manifest says", "vocabulary.txt")
    assert bytes_of(tmp_path) == before


@BOTH
def test_labels_that_fit_no_taxonomy_are_one_clear_line(app: typer.Typer, tmp_path: Path) -> None:
    other = make_artifact(tmp_path / "a", labels=("a", "b", "c", "d"))
    result = run(app, "--artifact", other, "--out", tmp_path / "out")
    assert_one_clear_line(result, "those of a taxonomy", "a, b, c, d")


@BOTH
def test_a_folder_without_a_corpus_is_one_clear_line(
    app: typer.Typer, made: Path, tmp_path: Path
) -> None:
    result = run(app, "--artifact", made, "--corpus", tmp_path, "--out", tmp_path / "out")
    assert_one_clear_line(result, "folder holds files of .csv, .tsv", str(tmp_path))
    result = run(app, "--artifact", made, "--data", tmp_path, "--out", tmp_path / "out")
    assert_one_clear_line(result, "must hold goemotions/train.tsv", "correct --data")
    assert not (tmp_path / "out").exists()


@BOTH
def test_a_corpus_without_the_artifacts_labels_is_one_clear_line(
    app: typer.Typer, tmp_path: Path
) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").write_text(GOOD)
    other = make_artifact(tmp_path / "a", EKMAN)
    result = run(app, "--artifact", other, "--corpus", tmp_path, "--out", tmp_path / "out")
    assert_one_clear_line(result, "every label of ekman needs a text", "disgust")


@BOTH
def test_an_output_inside_the_artifact_is_one_clear_line(app: typer.Typer, model: Path) -> None:
    result = run(app, "--artifact", model, "--out", model / "out")
    assert_one_clear_line(result, "nothing is written into an artifact", "--out")


@BOTH
def test_an_output_that_cannot_be_written_is_one_clear_line(
    app: typer.Typer, made: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    result = run(app, "--artifact", made, "--out", tmp_path / "file" / "out")
    assert_one_clear_line(result, "must be a folder that can be written")


def test_a_corpus_of_ones_own_is_judged_by(made: Path, tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").write_text(GOOD)
    result = run(evaluate.app, "--artifact", made, "--corpus", tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "no baselines to stand beside: folds must lie in" in result.stdout
    assert "test: 4 texts" in result.stdout and f"corpus {tmp_path.name}" in result.stdout
    result = run(calibrate.app, "--artifact", made, "--corpus", tmp_path, "--out", tmp_path / "out")
    assert_one_clear_line(result, "needs test texts that do not stand in train")


SPLITS = ("train", "dev", "test")


@pytest.mark.parametrize("gate", ["min-macro-f1", "max-ece", "max-latency-p95-ms", "max-size-mb"])
def test_a_gate_is_never_passed_on_the_sample_that_stands_in(
    made: Path, tmp_path: Path, gate: str
) -> None:
    words = ("--artifact", made, "--out", tmp_path / "out", f"--{gate}", 0.5)
    result = run(evaluate.app, *words)
    assert_one_clear_line(result, "a gate is held against the corpus that was meant", "--corpus")
    assert not list(tmp_path.iterdir()), "nothing was begun"


def test_the_sample_is_judged_on_by_its_name_and_told_of_where_it_stands_in(
    made: Path, tmp_path: Path
) -> None:
    words = ("--artifact", made, "--out", tmp_path / "out")
    for app in SCORING:
        told = run(app, *words)
        assert told.exit_code == 0 and told.stderr.startswith("warning: judged on the embedded")
        assert "GoEmotions was not found" in told.stdout
    named = run(evaluate.app, *words, "--corpus", "sample", "--min-macro-f1", 0.01)
    assert named.exit_code == 0 and not named.stderr, named.output
    assert "corpus sample" in named.stdout and "was not found" not in named.stdout


def test_a_folder_called_sample_comes_before_the_embedded_one(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sample").mkdir()
    monkeypatch.chdir(tmp_path)
    result = run(evaluate.app, "--artifact", made, "--corpus", "sample")
    assert_one_clear_line(result, "folder holds files of .csv, .tsv")


def test_a_gate_needs_a_split_that_is_there_and_large_enough(made: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "small"
    corpus.mkdir()
    for split in SPLITS:
        (corpus / f"{split}.tsv").write_text(GOOD)
    words = ("--artifact", made, "--out", tmp_path / "out", "--min-macro-f1", 0.0)
    few = run(evaluate.app, *words, "--corpus", corpus)
    assert_one_clear_line(few, "needs 100 texts or more", "got 4 in test of small", "--min-texts")
    assert run(evaluate.app, *words, "--corpus", corpus, "--min-texts", 4).exit_code == 0
    (corpus / "test.tsv").write_text("")
    none = run(evaluate.app, *words, "--corpus", corpus, "--min-texts", 1)
    assert none.exit_code == 1 and none.stderr.startswith("error: "), none.output


@pytest.mark.parametrize("gone", ["dev", "test"])
def test_a_gate_is_not_held_against_texts_taken_from_train(
    made: Path, tmp_path: Path, gone: str
) -> None:
    corpus = tmp_path / "two"
    corpus.mkdir()
    for split in set(SPLITS) - {gone}:
        rows = [f"{word} {i},{label}" for i in range(200) for word, label in WORDS.items()]
        (corpus / f"{split}.csv").write_text("\n".join(["text,label", *rows]))
    words = ("--artifact", made, "--corpus", corpus, "--out", tmp_path / "out")
    named = (*words, "--corpus-split", gone)
    refused = run(evaluate.app, *named, "--max-ece", 1.0)
    assert_one_clear_line(refused, f"a corpus without {gone}, which was taken from train")
    assert run(evaluate.app, *named).exit_code == 0, "without a gate it is a look"


MISTAKES: dict[str, tuple[typer.Typer, tuple[str, ...], str]] = {
    "split": (evaluate.app, ("--corpus-split", "train"), "scored on dev or test, got 'train'"),
    "gate": (evaluate.app, ("--min-macro-f1", "60"), "min_macro_f1 lies in [0, 1], got 60.0"),
    "size": (evaluate.app, ("--max-size-mb", "0"), "max_size_mb is finite and above 0, got 0.0"),
    "gates": (evaluate.app, ("--gate-on", "high"), "held against value or low, the worse end"),
    "texts": (evaluate.app, ("--min-texts", "0"), "counted from 1, got 0"),
    "sample": (evaluate.app, ("--max-size-mb", "1"), "got the embedded sample, as GoEmotions was"),
    "nothing": (decide.app, (), "a decision comes one way"),
    "twice": (decide.app, ("--undo", "--threshold", "0.4"), "got 2 of them"),
    "threshold": (decide.app, ("--threshold", "1.5"), "a probability in (0, 1), got '1.5'"),
    "label": (decide.app, ("--threshold", "boredom=0.4"), "got 'boredom'"),
    "temperature": (decide.app, ("--temperature", "0"), "temperature must be finite and above 0"),
    "undo": (decide.app, ("--undo",), "needs a decision before the current one"),
    "absent": (decide.app, ("--from", "no.parquet"), "rows must exist, no.parquet does not"),
    "rule": (decide.app, ("--threshold", "0.4", "--rule", "one"), "--rule picks a row of --from"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_the_options_is_one_clear_line_and_changes_nothing(
    case: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app, words, part = MISTAKES[case]
    before = bytes_of(tmp_path)
    assert_one_clear_line(run(app, "--artifact", model, *words), part)
    assert bytes_of(tmp_path) == before


def test_the_same_decision_again_says_so(model: Path) -> None:
    result = run(decide.app, "--artifact", model, "--temperature", 1, "--threshold", 0.5)
    assert result.exit_code == 0 and "decides so already" in result.stdout
    assert runtime.read(model)


@pytest.mark.parametrize("app", [calibrate.app, evaluate.app, decide.app])
def test_the_artifact_must_be_named(app: typer.Typer) -> None:
    result = run(app)
    assert result.exit_code == 2 and "--artifact" in result.stderr
