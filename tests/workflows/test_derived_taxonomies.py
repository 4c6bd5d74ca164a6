"""From an artifact on fine labels to one that decides in coarser taxonomies too, job by job."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from emoray.artifact import runtime
from emoray.artifact.loading import open_artifact
from emoray.artifact.runtime import WAYS
from emoray.labels import EKMAN, SENTIMENT
from emoray.tables.comparison_rows import ComparisonRow
from emoray.tables.files import read_table
from emoray.tables.finished_rows import CalibrationRow
from emoray.workflows.calibrate import run_calibrate
from emoray.workflows.compare.compare import run_compare
from emoray.workflows.decide import run_decide
from emoray.workflows.evaluate import run_evaluate
from emoray.workflows.settings.calibrate import Calibrate
from emoray.workflows.settings.compare import CompareModels
from emoray.workflows.settings.decide import ChangeDecision
from emoray.workflows.settings.evaluate import Evaluate
from tests.artifact.finished import make_artifact

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("derived")


@pytest.fixture(scope="module")
def artifact(out: Path) -> Path:
    return make_artifact(out / "ekman", EKMAN, sharpness=2.0)


def _fitted(artifact: Path, out: Path, said: io.StringIO, **more: object) -> Path:
    console = Console(file=said, width=200)
    settings = Calibrate(artifact=artifact, out=out, download=False, figures=False, **more)
    return Path(run_calibrate(settings, console)) / "calibration.parquet"


@pytest.fixture(scope="module")
def derived(artifact: Path, out: Path) -> tuple[Path, list[dict[str, object]], str]:
    """The artifact once it decides in sentiment too, the calibration's rows, and its words."""
    said = io.StringIO()
    path = _fitted(artifact, out, said, taxonomy="sentiment")
    run_decide(ChangeDecision(artifact=artifact, source=path), QUIET)
    return artifact, read_table(path, CalibrationRow).to_pylist(), said.getvalue()


def test_the_way_and_the_thresholds_come_from_dev(
    derived: tuple[Path, list[dict[str, object]], str],
) -> None:
    artifact, rows, said = derived
    (chosen,) = (row for row in rows if row["chosen"])
    facts = json.loads(str(chosen["derived"]))
    assert facts["way"] in WAYS and all(way in said for way in WAYS)
    assert chosen["taxonomy"] == "sentiment" and rows[0]["threshold_rule"] == "fixed0.5"
    found = open_artifact(artifact, "sentiment")
    np.testing.assert_array_equal(found.cuts_K, json.loads(str(chosen["cuts"])))
    assert (found.derived.way, found.rule) == (facts["way"], chosen["threshold_rule"])
    assert runtime.load(artifact).in_taxonomy("sentiment").labels == SENTIMENT.labels


def test_it_is_evaluated_in_either_taxonomy(
    derived: tuple[Path, list[dict[str, object]], str], out: Path
) -> None:
    artifact, rows, _ = derived
    (chosen,) = (row for row in rows if row["chosen"])
    asked = {"artifact": artifact, "out": out, "download": False}
    coarse = run_evaluate(Evaluate(**asked, taxonomy="sentiment"), QUIET)
    assert coarse.taxonomy == "sentiment"
    assert coarse.macro_f1 == pytest.approx(chosen["test_macro_f1"])
    assert run_evaluate(Evaluate(**asked, name="own"), QUIET).taxonomy == "ekman"


def test_it_is_compared_with_one_that_learned_the_coarser_labels(
    derived: tuple[Path, list[dict[str, object]], str], out: Path
) -> None:
    native = make_artifact(out / "native", SENTIMENT, sharpness=2.0)
    settings = CompareModels(
        operands=(str(native), str(derived[0])),
        taxonomy="sentiment",
        out=out,
        download=False,
        figures=False,
    )
    place = Path(run_compare(settings, QUIET))
    (row,) = read_table(place / "comparisons.parquet", ComparisonRow).to_pylist()
    assert (row["before"], row["after"], row["decisions"]) == ("native", "ekman", row["decisions"])
    assert row["macro_f1_low"] < row["macro_f1_change"] < row["macro_f1_high"]


def test_a_threshold_of_a_derived_taxonomy_is_changed_by_name(
    derived: tuple[Path, list[dict[str, object]], str],
) -> None:
    artifact, own = derived[0], open_artifact(derived[0])
    before = open_artifact(artifact, "sentiment")
    said = io.StringIO()
    run_decide(
        ChangeDecision(artifact=artifact, taxonomy="sentiment", thresholds=("neutral=0.9",)),
        Console(file=said, width=200),
    )
    after = open_artifact(artifact, "sentiment")
    assert (after.cuts_K != before.cuts_K).tolist() == [False, False, False, True]
    assert "neutral" in said.getvalue() and after.rule == "given"
    np.testing.assert_array_equal(open_artifact(artifact).cuts_K, own.cuts_K)
    run_decide(ChangeDecision(artifact=artifact, undo=True), QUIET)
    np.testing.assert_array_equal(open_artifact(artifact, "sentiment").cuts_K, before.cuts_K)


def test_groups_of_ones_own_are_decided_in(artifact: Path, out: Path) -> None:
    groups = {"bright": ["joy", "surprise"], "dark": ["low", "anger"], "flat": ["neutral"]}
    groups["low"] = ["sadness", "fear", "disgust"]
    path = out / "mood.json"
    path.write_text(json.dumps(groups), "utf-8")
    said = io.StringIO()
    found = _fitted(artifact, out / "mood", said, groups=path)
    run_decide(ChangeDecision(artifact=artifact, source=found), QUIET)
    mood = open_artifact(artifact, "mood")
    assert mood.labels == ("bright", "dark", "flat")
    asked = {"artifact": artifact, "out": out, "download": False}
    row = run_evaluate(Evaluate(**asked, taxonomy="mood", name="mood"), QUIET)
    assert row.taxonomy == "mood" and row.macro_f1 > 0.3
    again = _fitted(artifact, out / "again", io.StringIO(), taxonomy="mood")
    assert read_table(again, CalibrationRow).to_pylist()[0]["decision"] == "saved"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"taxonomy": "goemotions"}, "derived from a finer one, .* got goemotions .* from ekman"),
        ({"taxonomy": "mod"}, "taxonomy is one of goemotions, ekman, sentiment, got 'mod'"),
        ({"groups": Path("gone.json")}, "--groups is a file of JSON, got nothing at gone.json"),
    ],
)
def test_what_cannot_be_derived_is_refused(
    artifact: Path, tmp_path: Path, asked: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        _fitted(artifact, tmp_path, io.StringIO(), **asked)


def test_a_taxonomy_without_thresholds_changes_nothing(artifact: Path) -> None:
    with pytest.raises(ValueError, match="says whose thresholds change, got 'sentiment' without"):
        ChangeDecision(artifact=artifact, taxonomy="sentiment", undo=True)


def test_a_calibration_of_other_labels_is_refused(
    derived: tuple[Path, list[dict[str, object]], str], out: Path, tmp_path: Path
) -> None:
    path = _fitted(derived[0], tmp_path, io.StringIO(), taxonomy="sentiment")
    other = make_artifact(out / "other", SENTIMENT)
    with pytest.raises(ValueError, match="a calibration has the artifact's labels"):
        run_decide(ChangeDecision(artifact=other, source=path), QUIET)
