"""One ensemble's rows: what its members say together, weigh, and how differently they err.

Shapes: M members, N texts, K labels, R decisions.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emoray.decide.crossfit import cross_fitted_scores
from emoray.decide.thresholds import cuts_many
from emoray.decide.weighing import cross_fitted_ensemble
from emoray.export.artifact import combined
from emoray.export.ensemble import Part, ensemble_files
from emoray.export.shipping import Base, row_of
from emoray.metrics.bootstrap import stratified_weights
from emoray.metrics.diversity import diversity, over_pairs, with_others
from emoray.metrics.resampled import resampled
from emoray.metrics.scores import score_many
from emoray.tables.files import write_table
from emoray.tables.fleet_rows import MemberRow
from emoray.trial.columns import Columns, Logits, decide_all, pairs_of
from emoray.trial.parents import RESAMPLES, resampled_columns
from emoray.trial.rows import Told, point_ids, told_of, write_decided
from emoray.trial.spec import Decision, recipe_id
from emoray.trial.stages.combining import Combine
from emoray.trial.stages.comparing import RESAMPLED
from emoray.trial.stages.compression import BASE, LOGITS
from emoray.trial.store import digest, id_of

WEIGHTS = "weights.json"  # of a finished Combine: one number a member
FAMILY = "ensemble"
SUMMED = ("parameters", "embedding_bytes")
LARGEST = (
    "vocabulary",
    "truncated_share",
    "embedding_dim",
    "layers",
    "hidden_units",
    "bits",
    "embedding_bits",
)
SHARES = ("quantized_bytes_share", "integer_products_share", "changed_pieces_share")
EVERY = ("trainable_vectors", "symmetric")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """What the members say of dev and test, and what is true."""

    dev_MNK: np.ndarray
    dev_labels_NK: np.ndarray
    test_MNK: np.ndarray
    test_labels_NK: np.ndarray
    leaked_N: np.ndarray

    def one(self, dev_NK: np.ndarray, test_NK: np.ndarray) -> Logits:
        """The same truth beside other logits."""
        return Logits(
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
        Part(folder=folder / BASE, weight=weight)
        for folder, weight in zip(folders, weights, strict=True)
    ]
    return ensemble_files(parts, str(combine.weighing.of))


def _joined(values: Sequence[object]) -> str:
    """Each value once, in the members' order."""
    return " & ".join(dict.fromkeys(map(str, values)))


def _together(combine: Combine, members: Sequence[Told], sizes: Sequence[int]) -> Columns:
    """Columns of `points` that say what an ensemble is made of; a share is weighed by bytes."""
    told = [member.columns for member in members]
    both: Columns = {name: _joined([c[name] for c in told]) for name in told[0]}
    both |= {name: sum(c[name] for c in told) for name in SUMMED}
    both |= {name: max(c[name] for c in told) for name in LARGEST}
    both |= {name: all(c[name] for c in told) for name in EVERY}
    both |= {name: float(np.average([c[name] for c in told], weights=sizes)) for name in SHARES}
    execution = dict.fromkeys(c["execution"] for c in told)
    # Repeats of a recipe are averaged over seeds; what the members were told tells ensembles apart.
    recipes = digest(tuple(c.trained.recipe for c in combine.compressed))[:6]
    name = f"{combine.plan} {combine.weighing} k{combine.size} #{recipes}"
    return both | {
        "family": FAMILY,
        "recipe": f"{told[0]['taxonomy']} {name}",
        "training_id": id_of(combine),
        "model": id_of(combine),
        "models": len(members),
        "seed": told[0]["seed"],
        "execution": next(iter(execution)) if len(execution) == 1 else "mixed",
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Alone:
    """A member by itself, under every decision: what it decides on test, earns and weighs."""

    decisions_RNK: np.ndarray
    dev_macro_f1_R: np.ndarray
    test_macro_f1_R: np.ndarray
    size_R: tuple[int, ...]

    @classmethod
    def of(cls, told: Told, logits: Logits, decisions: Sequence[Decision]) -> "_Alone":
        dev = logits.dev_NK, logits.dev_labels_NK
        pairs = pairs_of(decisions, *dev)
        cuts_RK = cuts_many(pairs, *dev)
        shipped = (
            row_of(told.base, temperature=temperature, cuts_K=cuts_K, rule=str(rule))
            for (rule, temperature), cuts_K in zip(pairs, cuts_RK, strict=True)
        )
        return cls(
            decisions_RNK=logits.test_NK >= cuts_RK[:, None],
            dev_macro_f1_R=cross_fitted_scores(pairs, *dev).macro_f1_R,
            test_macro_f1_R=score_many(logits.test_NK, logits.test_labels_NK, cuts_RK).macro_f1_R,
            size_R=tuple(row.size_bytes for row in shipped),
        )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _member_rows(
    combine: Combine,
    points: Sequence[str],
    members: Sequence[int],
    weights: Sequence[float],
    alone: Sequence[_Alone],
    labels_NK: np.ndarray,
) -> list[MemberRow]:
    rows = []
    for r, point in enumerate(points):
        found = diversity(np.stack([one.decisions_RNK[r] for one in alone]), labels_NK)
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
                    dev_macro_f1=float(alone[i].dev_macro_f1_R[r]),
                    test_macro_f1=float(alone[i].test_macro_f1_R[r]),
                    size_bytes=alone[i].size_R[r],
                    disagreement=_number(differ_M[i]),
                    double_fault=_number(fault_M[i]),
                    ensemble_disagreement=_number(over_pairs(found.disagreement_MM)),
                    ensemble_double_fault=_number(over_pairs(found.double_fault_MM)),
                )
            )
    return rows


