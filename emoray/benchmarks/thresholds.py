"""Exact thresholds compared with scikit-learn's tuner, and the interval that every row carries.

On synthetic logits of GoEmotions' size and label shares, so that nobody needs the data.
Shapes: N texts, K labels, R decisions, B resamples.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import f1_score
from sklearn.model_selection import TunedThresholdClassifierCV

from emoray.benchmarks.figures import AtLeast, AtMost, BenchmarkFigure, less_is_better
from emoray.decide.thresholds import Fixed, PerLabel, cuts_many
from emoray.metrics.bootstrap import RESAMPLES, stratified_weights
from emoray.metrics.cuts import decide, probabilities
from emoray.metrics.resampled import resampled
from emoray.metrics.scores import score
from emoray.stages.spec import TEMPERATURES, THRESHOLDS

Result = TypeVar("Result")
# Share of texts of each of GoEmotions' 28 labels, in thousandths.
SHARES = (
    *(93.0, 45.0, 36.0, 56.0, 63.0, 31.0, 50.0, 47.0, 14.0, 37.0, 51.0, 18.0, 6.0, 24.0),
    *(11.0, 57.0, 1.4, 31.0, 48.0, 2.8, 36.0, 2.0, 21.0, 2.2, 11.6, 28.0, 20.0, 324.0),
)


def made_logits(texts: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Make logits of a fair classifier on labels of GoEmotions' shares.

    Args:
        texts: N; every label has a positive, in however few texts.
        seed: of the random numbers.

    Returns:
        logits_NK float32 and labels_NK uint8.
    """
    rng = np.random.default_rng(seed)
    share_K = np.array(SHARES) / 1000
    labels_NK = (rng.random((texts, len(share_K))) < share_K).astype(np.uint8)
    labels_NK[np.arange(len(share_K)) % texts, np.arange(len(share_K))] = 1
    logits_NK = rng.normal(np.log(share_K / (1 - share_K)) - 1 + 2.5 * labels_NK, 1.2)
    return logits_NK.astype(np.float32), labels_NK


class _Passthrough(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose only feature is the logit: what scikit-learn's tuner can tune."""

    def fit(self, logits_N1: np.ndarray, labels_N: np.ndarray) -> "_Passthrough":
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, logits_N1: np.ndarray) -> np.ndarray:
        probs_N1 = probabilities(logits_N1)
        return np.hstack([1 - probs_N1, probs_N1])

    def predict(self, logits_N1: np.ndarray) -> np.ndarray:
        return np.asarray((logits_N1[:, 0] >= 0).astype(int))


def decided_by_scikit_learn(logits_NK: np.ndarray, labels_NK: np.ndarray) -> np.ndarray:
    """Decide (N, K) by TunedThresholdClassifierCV with its usual 100 thresholds per label."""
    decided = []
    for logits_N1, labels_N in zip(logits_NK.T[..., None], labels_NK.T, strict=True):
        tuned = TunedThresholdClassifierCV(
            _Passthrough().fit(logits_N1, labels_N),
            scoring="f1",
            cv="prefit",
            refit=False,
            thresholds=100,
        )
        decided.append(tuned.fit(logits_N1, labels_N).predict(logits_N1))
    return np.array(decided).T


def _best_of(repeats: int, verb: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds and result of the shortest of several runs: the one that was disturbed least."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        result = verb()
        best = min(best, time.perf_counter() - start)
    return float(best), result


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Thresholds and intervals of 28 labels on splits of GoEmotions' sizes."""

    name: ClassVar[str] = "thresholds"

    dev_texts: int = 5426
    test_texts: int = 5427
    resamples: int = RESAMPLES
    repeats: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("dev_texts", "test_texts", "resamples", "repeats"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 1, got {getattr(self, name)}: leave it out"
                )

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"thresholds: {len(SHARES)} labels x {self.dev_texts:,} texts"

    def check(self) -> None:
        """Nothing is needed but what emoray needs."""

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Compare cuts and their F1 with scikit-learn's on the same texts; then time intervals."""
        logits_NK, labels_NK = made_logits(self.dev_texts, self.seed)
        ours, cuts_K = _best_of(self.repeats, lambda: PerLabel().cuts(logits_NK, labels_NK))
        theirs, decided_NK = _best_of(1, lambda: decided_by_scikit_learn(logits_NK, labels_NK))
        own_f1_K = f1_score(labels_NK, decide(logits_NK, cuts_K), average=None, zero_division=0)
        rival_f1_K = f1_score(labels_NK, decided_NK, average=None, zero_division=0)
        lowest_gain = float((np.asarray(own_f1_K) - np.asarray(rival_f1_K)).min())
        macro_f1 = score(logits_NK, labels_NK, cuts_K).macro_f1
        return (
            BenchmarkFigure(
                name="exact cuts of every label", ours=1e3 * ours, unit="ms", goal=AtMost(10)
            ),
            less_is_better(
                "the same, beside TunedThresholdClassifierCV",
                ours=1e3 * ours,
                theirs=1e3 * theirs,
                unit="ms",
                goal=AtLeast(100),
            ),
            BenchmarkFigure(name="macro-F1 of exact cuts", ours=macro_f1, unit=""),
            BenchmarkFigure(
                name="macro-F1 of scikit-learn's", ours=float(np.mean(rival_f1_K)), unit=""
            ),
            BenchmarkFigure(
                name="F1 gained, the label that gains least",
                ours=lowest_gain,
                unit="",
                goal=AtLeast(0),
            ),
            *self._intervals(cuts_K, logits_NK, labels_NK),
        )

    def _intervals(
        self, cuts_K: np.ndarray, dev_NK: np.ndarray, dev_labels_NK: np.ndarray
    ) -> tuple[BenchmarkFigure, ...]:
        test_NK, labels_NK = made_logits(self.test_texts, self.seed + 1)
        grid = [(Fixed(s), t) for t in TEMPERATURES for s in THRESHOLDS]
        cuts_RK = np.concatenate([cuts_K[None], cuts_many(grid, dev_NK, dev_labels_NK)])
        repeats = min(3, self.repeats)
        drawing, weights_BN = _best_of(
            repeats, lambda: stratified_weights(labels_NK, resamples=self.resamples)
        )
        found = []
        for rows in (1, len(cuts_RK)):
            seconds, _ = _best_of(
                repeats,
                lambda rows=rows: resampled(  # type: ignore[misc]
                    (test_NK, cuts_RK[:rows]), labels_NK, weights_BN
                ).interval("macro_f1"),
            )
            name = f"interval of {rows} decision{'s' * (rows > 1)}, {self.resamples:,} resamples"
            found.append(
                BenchmarkFigure(name=name, ours=drawing + seconds, unit="s", goal=AtMost(1))
            )
        return tuple(found)
