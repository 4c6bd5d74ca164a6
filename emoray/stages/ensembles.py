"""An ensemble of several models: combined logits, weights, rows, and the diversity of its members.

Shapes: M members, N texts, K labels, R decisions.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.artifact.ensemble import MemberPart, ensemble_files
from emoray.artifact.packaging import Base
from emoray.artifact.runtime import combined
from emoray.decide.weighing import FittedWeights, Greedy, MeanOf, cross_fitted_ensemble
from emoray.metrics.diversity import diversity, over_pairs, with_others
from emoray.models.sampling import calibrated_on_shots
from emoray.stages.compression import BASE, LOGITS, Compress, Score
from emoray.stages.decision_columns import Columns, ModelLogits, score_fitted
from emoray.stages.decisions import Decide
from emoray.stages.ensemble_columns import aggregate
from emoray.stages.families.protocol import TextStage
from emoray.stages.fitted import fit_decisions, read_fitted
from emoray.stages.point_rows import ModelColumns, model_columns, write_decided
from emoray.stages.spec import Decision, recipe_id
from emoray.storage.store.keys import digest, id_of
from emoray.tables.ensemble_rows import MemberRow
from emoray.tables.files import read_table, write_table
from emoray.tables.point_rows import MeasuredPointRow

Weighing = MeanOf | FittedWeights | Greedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Combine:
    """Members under one weighing, all decisions on their combination: rows of the tables.

    Member i is `compressed[i]`, its logits `scored[i]`, what it decides alone `decided[i]`. text:
    where the labels are read.
    """

    name: ClassVar[str] = "combine"
    version: ClassVar[int] = 4

    plan: str
    weighing: Weighing
    decided: tuple[Decide, ...]
    scored: tuple[Score, ...]
    compressed: tuple[Compress, ...]
    text: TextStage
    decisions: tuple[Decision, ...]

    def __post_init__(self) -> None:
        kinds = {(c.text.corpus.sha256, c.trained.recipe.taxonomy) for c in self.compressed}
        if len(kinds) != 1 or len(self.scored) != len(self.compressed):
            raise ValueError(
                "members of an ensemble are models of one corpus and taxonomy, each with its "
                f"logits, got {len(self.scored)} logits of {len(self.compressed)} models, of "
                f"{len(kinds)} corpora and taxonomies: combine those that read the same"
            )
        shots = [calibrated_on_shots(c.trained.recipe.sample) for c in self.compressed]
        drawn = {
            (each, c.trained.recipe.seed) if each else None
            for each, c in zip(shots, self.compressed, strict=True)
        }
        if len(drawn) != 1:
            raise ValueError(
                "members of an ensemble are calibrated on the same texts, got those of "
                f"{len(drawn)} samples of shots: combine models of the same shots and seed, or "
                "calibrate on dev"
            )
        if {member.decisions for member in self.decided} != {self.decisions}:
            raise ValueError(
                f"an ensemble decides as its members do, got {len(self.decisions)} decisions and "
                f"members with {[len(member.decisions) for member in self.decided]}: give all the "
                "same"
            )

    @classmethod
    def of(cls, members: Sequence[Decide], weighing: Weighing, *, plan: str) -> "Combine":
        """Of models that are decided alone already, with the same decisions."""
        first, *_ = members
        return cls(
            plan=plan,
            weighing=weighing,
            decided=tuple(members),
            scored=tuple(member.scored for member in members),
            compressed=tuple(member.compressed for member in members),
            text=first.text,
            decisions=first.decisions,
        )

    @property
    def size(self) -> int:
        """How many members were asked for: with replacement, as often as one was taken."""
        if isinstance(self.weighing, Greedy):
            return self.weighing.rounds
        return len(self.compressed)

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write weights and every table of the ensemble."""
        from emoray.stages.encoding import read_texts

        folders = [
            MemberFolders(decided=inputs[f"decided.{i}"], compressed=inputs[f"compressed.{i}"])
            for i in range(len(self.decided))
        ]
        logits: dict[str, list[np.ndarray]] = {"dev": [], "test": []}
        for i in range(len(self.scored)):
            with np.load(inputs[f"scored.{i}"] / LOGITS, allow_pickle=False) as data:
                for split, of_split in logits.items():
                    of_split.append(data[split])
        members = MemberLogits(
            dev_MNK=np.stack(logits["dev"]),
            dev_labels_NK=read_texts(inputs["text"], "dev")[1],
            test_MNK=np.stack(logits["test"]),
            test_labels_NK=read_texts(inputs["text"], "test")[1],
            leaked_N=np.load(inputs["text"] / "leaked.npy", allow_pickle=False),
        )
        write_ensemble(self, members, folders, out)


WEIGHTS = "weights.json"  # of a finished Combine: one number a member
FAMILY = "ensemble"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFolders:
    """Where the stages of one member lie."""

    decided: Path
    compressed: Path


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MemberLogits:
    """The members' logits of dev and test, and what is true."""

    dev_MNK: np.ndarray
    dev_labels_NK: np.ndarray
    test_MNK: np.ndarray
    test_labels_NK: np.ndarray
    leaked_N: np.ndarray

    def combined(
        self, members: Sequence[int], weights: Sequence[float], mean_of: str
    ) -> ModelLogits:
        """Logits of an ensemble of some of them, by the arithmetic of the artifact itself."""
        dev_NK, test_NK = (
            combined(list(of_split[list(members)]), list(weights), mean_of)
            for of_split in (self.dev_MNK, self.test_MNK)
        )
        return ModelLogits(
            dev_NK=dev_NK,
            dev_labels_NK=self.dev_labels_NK,
            test_NK=test_NK,
            test_labels_NK=self.test_labels_NK,
            leaked_N=self.leaked_N,
        )


