"""Decisions of a model on finer labels in coarser taxonomies: points, of the same artifact.

Shapes: N texts, K labels of the model, G labels of a taxonomy, R decisions.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from emoray.artifact.packaging import ArtifactRow, Base, DerivedDecision, row_of
from emoray.labels import Taxonomy
from emoray.metrics.scores import score_many
from emoray.stages.compression import LOGITS, Compress, Score
from emoray.stages.decision_columns import Columns, ModelLogits, ScoredDecisions, decide_all
from emoray.stages.decisions import Decide, read_logits
from emoray.stages.deriving import Derivation, derivation_on_dev
from emoray.stages.families.protocol import TextStage
from emoray.stages.fitted import FittedDecisions, read_fitted
from emoray.stages.point_rows import (
    NamedRows,
    decided_tables,
    decision_id,
    model_columns,
    point_ids,
    write_decided_tables,
)
from emoray.stages.resampled_scores import write_resampled
from emoray.storage.store.keys import digest, id_of, key_of
from emoray.tables.files import table_of, write_table
from emoray.tables.taxonomy_rows import DerivationRow


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideDerived:
    """Every decision on one model's logits, in coarser taxonomies than its labels.

    All taxonomies share one artifact for each decision, which decides in the model's own labels
    too.

    Attributes:
        decided: the decisions in its own labels.
        scored: the model's logits.
        compressed: the model.
        text: the texts, with its own labels.
        taxonomies: by name; members are places among the model's labels.
    """

    name: ClassVar[str] = "derive"
    version: ClassVar[int] = 1

    decided: Decide
    scored: Score
    compressed: Compress
    text: TextStage
    taxonomies: tuple[Taxonomy, ...]

    def __post_init__(self) -> None:
        names = [taxonomy.name for taxonomy in self.taxonomies]
        if not names or names != sorted(set(names)):
            raise ValueError(
                f"taxonomies are derived in the order of their names, each once, got {names}: "
                "make the stage with DecideDerived.of"
            )

    @classmethod
    def of(cls, decided: Decide, taxonomies: Iterable[Taxonomy]) -> "DecideDerived":
        """Of a model's decisions in its own labels."""
        return cls(
            decided=decided,
            scored=decided.scored,
            compressed=decided.compressed,
            text=decided.text,
            taxonomies=tuple(sorted(taxonomies, key=lambda each: each.name)),
        )

    @property
    def models(self) -> dict[str, Taxonomy]:
        """The taxonomies by the id of the model that decides in them."""
        return {
            derived_model(self.compressed, self.taxonomies, each): each for each in self.taxonomies
        }

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `points`, `labels`, `surface`, `reliability` and `derivations`.

        In a folder for each taxonomy: cuts, logits of test and resampled scores.
        """
        write_derived(self, inputs, out)


def derived_model(compressed: Compress, beside: tuple[Taxonomy, ...], taxonomy: Taxonomy) -> str:
    """Id of a model in a taxonomy beside which its artifacts decide in others; points have it."""
    made = hashlib.sha256(f"{key_of(compressed)} {digest(beside)}".encode()).hexdigest()
    return f"{DecideDerived.name}-{made[:16]}-{taxonomy.name}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Decided:
    """A model's decisions in one coarser taxonomy."""

    model: str
    derivation: Derivation
    logits: ModelLogits
    scored: ScoredDecisions
    points: Sequence[str]

    def decision(self, native: str, r: int) -> DerivedDecision:
        """A decision as an artifact holds it."""
        fitted = self.scored.fitted
        return DerivedDecision(
            taxonomy=self.derivation.taxonomy.name,
            native=native,
            groups=self.derivation.groups,
            way=self.derivation.way,
            own_temperature=self.derivation.own_temperature,
            temperature=float(fitted.temperature_R[r]),
            cuts_G=fitted.cuts_RK[r],
            rule=str(fitted.decisions[r].rule),
        )


def _shipped(
    base: Base, own: FittedDecisions, derived: Sequence[_Decided], native: str
) -> list[ArtifactRow]:
    """One artifact for each decision: in the model's own labels, and in every taxonomy."""
    return [
        row_of(
            base,
            temperature=temperature,
            cuts_K=own.cuts_RK[r],
            rule=str(rule),
            derived=[each.decision(native, r) for each in derived],
        )
        for r, (rule, temperature) in enumerate(own.pairs)
    ]


def _derivations(
    stage: DecideDerived, own: FittedDecisions, own_NK: np.ndarray, derived: _Decided
) -> Columns:
    """Rows of `derivations`: how the labels come about, and where they contradict."""
    taxonomy, logits = derived.derivation.taxonomy, derived.logits
    fitted = derived.scored.fitted
    contradictions, unions = [], []
    for cuts_K, cuts_G in zip(own.cuts_RK, fitted.cuts_RK, strict=True):
        union_NG = taxonomy.project(own_NK >= cuts_K)
        contradictions.append(float(((logits.test_NK >= cuts_G) != union_NG).any(axis=1).mean()))
        joined = score_many(union_NG, logits.test_labels_NK, np.full((1, len(cuts_G)), 0.5))
        unions.append(float(joined.macro_f1_R[0]))
    return {
        "point": list(derived.points),
        "own_point": point_ids(stage.compressed, own.decisions),
        "model": derived.model,
        "derived_from": id_of(stage.compressed),
        "taxonomy": taxonomy.name,
        "way": derived.derivation.way,
        "ways": json.dumps(dict(derived.derivation.dev_macro_f1)),
        "own_temperature": derived.derivation.own_temperature,
        "test_contradictions_share": contradictions,
        "union_test_macro_f1": unions,
    }


def write_derived(stage: DecideDerived, inputs: dict[str, Path], out: Path) -> None:
    """Write every table of a model's derived decisions, see `DecideDerived.run`."""
    own = read_fitted(inputs["decided"], stage.decided.decisions)
    logits = read_logits(inputs["scored"], inputs["text"])
    found = []
    for model, taxonomy in stage.models.items():
        derivation = derivation_on_dev(taxonomy, logits)
        joined = derivation.of(logits)
        scored = decide_all(joined, own.decisions)
        points = [decision_id(model, each) for each in own.decisions]
        found.append(
            _Decided(
                model=model, derivation=derivation, logits=joined, scored=scored, points=points
            )
        )
        folder = out / taxonomy.name
        folder.mkdir()
        scored.fitted.save(folder)
        np.savez(folder / LOGITS, allow_pickle=False, test=joined.test_NK)
        write_resampled(points, scored.drawn, folder)
    shared = model_columns(stage.compressed, inputs["compressed"])
    shipped = _shipped(shared.base, own, found, stage.compressed.trained.recipe.taxonomy)
    tables = []
    for each in found:
        taxonomy = each.derivation.taxonomy
        named = NamedRows(
            model=each.model,
            points=each.points,
            labels=taxonomy.labels,
            columns={**shared.columns, "taxonomy": taxonomy.name, "model": each.model},
        )
        tables.append(decided_tables(named, each.logits, each.scored, shipped))
    write_decided_tables(tables, out)
    rows = [
        table_of(_derivations(stage, own, logits.test_NK, each), DerivationRow) for each in found
    ]
    write_table(pa.concat_tables(rows), out / "derivations.parquet", DerivationRow)


def groups_of_run(derived: Iterable[DecideDerived]) -> dict[str, tuple[str, Taxonomy]]:
    """Of each derived taxonomy the one whose labels it groups, and the groups, by name."""
    return {
        taxonomy.name: (stage.compressed.trained.recipe.taxonomy, taxonomy)
        for stage in derived
        for taxonomy in stage.taxonomies
    }
