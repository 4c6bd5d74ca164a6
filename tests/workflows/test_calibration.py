import json

import numpy as np
import pytest

from emoray.decide.temperature import fit_temperature
from emoray.decide.thresholds import PerLabel
from emoray.metrics.calibration import ece, label_ece
from emoray.metrics.change import Change
from emoray.metrics.cuts import decide, probabilities, thresholds_of
from emoray.stages.artifact_scoring import ArtifactEvaluation
from emoray.stages.spec import RULES
from emoray.tables.files import table_of
from emoray.tables.rows import FINISHED_TABLES
from emoray.tables.schema import schema_of
from emoray.workflows.calibrate import explain_gain
from emoray.workflows.calibrate_tables import temperature_sentence, threshold_sentence
from emoray.workflows.calibration import (
    Calibrated,
    calibration_changes,
    calibration_rows,
    label_rows,
    reliability_rows,
)


def test_every_rule_is_tried_without_and_with_the_fitted_temperature(
    calibrated: Calibrated, evaluation: ArtifactEvaluation
) -> None:
    rows = calibration_rows(calibrated, evaluation)
    assert [r.decision for r in rows] == [
        "saved",
        *(f"{rule} t={t}" for rule in RULES for t in ("1.0", "fitted")),
    ]
    dev = evaluation.split_logits("dev")
    fitted = fit_temperature(dev.logits_NK, dev.labels_NK)
    assert {r.temperature for r in rows if r.temperature_rule == "fitted"} == {fitted}
    per_label = next(r for r in rows if r.decision == "per_label t=fitted")
    cuts_K = PerLabel().cuts(dev.logits_NK, dev.labels_NK)
    assert json.loads(per_label.cuts) == cuts_K.tolist()
    assert json.loads(per_label.labels) == list(evaluation.subject.labels)


def test_one_decision_is_chosen_and_dev_chooses_it(
    calibrated: Calibrated, evaluation: ArtifactEvaluation
) -> None:
    rows = calibration_rows(calibrated, evaluation)
    fitted = [r for r in rows if r.temperature_rule == "fitted"]
    assert [r.chosen for r in rows].count(True) == 1
    assert max(fitted, key=lambda r: r.dev_macro_f1).chosen


def test_a_temperature_alone_changes_no_decision(
    calibrated: Calibrated, evaluation: ArtifactEvaluation
) -> None:
    rows = calibration_rows(calibrated, evaluation)
    assert all(r.temperature_flips == 0 for r in rows)
    told = {(r.before, r.after, r.measure): r for r in calibration_changes(calibrated)}
    alone = [(f"{rule} t=1.0", f"{rule} t=fitted") for rule in RULES]
    for pair in alone:
        assert told[*pair, "macro_f1"].verdict == told[*pair, "micro_f1"].verdict == "equivalent"
        assert told[*pair, "nll"].verdict == "better"


def test_thresholds_alone_change_no_probability(calibrated: Calibrated) -> None:
    told = {(r.before, r.after, r.measure): r for r in calibration_changes(calibrated)}
    for measure in ("ece", "brier", "nll"):
        assert told["saved", "per_label t=1.0", measure].verdict == "equivalent"
    assert told["saved", "per_label t=1.0", "macro_f1"].change > 0


def test_flips_are_counted_against_the_artifact_as_it_stands(
    calibrated: Calibrated, evaluation: ArtifactEvaluation
) -> None:
    test_NK = evaluation.split_logits("test").logits_NK
    for r, row in enumerate(calibration_rows(calibrated, evaluation)):
        changed = decide(test_NK, calibrated.cuts_RK[r]) != (test_NK >= 0)
        assert row.flips == changed.sum()


def test_scores_are_those_of_the_decision(
    calibrated: Calibrated, evaluation: ArtifactEvaluation
) -> None:
    said = evaluation.split_logits("test")
    for r, row in enumerate(calibration_rows(calibrated, evaluation)):
        probs_NK = probabilities(said.logits_NK, float(calibrated.temperature_R[r]))
        assert row.test_ece == pytest.approx(ece(probs_NK, said.labels_NK))
        assert row.test_macro_f1 == pytest.approx(calibrated.test.macro_f1_R[r])


