"""The cost of compression: all variants decide by one rule, on the same resampled test texts.

Shapes: N texts, K labels.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoray.decide.thresholds import Fixed
from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.comparison import Comparison, compare_decisions
from emoray.metrics.resampled import Resampled, resampled
from emoray.stages.compression import LOGITS
from emoray.stages.decision_columns import ModelLogits
from emoray.stages.encoding import read_texts
from emoray.stages.fitted import FittedDecisions, fit_decisions
from emoray.stages.spec import RULES, Decision, Fitted, rule_name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VariantScores:
    """One form of a model with its own decision, fitted on dev, and its scores on test."""

    fitted: FittedDecisions
    drawn: Resampled

    @property
    def rule(self) -> str:
        """The threshold rule."""
        return rule_name(self.fitted.decisions[0].rule, softmax=self.softmax)

    @property
    def softmax(self) -> bool:
        """Whether a text's probabilities sum to 1."""
        return self.drawn.softmax

    @property
    def temperature(self) -> float:
        """The fitted temperature."""
        return float(self.fitted.temperature_R[0])

    @property
    def cuts_K(self) -> np.ndarray:
        """Cuts in logits."""
        return np.asarray(self.fitted.cuts_RK[0])

    @property
    def dev_macro_f1(self) -> float:
        """Cross-fitted on dev."""
        return float(self.fitted.dev_macro_f1_R[0])

    @property
    def test_macro_f1(self) -> float:
        """On test."""
        return float(self.drawn.value("macro_f1")[0])


def read_logits(scored: Path, text: Path) -> ModelLogits:
    """Read the logits that a stage left, and the true labels."""
    with np.load(scored / LOGITS, allow_pickle=False) as data:
        dev_NK, test_NK = data["dev"], data["test"]
    return ModelLogits(
        dev_NK=dev_NK,
        dev_labels_NK=read_texts(text, "dev")[1],
        test_NK=test_NK,
        test_labels_NK=read_texts(text, "test")[1],
        leaked_N=np.load(text / "leaked.npy", allow_pickle=False),
    )


def best_decision(
    dev_NK: np.ndarray, labels_NK: np.ndarray, *, softmax: bool = False
) -> FittedDecisions:
    """Fit the decision that is best on dev.

    The temperature has the least NLL, the rule the best cross-fitted macro-F1. A head for one label
    a text gives the most probable one.

    Args:
        dev_NK: logits.
        labels_NK: of dev.
        softmax: whether a text's probabilities sum to 1; its logits are then margins.

    Returns:
        One decision.
    """
    rules = (Fixed(0.5),) if softmax else RULES
    decisions = [Decision(temperature=Fitted(), rule=rule) for rule in rules]
    fitted = fit_decisions(decisions, dev_NK, labels_NK, softmax=softmax)
    return fitted.rows([fitted.best])


def score_variant(
    logits: ModelLogits, decision: Decision, *, softmax: bool = False
) -> VariantScores:
    """Fit the decision on dev, score it on test."""
    fitted = fit_decisions([decision], logits.dev_NK, logits.dev_labels_NK, softmax=softmax)
    return VariantScores(
        fitted=fitted,
        drawn=resampled(
            (logits.test_NK, fitted.cuts_RK),
            logits.test_labels_NK,
            usual_weights(logits.test_labels_NK),
            temperature_R=fitted.temperature_R,
            softmax=softmax,
        ),
    )


def variant_cost(before: VariantScores, after: VariantScores) -> Comparison:
    """Compare the second variant with the first."""
    return compare_decisions(before.drawn, after.drawn)
