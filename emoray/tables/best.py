"""The row to choose when a little of the score may be given up for something else."""

import math

import pandas as pd
import pyarrow as pa

from emoray.tables.conditions import of_test, rows_where, short
from emoray.tables.front import BASELINE, may_stand, preferred
from emoray.tables.point_rows import PointRow
from emoray.tables.schema import schema_of


def _direction(by: str) -> str:
    """Which way is better in a column that rows may be chosen by."""
    schema = schema_of(PointRow)
    numbers = {
        field.name: (field.metadata or {})[b"direction"].decode()
        for field in schema
        if b"direction" in (field.metadata or {})
        and not pa.types.is_boolean(field.type)
        and not of_test(field.name)
    }
    if by.startswith("test_") and by in schema.names:
        raise ValueError(
            f"rows are chosen on dev, test only reports, got {by}: choose by dev_macro_f1, or by "
            "what a row costs"
        )
    if by not in numbers:
        raise ValueError(
            f"rows are chosen by a column with a better end ({', '.join(numbers)}), got "
            f"{short(by)}: name one of these"
        )
    return numbers[by]


def of_one_kind(points: pd.DataFrame, corpus: str | None, taxonomy: str | None) -> pd.DataFrame:
    """The points of one corpus and taxonomy, the only ones whose scores compare.

    Args:
        points: of a run, or several.
        corpus: which one, of several.
        taxonomy: which one; None for that of all models' own labels, whatever is derived from it.

    Returns:
        Its rows.

    Raises:
        ValueError: there are several, or none of that name.
    """
    for name, wanted in (("corpus", corpus), ("taxonomy", taxonomy)):
        known = sorted(points[name].unique())
        if wanted is not None:
            if wanted not in known:
                raise ValueError(
                    f"{name} is one of {', '.join(known) or 'none'} here, got {wanted!r}: name one "
                    "of these"
                )
            points = points[points[name] == wanted]
    kinds = points[["corpus", "taxonomy"]].drop_duplicates()
    if len(kinds) > 1 and taxonomy is None:  # those of models' own labels come first
        own = points[points["derived_from"].isin(["", None]) & (points["family"] != BASELINE)]
        known = own[["corpus", "taxonomy"]].drop_duplicates()
        if len(known) == 1:
            return points[points["taxonomy"] == known["taxonomy"].iloc[0]]
    if len(kinds) > 1:
        found = ", ".join(f"{corpus} {taxonomy}" for corpus, taxonomy in kinds.to_numpy())
        raise ValueError(
            f"scores compare within one corpus and taxonomy, got {found}: name one with taxonomy=… "
            "or corpus=…"
        )
    return points


def best(
    points: pd.DataFrame,
    *,
    within: float = 1.0,
    by: str = "size_bytes",
    where: str | None = None,
) -> pd.Series:
    """Choose the row that is best in `by` among those near the highest dev macro-F1.

    Args:
        points: of one corpus and taxonomy; baselines are not chosen.
        within: how near, in points, hundredths of F1.
        by: a column with a direction.
        where: a condition that every row considered must meet, the one with the highest score too.

    Returns:
        The row; ties go to the higher dev score, then to fewer bytes.

    Raises:
        ValueError: `within` is negative, or no row was scored, meets `where` or has a value in
            `by`.
    """
    if not (math.isfinite(within) and within >= 0):
        raise ValueError(f"within is points of macro-F1, 0 or more, got {within}: 1.0 is usual")
    direction = _direction(by)
    scored = points[may_stand(points)]
    if scored.empty:
        raise ValueError(
            f"a choice needs scored points, got {len(points)} points with none: run the sweep to "
            "its end"
        )
    scored = scored if where is None else rows_where(scored, where)
    near = scored[scored["dev_macro_f1"] >= scored["dev_macro_f1"].max() - within / 100]
    values = near[by].dropna()
    if values.empty:
        raise ValueError(
            f"rows are chosen by what was measured, got no {by} within {within:g} points of the "
            "best: widen within, or choose by another column"
        )
    wanted = values.max() if direction == "maximize" else values.min()
    equal = near.loc[values.index[values == wanted]]
    return preferred(equal, by_score=True).iloc[0]
