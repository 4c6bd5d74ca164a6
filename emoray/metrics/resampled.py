"""R decisions on the texts of one split, and how far resamples of the texts move their scores.

Two that share texts and resamples are comparable in pairs. Shapes: N texts, K labels, R decisions,
B resamples, P bytes of packed decisions, M bins.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from emoray.metrics.bootstrap import LEVEL, checked_weights, symmetric_interval
from emoray.metrics.calibration import brier, ece, nll
from emoray.metrics.cuts import check_temperature, log_odds, probabilities
from emoray.metrics.decided import CutLogits, Decisions, FixedDecisions, checked_decisions
from emoray.metrics.ranking import f1_of
from emoray.metrics.scores import ManyScores

F1S = ("macro_f1", "micro_f1")
LESS_IS_BETTER = ("ece", "brier", "nll")
MEASURES = (*F1S, *LESS_IS_BETTER)
LABEL_F1 = "label_f1"
BINS = 15


def _kept(resampled_RB: np.ndarray, value_R: np.ndarray) -> np.ndarray:
    """Return deviation_RB in the precision in which it is compared and stored.

    Float16 rounds it by 0.05 % of itself, a hundredth of the uncertainty that 500 resamples leave
    in an interval.

    Returns:
        deviation_RB, float16.
    """
    return (resampled_RB - value_R[:, None]).astype(np.float16)


def _by_label(
    decisions: FixedDecisions | CutLogits, labels_NK: np.ndarray, weights_NB: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Count every resample, one label after another.

    Yields:
        (f1_RB, tp_RB, predicted_RB, support_B), float64, from counts that are exact below 2**24.
    """
    for k in range(labels_NK.shape[1]):
        positive = np.flatnonzero(labels_NK[:, k])
        predicted_SB, tp_SB, row_R = decisions.sums(k, positive, weights_NB)
        support_B = weights_NB[positive].sum(axis=0, dtype=np.float64)
        f1_SB = f1_of(tp_SB, predicted_SB, support_B)
        yield f1_SB[row_R], tp_SB[row_R], predicted_SB[row_R], support_B