def write_ensemble(combine: Combine, heard: Heard, folders: Sequence[Path], out: Path) -> None:
    """Write weights and every table of one ensemble to `out`; `folders` are its `Compress`."""
    weights_M = combine.weighing.weights(heard.dev_MNK, heard.dev_labels_NK)
    weights = [float(weight) for weight in weights_M]
    (out / WEIGHTS).write_text(json.dumps(weights))
    members = [int(m) for m in np.flatnonzero(weights_M)]
    shares, mean_of = [weights[m] for m in members], str(combine.weighing.of)
    logits = heard.one(  # the arithmetic of the artifact itself
        combined(list(heard.dev_MNK[members]), shares, mean_of),
        combined(list(heard.test_MNK[members]), shares, mean_of),
    )
    np.savez(out / LOGITS, allow_pickle=False, dev=logits.dev_NK, test=logits.test_NK)
    decided = decide_all(logits, combine.decisions)
    labels_NK = heard.test_labels_NK
    weights_BN = stratified_weights(labels_NK, resamples=RESAMPLES)
    drawn = resampled((logits.test_NK, decided.cuts_RK), labels_NK, weights_BN)
    arrays = resampled_columns(point_ids(combine, combine.decisions), drawn)
    np.savez(out / RESAMPLED, allow_pickle=False, **arrays)
    pairs = pairs_of(combine.decisions, logits.dev_NK, logits.dev_labels_NK)
    honest = cross_fitted_ensemble(combine.weighing, pairs, heard.dev_MNK, heard.dev_labels_NK)
    earned = {"dev_macro_f1": honest.macro_f1_R, "dev_micro_f1": honest.micro_f1_R}
    decided = replace(decided, points=decided.points | earned)
    told = [told_of(combine.compressed[m], folders[m]) for m in members]
    sizes = [(folders[m] / BASE / "model.onnx").stat().st_size for m in members]
    ensemble = Told(
        stage=combine,
        base=Base.of_ensemble(files_of(combine, weights, folders)),
        labels=told[0].labels,
        columns=_together(combine, told, sizes),
    )
    points = write_decided(ensemble, logits, decided, out)
    alone = [
        _Alone.of(one, heard.one(heard.dev_MNK[m], heard.test_MNK[m]), combine.decisions)
        for m, one in zip(members, told, strict=True)
    ]
    rows = _member_rows(combine, points, members, weights, alone, heard.test_labels_NK)
    write_table(rows, out / "members.parquet", MemberRow)
