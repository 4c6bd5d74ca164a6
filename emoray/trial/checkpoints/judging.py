"""What compression costs: every form decides by the same rule, on the same resampled test texts.

Shapes: N texts, K labels.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from emoray.decide.crossfit import cross_fitted_scores
from emoray.decide.temperature import fit_temperature
from emoray.decide.thresholds import cuts_many
from emoray.metrics.comparison import EQUIVALENCE_LEVEL, LEVEL, MARGIN
from emoray.metrics.intervals import resample_weights
from emoray.metrics.paired import Change, Judged, change, judge
from emoray.trial.columns import Logits, decide_all
from emoray.trial.spec import RULES, Decision, Fitted
from emoray.trial.stages.text import read_texts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """One form of a model with its own decision, fitted on dev and judged on test."""

    rule: str
    temperature: float
    cuts_K: np.ndarray
    dev_macro_f1: float
    test_macro_f1: float
    judged: Judged
    decided_NK: np.ndarray


@lru_cache(maxsize=1)
def _weights(texts: int) -> np.ndarray:
    return resample_weights(texts)


def read_logits(scored: Path, text: Path) -> Logits:
    """Logits that a stage left, beside what is true."""
    with np.load(scored / "logits.npz", allow_pickle=False) as data:
        dev_NK, test_NK = data["dev"], data["test"]
    return Logits(
        dev_NK=dev_NK,
        dev_labels_NK=read_texts(text, "dev")[1],
        test_NK=test_NK,
        test_labels_NK=read_texts(text, "test")[1],
        leaked_N=np.load(text / "leaked.npy", allow_pickle=False),
    )


def best_decision(logits: Logits) -> Decision:
    """The threshold rule of the best cross-fitted dev score, at the fitted temperature."""
    decisions = [Decision(temperature=Fitted(), rule=rule) for rule in RULES]
    scores = decide_all(logits, decisions).points["dev_macro_f1"]
    return decisions[int(np.argmax(scores))]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedDecision:
    """What dev alone decides."""

    rule: str
    temperature: float
    cuts_K: np.ndarray


def fitted(dev_NK: np.ndarray, labels_NK: np.ndarray) -> FittedDecision:
    """Temperature by least NLL, thresholds by the rule of the best cross-fitted score."""
    temperature = fit_temperature(dev_NK, labels_NK)
    pairs = [(rule, temperature) for rule in RULES]
    best = int(np.argmax(cross_fitted_scores(pairs, dev_NK, labels_NK).macro_f1_R))
    cuts_RK = cuts_many([pairs[best]], dev_NK, labels_NK)
    return FittedDecision(rule=str(RULES[best]), temperature=temperature, cuts_K=cuts_RK[0])


def judged(logits: Logits, decision: Decision) -> Outcome:
    """Fit the decision on dev, judge it on test."""
    decided = decide_all(logits, [decision])
    cuts_RK, temperature_R = decided.cuts_RK, decided.temperature_R
    weights_BN = _weights(len(logits.test_NK))
    return Outcome(
        rule=str(decision.rule),
        temperature=float(temperature_R[0]),
        cuts_K=cuts_RK[0],
        dev_macro_f1=float(decided.points["dev_macro_f1"][0]),
        test_macro_f1=float(decided.points["test_macro_f1"][0]),
        judged=judge(logits.test_NK, logits.test_labels_NK, cuts_RK, temperature_R, weights_BN),
        decided_NK=logits.test_NK >= cuts_RK[0],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The change of test macro-F1 from one form to another, and how many decisions differ."""

    change: Change
    narrow: Change
    flips: int

    @property
    def equivalent(self) -> bool:
        """Whether the 90 % interval lies within half a point on either side."""
        return self.narrow.within(MARGIN)


def cost(before: Outcome, after: Outcome) -> Cost:
    """What the second form loses or gains beside the first."""
    pair = (before.judged, 0), (after.judged, 0)
    return Cost(
        change=change("macro_f1", *pair, level=LEVEL),
        narrow=change("macro_f1", *pair, level=EQUIVALENCE_LEVEL),
        flips=int((before.decided_NK != after.decided_NK).sum()),
    )
