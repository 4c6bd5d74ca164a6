"""The explorer: every drawn row with the contents of its card, as data for the page's script."""

from typing import Any

import pandas as pd

from emoray.console import wording
from emoray.report.axes import AXES, axes_of
from emoray.report.cards import HERE, loading_code
from emoray.report.details import comparisons, label_tables
from emoray.report.kinds import COLOURS, FILTERS, UNKNOWN, kinds_of, palettes
from emoray.report.packing import packed
from emoray.report.seeds import MEANS
from emoray.tables.baselines import baseline_name
from emoray.tables.front import WITHIN, Pick

CARD_COLUMNS = (
    *("point", "family", "recipe", "scheme", "execution", "threshold_rule", "temperature_rule"),
    *("test_macro_f1_low", "test_macro_f1_high"),
    *("nearest_front", "nearest_front_low", "nearest_front_high", "distinguishable"),
    *("run", *MEANS),
)
SHIPPED = r"(?:^|/)artifacts/"  # of an artifact's folder, seen from where the report lies
MODEL = ("family", "models", "embedding_dim", "layers", "bits", "embedding_bits")


def _worded(points: pd.DataFrame) -> dict[str, pd.Series]:
    """Columns as the card words them."""
    built = {key: wording.built(rows.iloc[0]) for key, rows in points.groupby(list(MODEL))}
    keys = zip(*(points[c] for c in MODEL), strict=True)
    return {
        "built": pd.Series([built[key] for key in keys], points.index),
        "rule": points["threshold_rule"].map(wording.rule),
        "folder": points["artifact"],
        "taxonomy": points["taxonomy"].astype("str").where(points["derived_from"] != "", ""),
        "shipped": points.get("shipped", points["artifact"].str.contains(SHIPPED)),
        "home": points.get("home", pd.Series(HERE, points.index)),
    }


def _ordered(points: pd.DataFrame, front: pd.DataFrame, chosen: dict[str, Pick]) -> pd.DataFrame:
    """Rows by importance of their cards: picks, shown front, front, then by dev score."""
    picked = {pick.row["point"] for pick in chosen.values()}
    rank = 3 - points["on_front"].astype(int)
    rank = rank.mask(points["point"].isin(front["point"]), 1).mask(points["point"].isin(picked), 0)
    keys = pd.DataFrame({"rank": rank, "dev": -points["dev_macro_f1"], "point": points["point"]})
    return points.loc[keys.sort_values(["rank", "dev", "point"]).index].reset_index(drop=True)


def _references(baselines: pd.DataFrame) -> list[dict[str, Any]]:
    """The baselines, each with its value on each axis."""
    found = []
    for _, row in baselines.sort_values("dev_macro_f1").iterrows():
        values = {axis.name: row[axis.name] for axis in AXES}
        known = {name: float(value) for name, value in values.items() if not pd.isna(value)}
        found.append({"name": baseline_name(row), "values": known})
    return found


def explorer(
    drawn: pd.DataFrame,
    front: pd.DataFrame,
    chosen: dict[str, Pick],
    details: dict[str, pd.DataFrame],
    baselines: pd.DataFrame,
    *,
    name: str,
    of: int,
    budget: int,
) -> dict[str, Any]:
    """Pack the data of one taxonomy's explorer.

    Args:
        drawn: the rows to draw, whole.
        front: `front_rows` of all rows.
        chosen: the picks, among `drawn`.
        details: `labels`, `label_changes` and `comparisons` of the drawn rows.
        baselines: rows that are drawn as lines to beat.
        name: of the taxonomy's section.
        of: how many rows there are in all.
        budget: bytes for the tables label by label, which take the most room.

    Returns:
        What `explorer.js` reads, ready for JSON.
    """
    rows = _ordered(drawn, front, chosen)
    place = {point: row for row, point in enumerate(rows["point"])}
    columns = rows[[*(axis.name for axis in AXES), *CARD_COLUMNS]]
    columns = columns.assign(**kinds_of(rows), **_worded(rows))
    best = chosen["best"].row
    several = {name for name in FILTERS if columns[name].nunique() > 1}
    return {
        "name": name,
        "rows": len(rows),
        "of": of,
        "columns": packed(columns),
        "axes": axes_of(rows),
        "filters": {name: title for name, title in FILTERS.items() if name in several},
        "colours": [name for name in COLOURS if name in several] or [COLOURS[0]],
        "palette": palettes(columns),
        "references": _references(baselines),
        "front": [place[p] for p in front.sort_values("size_bytes")["point"]],
        "picks": {name: place[pick.row["point"]] for name, pick in chosen.items()},
        "within": {"size_bytes": int(best["size_bytes"]), "points": WITHIN},
        "compared": bool((~columns["standing"].isin([UNKNOWN, "on the front"])).any()),
        "code": loading_code(),
        "labels": label_tables(details["labels"], details["label_changes"], list(place), budget),
        "comparisons": comparisons(details["comparisons"], list(place)),
    }
