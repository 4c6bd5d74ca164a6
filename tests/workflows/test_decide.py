import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from emoray.artifact import runtime
from emoray.artifact.decision_history import history
from emoray.metrics.cuts import cuts_of
from emoray.tables.files import read_table, write_table
from emoray.tables.finished_rows import CalibrationRow
from emoray.tables.rows import LabelRow
from emoray.workflows.calibrate import run_calibrate
from emoray.workflows.calibration import Calibrated
from emoray.workflows.decide import read_thresholds, run_decide
from emoray.workflows.settings.calibrate import Calibrate
from emoray.workflows.settings.decide import ChangeDecision
from tests.artifact.finished import bytes_of, make_artifact

QUIET = Console(quiet=True)
LABELS = ("positive", "negative", "ambiguous", "neutral")


@pytest.fixture
def folder(overconfident: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(overconfident, tmp_path / "model"))


@pytest.fixture(scope="module")
def calibration(overconfident: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("calibration")
    run_calibrate(Calibrate(artifact=overconfident, out=out, download=False, figures=False), QUIET)
    return out / f"calibrate-{overconfident.name}" / "calibration.parquet"


def decided(folder: Path, **said: object) -> runtime.Classifier:
    run_decide(ChangeDecision(artifact=folder, **said), QUIET)
    return runtime.load(folder)


def rule_of(folder: Path) -> str:
    return history(folder)[-1].rule


def test_calibrating_writes_nothing_into_the_artifact(overconfident: Path, tmp_path: Path) -> None:
    before = bytes_of(overconfident)
    run_calibrate(
        Calibrate(artifact=overconfident, out=tmp_path, download=False, figures=False), QUIET
    )
    assert bytes_of(overconfident) == before


def test_what_the_calibration_chose_is_saved(
    folder: Path, calibration: Path, calibrated: Calibrated
) -> None:
    found = decided(folder, source=calibration)
    chosen = calibrated.chosen
    assert found.temperature == calibrated.temperature_R[chosen]
    np.testing.assert_array_equal(found.cuts_K, calibrated.cuts_RK[chosen])
    saved = history(folder)[-1]
    assert "of a calibration on sample" in saved.why
    (row,) = (r for r in read_table(calibration, CalibrationRow).to_pylist() if r["chosen"])
    assert saved.scores["test_macro_f1"] == row["test_macro_f1"]
    said = io.StringIO()
    run_decide(ChangeDecision(artifact=folder, history=True), Console(file=said, width=160))
    assert f"{row['test_macro_f1']:.4f}" in said.getvalue()


@pytest.mark.parametrize("rule", ["fixed0.5", "one", "per_label", "per_label_s20"])
def test_any_rule_of_the_calibration_can_be_saved(
    folder: Path, calibration: Path, calibrated: Calibrated, rule: str
) -> None:
    found = decided(folder, source=calibration.parent, rule=rule)
    r = calibrated.names.index(f"{rule} t=fitted")
    assert found.temperature == calibrated.temperature_R[r]
    np.testing.assert_array_equal(found.cuts_K, calibrated.cuts_RK[r])
    assert rule_of(folder) == rule


def test_one_threshold_serves_all_labels_but_those_named(folder: Path) -> None:
    found = decided(folder, temperature=2.0, thresholds=("0.3", "neutral=0.6"))
    wanted = cuts_of([0.3, 0.3, 0.3, 0.6], 2.0)
    np.testing.assert_array_equal(found.cuts_K, wanted)
    assert found.temperature == 2.0 and rule_of(folder) == "given"
    assert decided(folder, thresholds=("0.25",)).temperature == 2.0
    assert rule_of(folder) == "fixed0.25"


def test_labels_not_named_keep_deciding_as_they_do(folder: Path) -> None:
    before = decided(folder, temperature=2.0, thresholds=("0.3",)).cuts_K
    after = decided(folder, temperature=0.5, thresholds=("negative=0.8",)).cuts_K
    assert after[1] == cuts_of(0.8, 0.5)
    np.testing.assert_array_equal(np.delete(after, 1), np.delete(before, 1))


def test_a_temperature_alone_moves_probabilities_and_no_decision(
    folder: Path, calibration: Path
) -> None:
    before = decided(folder, source=calibration, rule="per_label")
    texts = ["thanks a lot", "this is bad", "what?"]
    said = before(texts)
    after = decided(folder, temperature=5.0)
    assert after(texts).labels == said.labels and rule_of(folder) == "per_label"
    assert not np.allclose(after(texts).probabilities_NK, said.probabilities_NK)
    decided(folder, thresholds=("0.3",))
    decided(folder, temperature=1.0)
    assert rule_of(folder) == "given", "at another temperature 0.3 is another cut"


def test_undo_goes_back_to_the_decision_before(folder: Path, overconfident: Path) -> None:
    decided(folder, thresholds=("0.3",))
    run_decide(ChangeDecision(artifact=folder, undo=True), QUIET)
    assert runtime.read(folder) == runtime.read(overconfident)


def test_the_history_is_walked_back_and_forth_and_by_number(
    folder: Path, overconfident: Path
) -> None:
    decided(folder, thresholds=("0.3",))
    kept = runtime.read(folder)
    decided(folder, undo=True)
    decided(folder, redo=True)
    assert runtime.read(folder) == kept
    decided(folder, to=0)
    assert runtime.read(folder) == runtime.read(overconfident)
    with pytest.raises(ValueError, match=r"has a number \(0, 1\), got 5"):
        decided(folder, to=5)


def test_thresholds_are_read_by_label() -> None:
    assert read_thresholds(["0.4", "neutral=0.5"], LABELS) == (0.4, {"neutral": 0.5})
    assert read_thresholds([], LABELS) == (None, {})


@pytest.mark.parametrize("text", ["0", "1", "1.5", "-0.1", "nan", "much", "", "neutral=2"])
def test_a_threshold_that_is_no_probability_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a threshold is a probability in \(0, 1\), got"):
        read_thresholds([text], LABELS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["joy=0.4"], r"names a label of the artifact \(positive, .*\), got 'joy'"),
        (["neutral=0.4", "neutral=0.5"], "one threshold, got two for neutral"),
        (["0.4", "0.5"], "one threshold serves all labels, got 2"),
    ],
)
def test_thresholds_that_do_not_fit_the_labels_are_refused(options: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_thresholds(options, LABELS)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_divides_nothing_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature must be finite and above 0, got"):
        ChangeDecision(artifact=Path("a"), temperature=temperature)


def test_a_decision_comes_one_way() -> None:
    with pytest.raises(ValueError, match=r"a decision comes one way, .* got none of them"):
        ChangeDecision(artifact=Path("a"))
    with pytest.raises(ValueError, match=r"a decision comes one way, .* got 2 of them"):
        ChangeDecision(artifact=Path("a"), temperature=1.0, undo=True)
    with pytest.raises(ValueError, match="--rule picks a row of --from, got 'one' without"):
        ChangeDecision(artifact=Path("a"), undo=True, rule="one")
    with pytest.raises(ValueError, match="got 2 of them"):
        ChangeDecision(artifact=Path("a"), redo=True, to=0)


def refused(folder: Path, said: str, source: Path, rule: str | None = None) -> None:
    before = bytes_of(folder)
    with pytest.raises(ValueError, match=said):
        run_decide(ChangeDecision(artifact=folder, source=source, rule=rule), QUIET)
    assert bytes_of(folder) == before


def test_a_calibration_of_another_model_is_refused(calibration: Path, tmp_path: Path) -> None:
    other = make_artifact(tmp_path / "other", seed=1)
    refused(other, "a calibration belongs to one model, .* to model with hash", calibration)


def test_a_calibration_with_other_labels_is_refused(calibration: Path, tmp_path: Path) -> None:
    other = make_artifact(tmp_path / "other", labels=LABELS[::-1])
    refused(other, r"a calibration has the artifact's labels \(neutral, ", calibration)


def test_a_table_that_is_no_calibration_is_refused(
    folder: Path, calibration: Path, tmp_path: Path
) -> None:
    refused(
        folder,
        r"a table of calibration rows must exist, .*missing.parquet does not",
        tmp_path / "missing.parquet",
    )
    labels = write_table([], tmp_path / "labels.parquet", LabelRow)
    refused(folder, "must hold calibration rows", labels)
    rows = read_table(calibration, CalibrationRow)
    saved = write_table(rows.slice(0, 1), tmp_path / "saved.parquet", CalibrationRow)
    refused(folder, "a calibration holds fitted decisions, .* holds none", saved)
    raw = bytearray(calibration.read_bytes())
    raw[60] ^= 1
    (tmp_path / "damaged.parquet").write_bytes(raw)
    refused(folder, r"a table must pass its checksums", tmp_path / "damaged.parquet")
    refused(folder, "--rule is one of fixed0.5, one, .*, got 'best'", calibration, "best")