def _calibrations(
    logits_NK: np.ndarray,
    labels_NK: np.ndarray,
    temperature: float,
    weights_NB: np.ndarray,
    softmax: bool,
) -> dict[str, np.ndarray]:
    """Return ECE, Brier and NLL of every resample (B): per text first, then weighted."""
    texts, labels = logits_NK.shape
    weights_NB = weights_NB.astype(np.float64)
    probs_NK = probabilities(logits_NK, temperature, softmax=softmax)
    gap_NK = probs_NK.astype(np.float64) - labels_NK
    bin_NK = np.clip(np.ceil(probs_NK * float(BINS)).astype(np.int64) - 1, 0, BINS - 1)
    cell = (bin_NK + np.arange(texts)[:, None] * BINS).ravel()
    gap_NM = np.bincount(cell, gap_NK.ravel(), texts * BINS).reshape(texts, BINS)
    scaled_NK = log_odds(logits_NK.astype(np.float64), temperature, softmax=softmax)
    softplus_NK = np.maximum(scaled_NK, 0) + np.log1p(np.exp(-np.abs(scaled_NK)))
    events_B = weights_NB.sum(axis=0) * labels
    return {
        "ece": np.abs(gap_NM.T @ weights_NB).sum(axis=0) / events_B,
        "brier": np.square(gap_NK).sum(axis=1) @ weights_NB / events_B,
        "nll": (softplus_NK - scaled_NK * labels_NK).sum(axis=1) @ weights_NB / events_B,
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class Resampled:
    """R decisions on the same texts; a measure is computed at its first use."""

    decisions: FixedDecisions | CutLogits
    labels_NK: np.ndarray
    weights_NB: np.ndarray
    temperature_R: np.ndarray | None = None
    """Of the probabilities; without one there are no measures of calibration."""
    softmax: bool = False
    """Whether a text's probabilities sum to 1; its logits are then margins."""
    _values: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    _deviations: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.decisions)

    @property
    def resamples(self) -> int:
        """The number of resamples, B."""
        return int(self.weights_NB.shape[1])

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that these decisions have."""
        return F1S if self.temperature_R is None else MEASURES

    @cached_property
    def scores(self) -> ManyScores:
        """Scores on the texts themselves, of each label too."""
        return self.decisions.scores(self.labels_NK)

    def decided(self, r: int) -> np.ndarray:
        """decided_NK, bool, of one row."""
        return self.decisions.row(r)

    def _check(self, measure: str) -> None:
        if measure not in self.measures:
            raise ValueError(
                f"measure is one of {', '.join(self.measures)}, got {measure!r}: pick one of these"
            )

    def value(self, measure: str) -> np.ndarray:
        """value_R, float64: the measure on the texts themselves."""
        self._check(measure)
        if measure in F1S:
            return np.asarray(getattr(self.scores, f"{measure}_R"))
        if measure not in self._values:
            self._calibrate()
        return self._values[measure]

    def deviation(self, measure: str) -> np.ndarray:
        """Return deviation_RB, float16: each resample's measure minus `value`."""
        self._check(measure)
        if measure not in self._deviations:
            if measure in F1S:
                self._measure_f1s()
            else:
                self._calibrate()
        return self._deviations[measure]

    def label_deviation(self) -> np.ndarray:
        """Measure how far each resample moves the F1 of each label.

        Computed before `deviation`, it costs no more than that alone.

        Returns:
            deviation_RKB, float32: each resample's F1 minus that on the texts themselves.
        """
        if LABEL_F1 not in self._deviations:
            shape = len(self), self.labels_NK.shape[1], self.resamples
            self._deviations[LABEL_F1] = np.empty(shape, np.float32)
            self._measure_f1s(self._deviations[LABEL_F1])
        return self._deviations[LABEL_F1]

    def _measure_f1s(self, labels_RKB: np.ndarray | None = None) -> None:
        """Compute both F1, and fill `labels_RKB` with that of each label where it is given."""
        shape = len(self), self.resamples
        macro_RB, tp_RB, predicted_RB = (np.zeros(shape) for _ in range(3))
        support_B = np.zeros(self.resamples)
        every = _by_label(self.decisions, self.labels_NK, self.weights_NB)
        for k, (f1_RB, own_tp_RB, own_predicted_RB, own_B) in enumerate(every):
            macro_RB += f1_RB
            tp_RB += own_tp_RB
            predicted_RB += own_predicted_RB
            support_B += own_B
            if labels_RKB is not None:
                labels_RKB[:, k] = f1_RB - self.scores.f1_RK[:, [k]]
        macro_RB /= self.labels_NK.shape[1]
        micro_RB = f1_of(tp_RB, predicted_RB, support_B)
        for name, drawn_RB in zip(F1S, (macro_RB, micro_RB), strict=True):
            self._deviations.setdefault(name, _kept(drawn_RB, self.value(name)))

    def _calibrate(self) -> None:
        """Compute every measure of calibration, once for each temperature."""
        assert self.temperature_R is not None and isinstance(self.decisions, CutLogits)
        logits_NK, labels_NK = self.decisions.logits_NK, self.labels_NK
        distinct, row_R = np.unique(self.temperature_R, return_inverse=True)
        plain, drawn = [], []
        for t in map(float, distinct):
            probs_NK = probabilities(logits_NK, t, softmax=self.softmax)
            plain.append(
                {
                    "ece": ece(probs_NK, labels_NK, BINS),
                    "brier": brier(probs_NK, labels_NK),
                    "nll": nll(logits_NK, labels_NK, t, softmax=self.softmax),
                }
            )
            drawn.append(_calibrations(logits_NK, labels_NK, t, self.weights_NB, self.softmax))
        for name in LESS_IS_BETTER:
            value_R = np.array([found[name] for found in plain])[row_R]
            self._values[name] = value_R
            self._deviations[name] = _kept(np.array([f[name] for f in drawn])[row_R], value_R)

    def measured(self) -> "Resampled":
        """Compute every measure now, so that rows taken from it share them."""
        for measure in self.measures:
            self.deviation(measure)
        return self

    def interval(self, measure: str, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
        """Return (low_R, high_R) of a measure, clipped to its range: from 0, all but NLL to 1."""
        low_R, high_R = symmetric_interval(self.value(measure), self.deviation(measure), level)
        return np.maximum(low_R, 0), high_R if measure == "nll" else np.minimum(high_R, 1)

    @cached_property
    def _bits(self) -> tuple[np.ndarray, np.ndarray]:
        packed, right = [], []
        for r in range(len(self)):
            decided_NK = self.decided(r)
            right_KN = np.ascontiguousarray((decided_NK == self.labels_NK).T)  # ten times as fast
            packed.append(np.packbits(decided_NK))
            right.append(right_KN.all(axis=0))
        return np.array(packed), np.array(right)

    @property
    def packed_RP(self) -> np.ndarray:
        """Every label decision as one bit."""
        return self._bits[0]

    @property
    def right_RN(self) -> np.ndarray:
        """Whether all labels of a text are right: subset accuracy is their mean."""
        return self._bits[1]

    def at(self, cuts_RK: np.ndarray) -> "Resampled":
        """The same logits with other cuts."""
        assert isinstance(self.decisions, CutLogits)
        moved = CutLogits(logits_NK=self.decisions.logits_NK, cuts_RK=cuts_RK)
        return Resampled(decisions=moved, labels_NK=self.labels_NK, weights_NB=self.weights_NB)

    def rows(self, chosen: Sequence[int] | np.ndarray) -> "Resampled":
        """The rows at these positions, in this order; a row may come more than once."""
        at = np.asarray(chosen, dtype=np.int64)
        return Resampled(
            decisions=self.decisions.rows(at),
            labels_NK=self.labels_NK,
            weights_NB=self.weights_NB,
            temperature_R=None if self.temperature_R is None else self.temperature_R[at],
            softmax=self.softmax,
            _values={name: value_R[at] for name, value_R in self._values.items()},
            _deviations={name: drawn_RB[at] for name, drawn_RB in self._deviations.items()},
        )


def _checked_temperatures(
    temperature_R: np.ndarray | None, decisions: FixedDecisions | CutLogits
) -> np.ndarray | None:
    if temperature_R is None:
        return None
    temperature_R = np.asarray(temperature_R, np.float64)
    if isinstance(decisions, FixedDecisions) or len(temperature_R) != len(decisions):
        raise ValueError(
            "a temperature turns the logits of one row of cuts into probabilities, got "
            f"{len(decisions)} rows and {len(temperature_R)} temperatures: give logits, and one "
            "of each"
        )
    for temperature in temperature_R:
        check_temperature(float(temperature))
    return temperature_R


def resampled(
    decisions: Decisions,
    labels_NK: np.ndarray,
    weights_BN: np.ndarray,
    *,
    temperature_R: np.ndarray | None = None,
    softmax: bool = False,
    deviations: Mapping[str, np.ndarray] | None = None,
) -> Resampled:
    """R decisions of one model with the resamples in which they are compared.

    Args:
        decisions: decided_RNK, or (logits_NK, cuts_RK).
        labels_NK: 0 or 1.
        weights_BN: `stratified_weights` of the same labels. A label that a resample neither holds
            nor predicts counts F1 0, as in `scores`.
        temperature_R: of each row, where probabilities are measured too.
        softmax: whether a text's probabilities sum to 1; its logits are then margins.
        deviations: by measure, where these decisions were resampled before, with equal weights.

    Returns:
        The decisions, whose measures are computed at their first use.
    """
    found, labels_NK = checked_decisions(decisions, labels_NK)
    return Resampled(
        decisions=found,
        labels_NK=labels_NK,
        weights_NB=checked_weights(weights_BN, len(labels_NK)),
        temperature_R=_checked_temperatures(temperature_R, found),
        softmax=softmax,
        _deviations=dict(deviations or {}),
    )
