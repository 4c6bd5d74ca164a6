"""Dev steers, test is scored."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from emoray.decide.crossfit import cross_fitted_macro_f1, cross_fitted_scores
from emoray.decide.temperature import fit_temperature
from emoray.decide.thresholds import Fixed, OneForAll, PerLabel
from emoray.metrics.cuts import cuts_of
from emoray.stages.decision_columns import (
    ModelLogits,
    decide_all,
    label_columns,
    reliability_columns,
    score_fitted,
    surface_columns,
)
from emoray.stages.fitted import read_fitted
from emoray.stages.spec import Decision, Fitted

LABELS = ("anger", "fear", "joy", "neutral")
DECISIONS = tuple(
    Decision(temperature=t, rule=rule)
    for t in (Fitted(), 1.0, 2.0)
    for rule in (Fixed(0.5), Fixed(0.3), OneForAll(), PerLabel(), PerLabel(min_support=20))
)
POINTS = [f"point-{i}" for i in range(len(DECISIONS))]


def split(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels_NK = (rng.random((300, len(LABELS))) < [0.1, 0.2, 0.3, 0.5]).astype(np.uint8)
    logits_NK = 2.5 * (rng.normal(size=labels_NK.shape) + 1.5 * labels_NK - 1)
    return logits_NK.astype(np.float32), labels_NK


@pytest.fixture(scope="module")
def logits() -> ModelLogits:
    (dev_NK, dev_labels_NK), (test_NK, test_labels_NK) = split(1), split(2)
    return ModelLogits(
        dev_NK=dev_NK,
        dev_labels_NK=dev_labels_NK,
        test_NK=test_NK,
        test_labels_NK=test_labels_NK,
        leaked_N=np.arange(300) % 7 == 0,
    )


def macro_f1(labels_NK: np.ndarray, found_NK: np.ndarray) -> float:
    return float(f1_score(labels_NK, found_NK, average="macro", zero_division=0))


def test_test_labels_steer_no_threshold_no_temperature_and_no_dev_score(
    logits: ModelLogits,
) -> None:
    shuffled = np.random.default_rng(0).permutation(logits.test_labels_NK)
    one = decide_all(logits, DECISIONS)
    other = decide_all(replace(logits, test_labels_NK=shuffled), DECISIONS)
    np.testing.assert_array_equal(one.fitted.cuts_RK, other.fitted.cuts_RK)
    np.testing.assert_array_equal(one.fitted.temperature_R, other.fitted.temperature_R)
    np.testing.assert_array_equal(one.points["dev_macro_f1"], other.points["dev_macro_f1"])
    assert (one.points["test_macro_f1"] != other.points["test_macro_f1"]).all()


def test_test_logits_steer_nothing_either(logits: ModelLogits) -> None:
    other = decide_all(replace(logits, test_NK=logits.test_NK[::-1].copy()), DECISIONS)
    np.testing.assert_array_equal(
        decide_all(logits, DECISIONS).fitted.cuts_RK, other.fitted.cuts_RK
    )


def test_dev_labels_do_steer(logits: ModelLogits) -> None:
    shuffled = np.random.default_rng(0).permutation(logits.dev_labels_NK)
    other = decide_all(replace(logits, dev_labels_NK=shuffled), DECISIONS)
    assert (decide_all(logits, DECISIONS).fitted.cuts_RK != other.fitted.cuts_RK).any(
        1
    ).mean() > 0.5


def test_the_fitted_temperature_is_that_of_least_nll_on_dev(logits: ModelLogits) -> None:
    decided = decide_all(logits, DECISIONS)
    wanted = fit_temperature(logits.dev_NK, logits.dev_labels_NK)
    assert decided.fitted.temperature_R.tolist() == [wanted] * 5 + [1.0] * 5 + [2.0] * 5
    assert decided.points["temperature_rule"] == ["fitted"] * 5 + ["fixed"] * 10


def test_fixed_thresholds_cut_where_the_probability_says(logits: ModelLogits) -> None:
    decided = decide_all(logits, DECISIONS)
    np.testing.assert_allclose(
        decided.fitted.cuts_RK[DECISIONS.index(Decision(rule=Fixed(0.5)))], 0
    )
    row = DECISIONS.index(Decision(temperature=2.0, rule=Fixed(0.3)))
    np.testing.assert_allclose(decided.fitted.cuts_RK[row], cuts_of(0.3, 2.0))
    probs_NK = 1 / (1 + np.exp(-logits.test_NK / 2.0))
    wanted = macro_f1(logits.test_labels_NK, probs_NK >= 0.3)
    assert decided.points["test_macro_f1"][row] == pytest.approx(wanted, abs=1e-12)


def test_every_score_is_scikit_learns(logits: ModelLogits) -> None:
    decided = decide_all(logits, DECISIONS)
    for row, cuts_K in enumerate(decided.fitted.cuts_RK):
        found_NK, true_NK = logits.test_NK >= cuts_K, logits.test_labels_NK
        kept_N = ~logits.leaked_N
        wanted = {
            "test_macro_f1": macro_f1(true_NK, found_NK),
            "test_macro_f1_unleaked": macro_f1(true_NK[kept_N], found_NK[kept_N]),
            "test_micro_f1": f1_score(true_NK, found_NK, average="micro"),
            "test_precision": precision_score(true_NK, found_NK, average="macro", zero_division=0),
            "test_recall": recall_score(true_NK, found_NK, average="macro", zero_division=0),
        }
        for name, value in wanted.items():
            assert decided.points[name][row] == pytest.approx(value, abs=1e-12), name


def test_dev_scores_are_cross_fitted(logits: ModelLogits) -> None:
    decided = decide_all(logits, DECISIONS)
    for row, decision in enumerate(DECISIONS):
        wanted = cross_fitted_macro_f1(
            decision.rule,
            logits.dev_NK,
            logits.dev_labels_NK,
            temperature=float(decided.fitted.temperature_R[row]),
        )
        assert decided.points["dev_macro_f1"][row] == pytest.approx(wanted, abs=1e-12)
    pairs = list(
        zip((d.rule for d in DECISIONS), decided.fitted.temperature_R.tolist(), strict=True)
    )
    honest = cross_fitted_scores(pairs, logits.dev_NK, logits.dev_labels_NK)
    np.testing.assert_array_equal(decided.points["dev_micro_f1"], honest.micro_f1_R)


def test_calibration_is_told_of_dev_as_of_test(logits: ModelLogits) -> None:
    swapped = replace(logits, test_NK=logits.dev_NK, test_labels_NK=logits.dev_labels_NK)
    one, other = decide_all(logits, DECISIONS).points, decide_all(swapped, DECISIONS).points
    for name in ("ece", "nll"):
        np.testing.assert_array_equal(one[f"dev_{name}"], other[f"test_{name}"])
    calibrated = DECISIONS.index(Decision())
    assert one["dev_nll"][calibrated] == one["dev_nll"].min()


def test_cuts_that_were_kept_decide_and_score_as_when_they_were_fitted(
    logits: ModelLogits, tmp_path: Path
) -> None:
    one = decide_all(logits, DECISIONS)
    one.fitted.save(tmp_path)
    again = read_fitted(tmp_path, DECISIONS)
    assert again.pairs == one.fitted.pairs and again.best == one.fitted.best
    np.testing.assert_array_equal(again.cuts_RK, one.fitted.cuts_RK)
    points = score_fitted(logits, again).points
    for name, column in one.points.items():
        np.testing.assert_array_equal(points[name], column)
    some = again.rows([3, 0])
    assert some.decisions == (DECISIONS[3], DECISIONS[0])
    np.testing.assert_array_equal(some.cuts_RK, one.fitted.cuts_RK[[3, 0]])


def test_the_interval_holds_the_score(logits: ModelLogits) -> None:
    points = decide_all(logits, DECISIONS).points
    assert (points["test_macro_f1_low"] < points["test_macro_f1"]).all()
    assert (points["test_macro_f1"] < points["test_macro_f1_high"]).all()


def test_labels_are_kept_for_fitted_rules_for_one_half_and_for_the_best_on_dev(
    logits: ModelLogits,
) -> None:
    decided = decide_all(logits, DECISIONS)
    columns = label_columns(logits, decided, POINTS, LABELS)
    kept = [p for p, d in zip(POINTS, DECISIONS, strict=True) if d.rule != Fixed(0.3)]
    assert columns["point"] == [p for p in kept for _ in LABELS]
    assert columns["label"] == list(LABELS) * len(kept)
    assert {len(column) for column in columns.values()} == {len(kept) * len(LABELS)}
    f1_RK = columns["f1"].reshape(len(kept), -1)
    rows = [POINTS.index(point) for point in kept]
    np.testing.assert_allclose(f1_RK.mean(1), decided.points["test_macro_f1"][rows])
    np.testing.assert_array_equal(
        columns["support"].reshape(len(kept), -1)[0], logits.test_labels_NK.sum(0)
    )
    ap_RK = columns["average_precision"].reshape(len(kept), -1)
    for k in range(len(LABELS)):
        wanted = average_precision_score(logits.test_labels_NK[:, k], logits.test_NK[:, k])
        np.testing.assert_allclose(ap_RK[:, k], wanted, atol=1e-12)
    np.testing.assert_allclose(
        columns["cut"],
        np.concatenate(
            [
                cuts_of(
                    columns["threshold"].reshape(len(kept), -1)[i], decided.fitted.temperature_R[r]
                )
                for i, r in enumerate(rows)
            ]
        ),
        atol=1e-9,
    )


def test_a_fixed_threshold_that_is_best_on_dev_keeps_its_labels(logits: ModelLogits) -> None:
    given = (Decision(temperature=1.0, rule=Fixed(0.3)), Decision(temperature=1.0, rule=Fixed(0.9)))
    decided = decide_all(logits, given)
    scores = decided.points["dev_macro_f1"]
    assert scores[0] > scores[1]
    kept = label_columns(logits, decided, ["point-0", "point-1"], LABELS)["point"]
    assert set(kept) == {"point-0"}


def test_a_lone_decision_keeps_its_labels_whatever_its_rule(logits: ModelLogits) -> None:
    lone = decide_all(logits, [Decision(rule=Fixed(0.3))])
    assert label_columns(logits, lone, ["point-0"], LABELS)["label"] == list(LABELS)


def test_the_surface_is_macro_f1_at_each_of_its_pairs(logits: ModelLogits) -> None:
    columns = surface_columns(logits, "model")
    rows = np.random.default_rng(0).choice(len(columns["threshold"]), 12, replace=False)
    for row in rows:
        cut = cuts_of(columns["threshold"][row], columns["temperature"][row])
        for name in ("dev", "test"):
            scores_NK = getattr(logits, f"{name}_NK").astype(np.float64)
            wanted = macro_f1(getattr(logits, f"{name}_labels_NK"), scores_NK >= cut)
            assert columns[f"{name}_macro_f1"][row] == pytest.approx(wanted, abs=1e-9)


def test_reliability_counts_every_label_decision_before_and_after_calibration(
    logits: ModelLogits,
) -> None:
    columns = reliability_columns(logits, decide_all(logits, DECISIONS), "model")
    temperatures = np.unique(columns["temperature"])
    assert len(temperatures) == 2 and 1.0 in temperatures
    for temperature in temperatures:
        chosen = columns["temperature"] == temperature
        assert columns["decisions"][chosen].sum() == logits.test_NK.size
        share = (columns["observed"] * columns["decisions"])[chosen].sum() / logits.test_NK.size
        assert share == pytest.approx(logits.test_labels_NK.mean())
