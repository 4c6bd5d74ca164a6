"""Temperature and thresholds fitted on dev, compared with the artifact's own decision.

Shapes: N texts, K labels, R decisions, the artifact's own first.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emoray.artifact.loading import Finished
from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.calibration import label_ece, reliability
from emoray.metrics.change import Change
from emoray.metrics.comparison import Comparison, compare_decisions
from emoray.metrics.cuts import probabilities, thresholds_of
from emoray.metrics.resampled import Resampled, resampled
from emoray.metrics.scores import ManyScores, score_many
from emoray.stages.artifact_scoring import ArtifactEvaluation
from emoray.stages.decision_columns import ModelLogits
from emoray.stages.fitted import fit_decisions
from emoray.stages.spec import RULES, Decision, Fitted, rule_name
from emoray.tables.finished_rows import CalibrationLabelRow, CalibrationRow, ChangeRow
from emoray.tables.rows import ReliabilityRow
from emoray.workflows.change_rows import change_rows

SAVED = "saved"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibrated:
    """Every decision tried, the artifact's own first, and how each compares with it."""

    finished: Finished
    logits: ModelLogits
    names: tuple[str, ...]
    rules: tuple[str, ...]
    temperature_rules: tuple[str, ...]
    temperature_R: np.ndarray
    cuts_RK: np.ndarray
    dev_macro_f1_R: np.ndarray
    unleaked_R: np.ndarray
    drawn: Resampled

    @property
    def test(self) -> ManyScores:
        """Scores on test itself, not its resamples."""
        return self.drawn.scores

    @property
    def chosen(self) -> int:
        """The row of the best cross-fitted dev score at the fitted temperature, never the first."""
        fitted = [r for r, rule in enumerate(self.temperature_rules) if rule == "fitted"]
        return max(fitted, key=lambda r: (self.dev_macro_f1_R[r], -r))

    def row(self, rule: str, temperature_rule: str) -> int:
        """The row of a decision by its rules."""
        return next(
            r
            for r, found in enumerate(zip(self.rules, self.temperature_rules, strict=True))
            if found == (rule, temperature_rule)
        )

    def unfitted(self, r: int) -> int:
        """The row of the same rule without the fitted temperature."""
        return self.row(self.rules[r], "fixed") if self.names[r] != SAVED else r

    def test_probabilities(self, temperature: float) -> np.ndarray:
        """Probabilities of test at a temperature."""
        test_NK = self.logits.test_NK
        return probabilities(test_NK, temperature, softmax=self.finished.softmax)

    def flips(self, before: int, after: int) -> int:
        """How many label decisions on test differ."""
        test_NK = self.logits.test_NK
        return int(((test_NK >= self.cuts_RK[before]) != (test_NK >= self.cuts_RK[after])).sum())

    def compared(self, before: int, after: int) -> Comparison:
        """Compare one decision with another."""
        return compare_decisions(self.drawn.rows([before]), self.drawn.rows([after]))

    def change(self, measure: str, before: int, after: int) -> Change:
        """The change of one measure from one decision to another."""
        return self.compared(before, after).changes[measure]


def calibrate_artifact(evaluation: ArtifactEvaluation) -> Calibrated:
    """Score dev and test, fit every rule on dev, compare all on test with the same resamples."""
    if evaluation.corpus.leaked_N.all():
        raise ValueError(
            "a calibration needs test texts that do not stand in train, got none in "
            f"{evaluation.source.folder}: give test texts of its own"
        )
    finished, (dev, test) = (
        evaluation.subject,
        (evaluation.split_logits(split) for split in ("dev", "test")),
    )
    logits = ModelLogits(
        dev_NK=dev.logits_NK,
        dev_labels_NK=dev.labels_NK,
        test_NK=test.logits_NK,
        test_labels_NK=test.labels_NK,
        leaked_N=evaluation.corpus.leaked_N,
    )
    decisions = [Decision(temperature=t, rule=rule) for rule in RULES for t in (1.0, Fitted())]
    softmax = finished.softmax
    fitted = fit_decisions(decisions, logits.dev_NK, logits.dev_labels_NK, softmax=softmax)
    rules = [rule_name(d.rule, softmax=softmax) for d in decisions]
    cuts_RK = np.vstack([finished.cuts_K, fitted.cuts_RK])
    temperature_R = np.append(finished.temperature, fitted.temperature_R)
    own_dev = score_many(logits.dev_NK, logits.dev_labels_NK, cuts_RK[:1]).macro_f1_R
    kept_N = ~logits.leaked_N
    unleaked = score_many(logits.test_NK[kept_N], logits.test_labels_NK[kept_N], cuts_RK)
    kinds = ("fitted" if isinstance(d.temperature, Fitted) else "fixed" for d in decisions)
    return Calibrated(
        finished=finished,
        logits=logits,
        names=(SAVED, *(f"{r} t={d.temperature}" for r, d in zip(rules, decisions, strict=True))),
        rules=(finished.rule, *rules),
        temperature_rules=(SAVED, *kinds),
        temperature_R=temperature_R,
        cuts_RK=cuts_RK,
        dev_macro_f1_R=np.append(own_dev, fitted.dev_macro_f1_R),
        unleaked_R=unleaked.macro_f1_R,
        drawn=resampled(
            (logits.test_NK, cuts_RK),
            logits.test_labels_NK,
            usual_weights(logits.test_labels_NK),
            temperature_R=temperature_R,
            softmax=softmax,
        ).measured(),
    )


