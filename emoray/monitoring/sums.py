"""All that is kept of a window of texts: sums, which add up over batches, windows and machines.

No text, probability or time is kept, so a window takes the same room whatever it holds. How values
are distributed is kept as counts below edges, quantiles of the reference: a distance of Kolmogorov
and Smirnov at these edges. It is the same for probabilities and for logits, as either grows with
the other. Shapes: N texts, K labels, E edges, M bins.
"""

from dataclasses import dataclass, field
from functools import reduce
from operator import add

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emoray.metrics.calibration import binned
from emoray.metrics.expected import ExpectedMoments
from emoray.tables.scored_texts import ScoredTexts

# Shares of the reference below the edges: more where labels are given, of which most are rare.
QUANTILES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
BINS = 15  # of the calibration error
EDGED = ("characters", "milliseconds")  # facts whose distribution is watched
AVERAGED = ("unknown_share", "truncated")  # facts whose mean is watched


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edges:
    """Where distributions are compared: at quantiles of the reference."""

    probability_KE: np.ndarray
    facts: dict[str, np.ndarray]

    @classmethod
    def of(cls, texts: list[ScoredTexts]) -> "Edges":
        """The quantiles of some scored texts."""
        probabilities_NK = np.concatenate([some.probabilities_NK for some in texts])
        facts = {}
        for name in EDGED:
            values = np.concatenate([fact_of(some.facts, name) for some in texts])
            known = values[~np.isnan(values)]
            facts[name] = _quantiles(known) if len(known) else np.full(len(QUANTILES), np.nan)
        return cls(probability_KE=_quantiles(probabilities_NK).T, facts=facts)


def _quantiles(values: np.ndarray) -> np.ndarray:
    return np.quantile(values, QUANTILES, axis=0, method="inverted_cdf")


def fact_of(facts: pa.Table, name: str) -> np.ndarray:
    """A column of facts as floats; NaN where the source does not tell."""
    column = pc.cast(facts.column(name), pa.float64())
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def counts_below(values: np.ndarray, edges_E: np.ndarray) -> np.ndarray:
    """counts_E, float64: values at or below each edge."""
    place = np.searchsorted(edges_E, values, side="left")
    return np.cumsum(np.bincount(place, minlength=len(edges_E) + 1)[:-1]).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FactSums:
    """One fact over the texts that have it: how many, their sum, its square's, counts at edges."""

    texts: float
    total: float
    squares: float
    below_E: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, edges_E: np.ndarray | None) -> "FactSums":
        """The sums of some texts; NaN where a text does not have the fact."""
        known = values[~np.isnan(values)]
        edged = edges_E is not None and not np.isnan(edges_E).any()
        below_E = counts_below(known, edges_E) if edged else np.zeros(len(QUANTILES))  # type: ignore[arg-type]
        return cls(
            texts=float(len(known)),
            total=float(known.sum()),
            squares=float(np.square(known).sum()),
            below_E=below_E,
        )

    def __add__(self, other: "FactSums") -> "FactSums":
        return FactSums(
            texts=self.texts + other.texts,
            total=self.total + other.total,
            squares=self.squares + other.squares,
            below_E=self.below_E + other.below_E,
        )

    @property
    def mean(self) -> float | None:
        """Over the texts that have it; None where none has."""
        return self.total / self.texts if self.texts else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledSums:
    """The texts whose labels came: what was expected of them, what was earned, calibration."""

    expected: ExpectedMoments
    earned: ExpectedMoments
    bins_3KM: np.ndarray

    @classmethod
    def of(
        cls, probs_NK: np.ndarray, decided_NK: np.ndarray, labels_NK: np.ndarray
    ) -> "LabelledSums":
        """The sums of some texts."""
        return cls(
            expected=ExpectedMoments.of(probs_NK, decided_NK),
            earned=ExpectedMoments.of(labels_NK, decided_NK),
            bins_3KM=binned(probs_NK, labels_NK, BINS),
        )

    def __add__(self, other: "LabelledSums") -> "LabelledSums":
        return LabelledSums(
            expected=self.expected + other.expected,
            earned=self.earned + other.earned,
            bins_3KM=self.bins_3KM + other.bins_3KM,
        )

    @property
    def ece_K(self) -> np.ndarray:
        """Expected calibration error of each label."""
        _, confident_KM, true_KM = self.bins_3KM
        return np.asarray(np.abs(confident_KM - true_KM).sum(axis=1) / self.earned.texts)

    @property
    def ece(self) -> float:
        """Expected calibration error of all label decisions pooled."""
        count_M, confident_M, true_M = self.bins_3KM.sum(axis=1)
        return float(np.abs(confident_M - true_M).sum() / count_M.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowSums:
    """The sums of a window. first, last: seconds since 1970 of its texts, NaN without times."""

    texts: int
    first: float
    last: float
    expected: ExpectedMoments
    below_KE: np.ndarray
    facts: dict[str, FactSums] = field(default_factory=dict)
    labelled: LabelledSums | None = None

    @classmethod
    def of(
        cls,
        some: ScoredTexts,
        edges: Edges,
        times: np.ndarray,
        labels_NK: np.ndarray | None = None,
        labelled_N: np.ndarray | None = None,
    ) -> "WindowSums":
        """The sums of some texts.

        Args:
            some: the texts.
            edges: of the reference.
            times: of each text, seconds since 1970; NaN where the source does not tell.
            labels_NK: what is true, of the texts for which it is known.
            labelled_N: for which texts it is; None where labels were not asked for.

        Returns:
            The sums.
        """
        columns = zip(some.probabilities_NK.T, edges.probability_KE, strict=True)
        known = times[~np.isnan(times)]
        labelled = None
        if labels_NK is not None and labelled_N is not None and labelled_N.any():
            probs_NK, decided_NK = some.probabilities_NK[labelled_N], some.decided_NK[labelled_N]
            labelled = LabelledSums.of(probs_NK, decided_NK, labels_NK)
        return cls(
            texts=len(some),
            first=float(known.min()) if len(known) else np.nan,
            last=float(known.max()) if len(known) else np.nan,
            expected=ExpectedMoments.of(some.probabilities_NK, some.decided_NK),
            below_KE=np.stack([counts_below(values, edges_E) for values, edges_E in columns]),
            facts={
                name: FactSums.of(fact_of(some.facts, name), edges.facts.get(name))
                for name in (*AVERAGED, *EDGED)
            },
            labelled=labelled,
        )

    def __add__(self, other: "WindowSums") -> "WindowSums":
        labelled = [each.labelled for each in (self, other) if each.labelled is not None]
        return WindowSums(
            texts=self.texts + other.texts,
            first=float(np.fmin(self.first, other.first)),
            last=float(np.fmax(self.last, other.last)),
            expected=self.expected + other.expected,
            below_KE=self.below_KE + other.below_KE,
            facts={name: self.facts[name] + other.facts[name] for name in self.facts},
            labelled=reduce(add, labelled) if labelled else None,
        )
