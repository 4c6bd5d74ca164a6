"""A row's score over the seeds of its recipe, besides the one with its own seed."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from emoray.tables.parts import KEYS

MEANS = (
    "seeds",
    "dev_macro_f1_mean",
    "dev_macro_f1_std",
    "test_macro_f1_mean",
    "test_macro_f1_std",
)


def with_seeds(points: pd.DataFrame, repeats: pd.DataFrame) -> pd.DataFrame:
    """`points` with mean and spread over the seeds of their recipe; one seed where unknown."""
    keys = list(KEYS["repeats"])
    means = repeats.drop_duplicates(keys)[[*keys, *MEANS]]
    fixed = points["temperature"].map("{:g}".format)
    named = points[keys].assign(
        temperature=fixed.where(points["temperature_rule"] != "fitted", "fitted")
    )
    found = named.merge(means, on=keys, how="left")
    return points.assign(
        seeds=found["seeds"].fillna(1).astype(int).to_numpy(),
        **{name: found[name].astype(float).to_numpy() for name in MEANS[1:]},
    )


def over_seeds(row: Mapping[str, Any]) -> str:
    """Test macro-F1 as mean and spread over seeds; a dash with one seed."""
    if row["seeds"] < 2:
        return "–"
    return f"{row['test_macro_f1_mean']:.3f} ± {row['test_macro_f1_std']:.3f} ({row['seeds']})"
