"""Trainings on a taxonomy beside those that derive it, or that learn others beside it.

Shapes: S seeds, N texts, K labels, B resamples, R decisions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.convention import MARGIN
from emoray.metrics.seed_gain import seed_gain, seed_scores
from emoray.stages.compression import LOGITS, Score
from emoray.stages.decisions import Decide
from emoray.stages.derived_decisions import DecideDerived
from emoray.stages.encoding import read_texts
from emoray.stages.families.protocol import TextStage
from emoray.stages.fitted import FittedDecisions, read_fitted
from emoray.stages.spec import Decision, Fitted, recipe_id
from emoray.tables.files import read_table, write_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.taxonomy_rows import TaxonomyComparisonRow

DERIVED, HEADS = "derived", "heads"  # what is compared with trainings on the taxonomy itself


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareTrainings:
    """Trainings of one recipe compared with those of another, on one taxonomy, seed by seed.

    Attributes:
        taxonomy: whose labels are scored.
        before: decisions of models that were trained on it, one of each seed.
        after: decisions of the others, in the same order; those of `before` have the same.
        scored_before: logits of `before`.
        scored_after: logits of `after` in their own labels.
        own_after: decisions of `after` in their own labels.
        text: the texts with labels of the taxonomy.
    """

    name: ClassVar[str] = "compare_trainings"
    version: ClassVar[int] = 1

    taxonomy: str
    before: tuple[Decide, ...]
    after: tuple[Decide | DecideDerived, ...]
    scored_before: tuple[Score, ...]
    scored_after: tuple[Score, ...]
    own_after: tuple[Decide, ...]
    text: TextStage

    def __post_init__(self) -> None:
        if not self.before or len(self.before) != len(self.after):
            raise ValueError(
                "trainings are compared seed by seed, got "
                f"{len(self.before)} and {len(self.after)}: leave out what has no pair"
            )

    @classmethod
    def of(
        cls, taxonomy: str, pairs: Sequence[tuple[Decide, Decide | DecideDerived]]
    ) -> "CompareTrainings":
        """Of pairs of equal seed."""
        own = tuple(a.decided if isinstance(a, DecideDerived) else a for _, a in pairs)
        return cls(
            taxonomy=taxonomy,
            before=tuple(before for before, _ in pairs),
            after=tuple(after for _, after in pairs),
            scored_before=tuple(before.scored for before, _ in pairs),
            scored_after=tuple(each.scored for each in own),
            own_after=own,
            text=pairs[0][0].text,
        )

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `taxonomy_comparisons.parquet`: a row for each rule of thresholds."""
        rows = list(_rows(self, inputs))
        write_table(rows, out / "taxonomy_comparisons.parquet", TaxonomyComparisonRow)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Model:
    """A model of one seed: its decisions on dev, its logits of test, its artifacts' bytes."""

    fitted: FittedDecisions
    test_NK: np.ndarray
    size_bytes: int

    def given(self, r: int) -> np.ndarray:
        """Labels of test (N, K) under a decision."""
        return self.test_NK >= self.fitted.cuts_RK[r]


def _size(folder: Path) -> int:
    """Bytes of an artifact: equal for all decisions on a model."""
    points = read_table(folder / "points.parquet", MeasuredPointRow, ["size_bytes"])
    return int(points.column("size_bytes")[0].as_py())


def _model(stage: Decide | DecideDerived, taxonomy: str, decided: Path, scored: Path) -> _Model:
    if isinstance(stage, DecideDerived):
        at, logits, decisions = decided / taxonomy, decided / taxonomy, stage.decided.decisions
    else:
        at, logits, decisions = decided, scored, stage.decisions
    with np.load(logits / LOGITS, allow_pickle=False) as data:
        test_NK = data["test"]
    return _Model(fitted=read_fitted(at, decisions), test_NK=test_NK, size_bytes=_size(decided))


def _rules(stage: CompareTrainings) -> list[tuple[str, list[int], list[int]]]:
    """Each rule at a fitted temperature that all have, and its place among their decisions."""

    def places(decisions: Sequence[Decision]) -> dict[str, int]:
        fitted = enumerate(decisions)
        return {str(d.rule): r for r, d in fitted if isinstance(d.temperature, Fitted)}

    before = [places(each.decisions) for each in stage.before]
    after = [places(each.decisions) for each in stage.own_after]
    shared = [name for name in before[0] if all(name in each for each in (*before, *after))]
    return [(n, [each[n] for each in before], [each[n] for each in after]) for n in shared]


def _rows(stage: CompareTrainings, inputs: dict[str, Path]) -> Iterator[TaxonomyComparisonRow]:
    labels_NK = read_texts(inputs["text"], "test")[1]
    weights_BN = usual_weights(labels_NK)
    sides = [
        [
            _model(each, stage.taxonomy, inputs[f"{side}.{s}"], inputs[f"scored_{side}.{s}"])
            for s, each in enumerate(getattr(stage, side))
        ]
        for side in ("before", "after")
    ]
    own = [_size(inputs[f"own_after.{s}"]) for s in range(len(stage.own_after))]
    first, other = stage.before[0].compressed, stage.own_after[0].compressed
    derived = isinstance(stage.after[0], DecideDerived)
    for rule, before_S, after_S in _rules(stage):
        given = [
            [model.given(r) for model, r in zip(models, places, strict=True)]
            for models, places in zip(sides, (before_S, after_S), strict=True)
        ]
        before, after = (seed_scores(each, labels_NK, weights_BN).macro for each in given)
        change = seed_gain(before, after).change
        dev = [
            float(np.mean([m.fitted.dev_macro_f1_R[r] for m, r in zip(ms, rs, strict=True)]))
            for ms, rs in zip(sides, (before_S, after_S), strict=True)
        ]
        apart = [float((a != b).any(axis=1).mean()) for b, a in zip(*given, strict=True)]
        yield TaxonomyComparisonRow(
            taxonomy=stage.taxonomy,
            what=DERIVED if derived else HEADS,
            before=recipe_id(first.trained.recipe),
            after=recipe_id(other.trained.recipe),
            scheme=str(first.scheme),
            threshold_rule=rule,
            seeds=len(stage.before),
            dev_macro_f1_before=dev[0],
            dev_macro_f1_after=dev[1],
            test_macro_f1_before=change.before,
            test_macro_f1_after=change.after,
            change=change.value,
            change_low=change.low,
            change_high=change.high,
            equivalence_low=change.equivalence_low,
            equivalence_high=change.equivalence_high,
            margin=MARGIN,
            verdict=change.verdict(MARGIN),
            test_contradictions_share=float(np.mean(apart)),
            before_size_bytes=float(np.mean([model.size_bytes for model in sides[0]])),
            after_size_bytes=float(np.mean([model.size_bytes for model in sides[1]])),
            own_size_bytes=float(np.mean(own)),
        )
