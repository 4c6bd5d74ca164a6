"""Columns that can be an axis of the explorer, with what they mean and which way is better."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoray.tables.point_rows import PointRow
from emoray.tables.schema import schema_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A column that can be an axis. form: how its values are written."""

    name: str
    title: str
    form: str = "score"
    log: bool = False


AXES = (
    Axis(name="size_bytes", title="artifact size", form="bytes", log=True),
    Axis(name="test_macro_f1", title="macro-F1 on test"),
    Axis(name="dev_macro_f1", title="macro-F1 on dev"),
    Axis(name="test_micro_f1", title="micro-F1 on test"),
    Axis(name="test_precision", title="precision on test"),
    Axis(name="test_recall", title="recall on test"),
    Axis(name="test_macro_f1_unleaked", title="macro-F1, leaked texts left out"),
    Axis(name="test_ece", title="calibration error (ECE)"),
    Axis(name="test_brier", title="Brier score"),
    Axis(name="test_nll", title="negative log-likelihood"),
    Axis(name="latency_p50_ms", title="median latency", form="ms", log=True),
    Axis(name="latency_p95_ms", title="95th percentile of latency", form="ms", log=True),
    Axis(name="model_p50_ms", title="median latency of the model", form="ms", log=True),
    Axis(name="parameters", title="parameters", form="count", log=True),
    Axis(name="embedding_bytes", title="size of the embedding", form="bytes", log=True),
    Axis(name="vocabulary", title="vocabulary", form="count", log=True),
    Axis(name="embedding_dim", title="embedding dimension", form="count", log=True),
    Axis(name="layers", title="layers", form="count"),
    Axis(name="hidden_units", title="hidden units", form="count"),
    Axis(name="temperature", title="temperature", form="number", log=True),
    Axis(name="integer_products_share", title="products in integer kernels", form="number"),
    Axis(name="batch_flips_share", title="decisions that change with the batch", form="number"),
    Axis(name="nearest_front_change", title="macro-F1 minus the nearest front row's"),
    Axis(name="seed", title="seed", form="count"),
)
ALWAYS = ("size_bytes", "test_macro_f1")


def axes_of(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Axes along which the rows differ, each with what its column means."""
    schema, found = schema_of(PointRow), []
    for axis in AXES:
        values = rows[axis.name].astype(float)
        if values.nunique() < 2 and axis.name not in ALWAYS:
            continue
        about = schema.field(axis.name).metadata
        found.append(
            {
                "name": axis.name,
                "title": axis.title,
                "form": axis.form,
                "log": axis.log and bool(values.min() > 0),
                "about": about[b"description"].decode(),
                "better": about.get(b"direction", b"").decode(),
            }
        )
    return found
