"""What a row's card shows beyond the row: label by label, and against its float model.

Only rows that can be clicked have a card, and only as many as the page's bytes allow: the front and
the picks first, then the best on dev. Shapes: K labels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from emoray.report.packing import packed, thousandths

THRESHOLDS = ("frozen", "retuned")
LABEL_MEASURES = ("precision", "recall", "f1", "threshold")
CHANGE_MEASURES = ("change", "low", "high")
COMPARED = (
    *("row", "before", "macro_f1_before", "macro_f1_after", "macro_f1_change", "macro_f1_low"),
    *("macro_f1_high", "equivalence_low", "equivalence_high", "margin", "mcnemar_p", "texts_lost"),
    *("texts_won", "decisions_changed", "decisions", "verdict"),
)


def _per_row(
    frame: pd.DataFrame, key: str, place: dict[str, int], names: Sequence[str], measures: tuple
) -> dict[int, str]:
    """Each drawn row's table (measures, labels), in thousandths."""
    frame = frame[frame[key].isin(place)]
    if frame.empty:
        return {}
    rows, points = pd.factorize(frame[key])
    labels = pd.Index(names).get_indexer(frame["label"])
    table_RMK = np.full((len(points), len(measures), len(names)), np.nan)
    for m, measure in enumerate(measures):
        table_RMK[rows, m, labels] = frame[measure]
    return {place[p]: thousandths(one_MK) for p, one_MK in zip(points, table_RMK, strict=True)}


def _affordable(tables: dict[str, dict[int, str]], order: Sequence[int], budget: int) -> set[int]:
    """As many rows, in this order, as `budget` bytes hold the tables of."""
    spent, kept = 0, set()
    for row in order:
        spent += sum(len(t[row]) + 12 for t in tables.values() if row in t)
        if spent > budget:
            break
        kept.add(row)
    return kept


def label_tables(
    labels: pd.DataFrame, changes: pd.DataFrame, points: Sequence[str], budget: int
) -> dict[str, Any]:
    """Pack each row's labels, and what its compression changed, for as many rows as fit.

    Args:
        labels: rows of `labels`.
        changes: rows of `label_changes`.
        points: ids of the drawn rows in the page's order, the most important first.
        budget: bytes that all tables together may take.

    Returns:
        `names` and `support` of the labels, how many rows were `left_out`, and by row number the
        packed tables `scores`, `frozen` and `retuned`.
    """
    place = {point: row for row, point in enumerate(points)}
    known = labels.drop_duplicates("label")
    names = list(known["label"])
    tables = {"scores": _per_row(labels, "point", place, names, LABEL_MEASURES)}
    for how in THRESHOLDS:
        some = changes[(changes["thresholds"] == how) & changes["label"].isin(names)]
        tables[how] = _per_row(some, "after", place, names, CHANGE_MEASURES)
    kept = _affordable(tables, range(len(points)), budget)
    fitting = {name: {r: t for r, t in rows.items() if r in kept} for name, rows in tables.items()}
    support = [int(s) for s in known["support"]]
    left_out = len(tables["scores"]) - len(fitting["scores"])
    return {"names": names, "support": support, "left_out": left_out, **fitting}


def comparisons(table: pd.DataFrame, points: Sequence[str]) -> dict[str, Any]:
    """Pack each drawn row's comparison with its float model, thresholds frozen and re-tuned."""
    place = {point: row for row, point in enumerate(points)}
    mine = table[table["after"].isin(place) & table["thresholds"].isin(THRESHOLDS)]
    mine = mine.assign(row=mine["after"].map(place))
    by = {how: mine.loc[mine["thresholds"] == how, list(COMPARED)] for how in THRESHOLDS}
    return {
        how: {"rows": len(rows), "columns": packed(rows.sort_values("row"))}
        for how, rows in by.items()
        if len(rows)
    }