def calibration_rows(found: Calibrated, evaluation: ArtifactEvaluation) -> list[CalibrationRow]:
    """One row per decision."""
    scores = {name: found.drawn.value(name) for name in found.drawn.measures}
    return [
        CalibrationRow(
            decision=name,
            artifact=found.finished.name,
            model_sha256=found.finished.model_sha256,
            corpus=evaluation.corpus.name,
            corpus_sha256=evaluation.corpus.sha256,
            taxonomy=evaluation.taxonomy.name,
            threshold_rule=found.rules[r],
            temperature_rule=found.temperature_rules[r],
            temperature=float(found.temperature_R[r]),
            labels=json.dumps(found.finished.labels, ensure_ascii=False),
            cuts=json.dumps(np.clip(found.cuts_RK[r], *_finite()).tolist()),
            dev_macro_f1=float(found.dev_macro_f1_R[r]),
            test_macro_f1=float(scores["macro_f1"][r]),
            test_micro_f1=float(scores["micro_f1"][r]),
            test_precision=float(found.test.precision_R[r]),
            test_recall=float(found.test.recall_R[r]),
            test_ece=float(scores["ece"][r]),
            test_brier=float(scores["brier"][r]),
            test_nll=float(scores["nll"][r]),
            test_macro_f1_unleaked=float(found.unleaked_R[r]),
            flips=found.flips(0, r),
            temperature_flips=found.flips(found.unfitted(r), r),
            chosen=r == found.chosen,
            derived=json.dumps(derived_facts(found.finished), ensure_ascii=False)
            if found.finished.derived
            else "",
        )
        for r, name in enumerate(found.names)
    ]


def derived_facts(finished: Finished) -> dict[str, Any]:
    """What `DerivedDecision` has besides a decision, of an artifact in a coarser taxonomy."""
    derived = finished.derived
    assert derived is not None
    names = ("taxonomy", "native", "groups", "way", "own_temperature")
    return {name: getattr(derived, name) for name in names}


def _finite() -> tuple[float, float]:
    """The largest floats, which stand for infinity in JSON, as in decision.json."""
    farthest = float(np.finfo(np.float64).max)
    return -farthest, farthest


def calibration_pairs(found: Calibrated) -> list[tuple[int, int]]:
    """Rows to compare: the artifact's own with all, each rule without and with its temperature."""
    others = range(1, len(found.names))
    alone = [(found.unfitted(r), r) for r in others if found.unfitted(r) != r]
    return [(0, r) for r in others] + alone


def calibration_changes(found: Calibrated) -> list[ChangeRow]:
    """Every measure of every pair."""
    return [
        row
        for before, after in calibration_pairs(found)
        for row in change_rows(
            found.names[before], found.names[after], found.compared(before, after), split="test"
        )
    ]


def label_rows(found: Calibrated) -> list[CalibrationLabelRow]:
    """Rows of every label under every decision, compared with the artifact's own."""
    eces = {
        t: label_ece(found.test_probabilities(t), found.logits.test_labels_NK)
        for t in map(float, np.unique(found.temperature_R))
    }
    own = float(found.temperature_R[0])
    before_K = thresholds_of(found.cuts_RK[0], own)
    test, rows = found.test, []
    for r, name in enumerate(found.names):
        temperature = float(found.temperature_R[r])
        thresholds_K = thresholds_of(found.cuts_RK[r], temperature)
        for k, label in enumerate(found.finished.labels):
            rows.append(
                CalibrationLabelRow(
                    decision=name,
                    label=label,
                    support=int(test.support_K[k]),
                    threshold_before=float(before_K[k]),
                    threshold=float(thresholds_K[k]),
                    cut=float(np.clip(found.cuts_RK[r, k], *_finite())),
                    precision_before=float(test.precision_RK[0, k]),
                    precision=float(test.precision_RK[r, k]),
                    recall_before=float(test.recall_RK[0, k]),
                    recall=float(test.recall_RK[r, k]),
                    f1_before=float(test.f1_RK[0, k]),
                    f1=float(test.f1_RK[r, k]),
                    ece_before=float(eces[own][k]),
                    ece=float(eces[temperature][k]),
                )
            )
    return rows


def reliability_rows(found: Calibrated, temperatures: Sequence[float]) -> list[ReliabilityRow]:
    """15 bins of all label decisions on test, at each temperature."""
    rows = []
    for temperature in dict.fromkeys(map(float, temperatures)):
        probs_NK = found.test_probabilities(temperature)
        bins = reliability(probs_NK, found.logits.test_labels_NK)
        edges = np.linspace(0, 1, len(bins.count_M) + 1)
        for m, count in enumerate(bins.count_M):
            middle = float(edges[m] + edges[m + 1]) / 2
            rows.append(
                ReliabilityRow(
                    model=found.finished.name,
                    temperature=temperature,
                    bin_low=float(edges[m]),
                    bin_high=float(edges[m + 1]),
                    decisions=int(count),
                    probability=float(bins.confidence_M[m]) if count else middle,
                    observed=float(bins.frequency_M[m]),
                )
            )
    return rows