def read_weights(folder: Path) -> list[float]:
    """weights_M of a finished `Combine`."""
    found: list[float] = json.loads((folder / WEIGHTS).read_text())
    return found


def files_of(
    combine: Combine, weights: Sequence[float], folders: Sequence[Path]
) -> dict[str, bytes]:
    """The ensemble's files but its decision; `folders` are its finished `Compress`, by member."""
    parts = [
        MemberPart(folder=folder / BASE, weight=weight)
        for folder, weight in zip(folders, weights, strict=True)
    ]
    return ensemble_files(parts, str(combine.weighing.of))


def _columns(combine: Combine, members: Sequence[ModelColumns], sizes: Sequence[int]) -> Columns:
    """Columns of `points` that say what an ensemble is made of. sizes: bytes by member."""
    made_of = aggregate([member.columns for member in members], sizes)
    # Repeats of a recipe are averaged over seeds; ensembles differ by their members' recipes.
    recipes = digest(tuple(c.trained.recipe for c in combine.compressed))[:6]
    name = f"{combine.plan} {combine.weighing} k{combine.size} #{recipes}"
    return made_of | {
        "family": FAMILY,
        "recipe": f"{made_of['taxonomy']} {name}",
        "training_id": id_of(combine),
        "model": id_of(combine),
        "models": len(members),
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MemberScores:
    """A member by itself, under every decision: its decisions on test, scores and bytes."""

    decided_RNK: np.ndarray
    dev_macro_f1_R: Sequence[float]
    test_macro_f1_R: Sequence[float]
    size_R: Sequence[int]

    @classmethod
    def read(cls, combine: Combine, m: int, test_NK: np.ndarray, folder: Path) -> "MemberScores":
        """From the folder of its finished `Decide`."""
        cuts_RK = read_fitted(folder, combine.decided[m].decisions).cuts_RK
        points = read_table(folder / "points.parquet", MeasuredPointRow)
        return cls(
            decided_RNK=test_NK >= cuts_RK[:, None],
            dev_macro_f1_R=points.column("dev_macro_f1").to_pylist(),
            test_macro_f1_R=points.column("test_macro_f1").to_pylist(),
            size_R=points.column("size_bytes").to_pylist(),
        )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _member_rows(
    combine: Combine,
    points: Sequence[str],
    members: Sequence[int],
    weights: Sequence[float],
    alone: Sequence[MemberScores],
    labels_NK: np.ndarray,
) -> list[MemberRow]:
    rows = []
    for r, point in enumerate(points):
        found = diversity(np.stack([one.decided_RNK[r] for one in alone]), labels_NK)
        differ_M, fault_M = with_others(found.disagreement_MM), with_others(found.double_fault_MM)
        for i, m in enumerate(members):
            compressed = combine.compressed[m]
            recipe = compressed.trained.recipe
            rows.append(
                MemberRow(
                    point=point,
                    plan=combine.plan,
                    combination=str(combine.weighing),
                    size=combine.size,
                    models=len(members),
                    member=m,
                    model=id_of(compressed),
                    training_id=id_of(compressed.trained),
                    recipe=recipe_id(recipe),
                    seed=recipe.seed,
                    weight=weights[m],
                    dev_macro_f1=alone[i].dev_macro_f1_R[r],
                    test_macro_f1=alone[i].test_macro_f1_R[r],
                    size_bytes=alone[i].size_R[r],
                    disagreement=_number(differ_M[i]),
                    double_fault=_number(fault_M[i]),
                    ensemble_disagreement=_number(over_pairs(found.disagreement_MM)),
                    ensemble_double_fault=_number(over_pairs(found.double_fault_MM)),
                )
            )
    return rows


def write_ensemble(
    combine: Combine, logits: MemberLogits, folders: Sequence[MemberFolders], out: Path
) -> None:
    """Write weights and every table of one ensemble to `out`."""
    weights_M = combine.weighing.weights(logits.dev_MNK, logits.dev_labels_NK)
    weights = [float(weight) for weight in weights_M]
    (out / WEIGHTS).write_text(json.dumps(weights))
    members = [int(m) for m in np.flatnonzero(weights_M)]
    together = logits.combined(members, [weights[m] for m in members], str(combine.weighing.of))
    np.savez(out / LOGITS, allow_pickle=False, dev=together.dev_NK, test=together.test_NK)
    fitted = fit_decisions(
        combine.decisions,
        together.dev_NK,
        together.dev_labels_NK,
        cross_fit=lambda pairs: cross_fitted_ensemble(
            combine.weighing, pairs, logits.dev_MNK, logits.dev_labels_NK
        ),
    )
    compressed = [folder.compressed for folder in folders]
    own = [model_columns(combine.compressed[m], compressed[m]) for m in members]
    sizes = [(compressed[m] / BASE / "model.onnx").stat().st_size for m in members]
    ensemble = ModelColumns(
        stage=combine,
        base=Base.of_ensemble(files_of(combine, weights, compressed)),
        labels=own[0].labels,
        columns=_columns(combine, own, sizes),
    )
    points = write_decided(ensemble, together, score_fitted(together, fitted), out)
    alone = [MemberScores.read(combine, m, logits.test_MNK[m], folders[m].decided) for m in members]
    rows = _member_rows(combine, points, members, weights, alone, logits.test_labels_NK)
    write_table(rows, out / "members.parquet", MemberRow)
