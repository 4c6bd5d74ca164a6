"""One model's rows: scores of its decisions, what was trained and how it is stored."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from emoray.artifact.packaging import ArtifactRow, Base, row_of
from emoray.models.sampling import Shots, calibrated_on_shots
from emoray.quant.policy import Adaptive, Scheme
from emoray.quant.scheme import WeightOnly
from emoray.stages import decision_columns as columns
from emoray.stages.compression import BASE, Compress
from emoray.stages.decision_columns import Columns, ModelLogits, ScoredDecisions
from emoray.stages.encoding import FACTS
from emoray.stages.families.registry import FAMILIES
from emoray.stages.resampled_scores import write_resampled
from emoray.stages.spec import Decision, recipe_id
from emoray.storage.store.keys import Stage, digest, id_of, key_of
from emoray.tables.files import table_of, write_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import LabelRow, ReliabilityRow, SurfaceRow

ROWS_OF: dict[str, type] = {
    "points": MeasuredPointRow,
    "labels": LabelRow,
    "surface": SurfaceRow,
    "reliability": ReliabilityRow,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelColumns:
    """Columns of `points` that are the same for all decisions on one model, one value each."""

    stage: Stage
    base: Base
    labels: tuple[str, ...]
    columns: Columns


def decision_id(model: str, decision: Decision) -> str:
    """Id of one operating point. model: the key of the stage that made it."""
    return f"point-{hashlib.sha256(f'{model} {digest(decision)}'.encode()).hexdigest()[:16]}"


def point_ids(stage: Stage, decisions: Sequence[Decision]) -> list[str]:
    """Ids of operating points: corpus, recipe with seed and scheme, then the decision."""
    model = key_of(stage)
    return [decision_id(model, decision) for decision in decisions]


def _activations(scheme: Scheme) -> str:
    weight_only = isinstance(scheme.activations, WeightOnly)
    return "weight_only" if weight_only else str(scheme.activations)


def training_of(scheme: Scheme) -> str:
    """Column `training` of a scheme."""
    if isinstance(scheme, Adaptive) or (scheme.quantized and scheme.qat is None):
        return "ptq"
    if scheme.quantized:
        return "qat"
    return "none" if scheme.qat is None else "more"


def _scheme_columns(scheme: Scheme) -> Columns:
    if isinstance(scheme, Adaptive):
        return {
            "scheme": str(scheme),
            "embedding_scheme": f"adaptive-{scheme.embedding}",
            "bits": round(scheme.bits),
            "embedding_bits": round(scheme.bits),
            "symmetric": True,
            "grain": str(scheme.dense),
            "ranges": "adaptive",
            "activations": _activations(scheme),
            "training": "ptq",
        }
    dense, embedding = scheme.dense, scheme.embedding
    return {
        "scheme": str(scheme),
        "embedding_scheme": str(embedding or "float32"),
        "bits": dense.bits if dense else 32,
        "embedding_bits": embedding.bits if embedding else 32,
        "symmetric": dense.symmetric if dense else True,
        "grain": str(dense.grain) if dense else "none",
        "ranges": str(dense.ranges) if dense else "none",
        "activations": _activations(scheme),
        "training": training_of(scheme),
    }


def _recipe_columns(compressed: Compress, vocabulary: int) -> Columns:
    recipe, text = compressed.trained.recipe, compressed.text
    return {
        "corpus": text.corpus.name,
        "taxonomy": recipe.taxonomy,
        "family": recipe.family,
        "recipe": recipe_id(recipe),
        "training_id": id_of(compressed.trained),
        "model": id_of(compressed),
        "models": 1,
        "vectors": text.vectors_name(recipe.embedding_dim),
        "embedding_dim": recipe.embedding_dim,
        "vocabulary": vocabulary,
        "layers": recipe.layers,
        **FAMILIES[recipe.family].row_columns(recipe),
        "loss": str(recipe.loss),
        "seed": recipe.seed,
        "shots": recipe.sample.per_label if isinstance(recipe.sample, Shots) else 0,
        "calibrated_on": "dev" if calibrated_on_shots(recipe.sample) is None else "shots",
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamedRows:
    """What names the rows of one model's decisions, and columns that are the same for all."""

    model: str
    points: Sequence[str]
    labels: tuple[str, ...]
    columns: Columns


def decided_tables(
    model: NamedRows,
    logits: ModelLogits,
    decided: ScoredDecisions,
    shipped: Sequence[ArtifactRow],
) -> dict[str, Columns]:
    """Columns of points, labels, surface and reliability of one model's decisions, by table."""
    return {
        "points": {
            "point": model.points,
            **model.columns,
            **decided.points,
            "size_bytes": [row.size_bytes for row in shipped],
            "artifact_sha256": [row.sha256 for row in shipped],
        },
        "labels": columns.label_columns(logits, decided, model.points, model.labels),
        "surface": columns.surface_columns(logits, model.model),
        "reliability": columns.reliability_columns(logits, decided, model.model),
    }


def write_decided_tables(models: Sequence[Mapping[str, Columns]], out: Path) -> None:
    """Write the tables of models, each table's rows one model below the other."""
    for table, kind in ROWS_OF.items():
        parts = [table_of(model[table], kind) for model in models]
        write_table(pa.concat_tables(parts), out / f"{table}.parquet", kind)


def write_decided(
    model: ModelColumns, logits: ModelLogits, decided: ScoredDecisions, out: Path
) -> list[str]:
    """Write points, labels, surface and reliability of one model, its cuts and resampled scores.

    Args:
        model: columns that are the same for all its rows.
        logits: of dev and test.
        decided: every decision, fitted and scored.
        out: folder of the stage.

    Returns:
        Ids of the points.
    """
    fitted = decided.fitted
    points, name = point_ids(model.stage, fitted.decisions), id_of(model.stage)
    shipped = [
        row_of(model.base, temperature=temperature, cuts_K=cuts_K, rule=str(rule))
        for (rule, temperature), cuts_K in zip(fitted.pairs, fitted.cuts_RK, strict=True)
    ]
    fitted.save(out)
    write_resampled(points, decided.drawn, out)
    named = NamedRows(model=name, points=points, labels=model.labels, columns=model.columns)
    write_decided_tables([decided_tables(named, logits, decided, shipped)], out)
    return points


def model_columns(compressed: Compress, folder: Path) -> ModelColumns:
    """What the rows of one compressed model say; `folder` is the finished `Compress`."""
    vocabulary = (folder / BASE / "vocabulary.txt").read_bytes().count(b"\n")
    return ModelColumns(
        stage=compressed,
        base=Base.read(folder / BASE),
        labels=compressed.text.corpus.taxonomy(compressed.trained.recipe.taxonomy).labels,
        columns={
            **_recipe_columns(compressed, vocabulary),
            **_scheme_columns(compressed.scheme),
            **json.loads((folder / FACTS).read_text()),
        },
    )


def write_rows(
    compressed: Compress,
    folder: Path,
    logits: ModelLogits,
    decisions: Sequence[Decision],
    out: Path,
) -> None:
    """Write every table of one model to `out`; `folder` is the finished `Compress`."""
    model = model_columns(compressed, folder)
    write_decided(model, logits, columns.decide_all(logits, decisions), out)
    shutil.copyfile(folder / "layers.parquet", out / "layers.parquet")