def test_labels_are_told_before_and_after(
    calibrated: Calibrated, evaluation: ArtifactEvaluation
) -> None:
    rows = [r for r in label_rows(calibrated) if r.decision == "per_label t=fitted"]
    said, r = evaluation.split_logits("test"), calibrated.names.index("per_label t=fitted")
    temperature = float(calibrated.temperature_R[r])
    assert [row.label for row in rows] == list(evaluation.subject.labels)
    assert [row.support for row in rows] == said.labels_NK.sum(axis=0).tolist()
    assert {row.threshold_before for row in rows} == {0.5}
    wanted_K = thresholds_of(calibrated.cuts_RK[r], temperature)
    assert [row.threshold for row in rows] == pytest.approx(wanted_K)
    before_K = label_ece(probabilities(said.logits_NK), said.labels_NK)
    after_K = label_ece(probabilities(said.logits_NK, temperature), said.labels_NK)
    assert [row.ece_before for row in rows] == pytest.approx(before_K)
    assert [row.ece for row in rows] == pytest.approx(after_K)


def test_reliability_bins_hold_every_decision_at_each_temperature(calibrated: Calibrated) -> None:
    rows = reliability_rows(calibrated, [1.0, 2.0, 2.0])
    assert len(rows) == 2 * 15
    for temperature in (1.0, 2.0):
        held = sum(r.decisions for r in rows if r.temperature == temperature)
        assert held == calibrated.logits.test_NK.size


def test_the_sentences_say_where_the_gain_comes_from(calibrated: Calibrated) -> None:
    thresholds, temperature = explain_gain(calibrated)
    assert "comes from the thresholds" in thresholds and "changes 0 of 820 label" in thresholds
    assert "come from the temperature (1.000 →" in temperature


def told(low: float, high: float) -> Change:
    middle = (low + high) / 2
    return Change(
        before=0.5,
        after=0.5 + middle,
        low=low,
        high=high,
        equivalence_low=low,
        equivalence_high=high,
    )


def test_a_gain_within_its_interval_is_not_claimed() -> None:
    assert "no clear change" in threshold_sentence(told(-0.1, 0.2), 0, 100)
    assert "decides as before" in threshold_sentence(told(0.0, 0.0), 0, 100)
    assert "no clear change" in temperature_sentence(told(-0.1, 0.1), told(-0.1, 0.2), 1, 2)
    nothing = told(0.0, 0.0)
    assert "fitted one already" in temperature_sentence(nothing, nothing, 2, 2)


def test_every_change_has_one_of_four_verdicts_by_its_own_interval(calibrated: Calibrated) -> None:
    for row in calibration_changes(calibrated):
        assert (row.margin is None) == (row.direction == "minimize")
        if row.verdict in ("better", "worse"):
            up = row.change_low > 0
            assert up or row.change_high < 0
            assert (row.verdict == "better") == (up == (row.direction == "maximize"))
        elif row.verdict == "equivalent":
            reach = row.margin or 1e-12
            assert -reach < row.equivalence_low <= row.equivalence_high < reach
        else:
            assert row.verdict == "undecided" and row.change_low <= 0 <= row.change_high


@pytest.mark.parametrize("row_class", FINISHED_TABLES.values(), ids=FINISHED_TABLES)
def test_every_column_of_the_jobs_tables_is_described(row_class: type) -> None:
    assert all(field.metadata[b"description"] for field in schema_of(row_class))


def test_rows_fit_their_tables(calibrated: Calibrated, evaluation: ArtifactEvaluation) -> None:
    for name, rows in (
        ("calibration", calibration_rows(calibrated, evaluation)),
        ("changes", calibration_changes(calibrated)),
        ("calibration_labels", label_rows(calibrated)),
    ):
        table = table_of(rows, FINISHED_TABLES[name])
        nulls = [c for c in table.column_names if table.column(c).null_count]
        assert table.num_rows == len(rows)
        assert nulls == (["margin"] if name == "changes" else [])
    assert np.isfinite([r.value_after for r in calibration_changes(calibrated)]).all()
