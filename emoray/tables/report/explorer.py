"""The explorer: every drawn row with what its card says, as data for the page's script."""

from pathlib import Path
from typing import Any

import pandas as pd

from emoray.tables import words
from emoray.tables.front import WITHIN, Pick
from emoray.tables.report.axes import AXES, axes_of
from emoray.tables.report.cards import artifact_folder, loading_code
from emoray.tables.report.details import comparisons, label_tables
from emoray.tables.report.kinds import COLOURS, FILTERS, UNKNOWN, kinds_of, palettes
from emoray.tables.report.packing import packed

TOLD = (
    *("point", "family", "recipe", "scheme", "execution", "threshold_rule", "temperature_rule"),
    *("test_macro_f1_low", "test_macro_f1_high"),
    *("nearest_front", "nearest_front_low", "nearest_front_high", "distinguishable"),
)
MODEL = ("family", "models", "embedding_dim", "layers", "bits", "embedding_bits")


def _said(points: pd.DataFrame, run_folder: Path) -> dict[str, pd.Series]:
    """Columns in the words of the card."""
    built = {key: words.built(rows.iloc[0]) for key, rows in points.groupby(list(MODEL))}
    keys = zip(*(points[c] for c in MODEL), strict=True)
    folder = {a: artifact_folder(a, run_folder) for a in points["artifact"].unique()}
    return {
        "built": pd.Series([built[key] for key in keys], points.index),
        "rule": points["threshold_rule"].map(words.rule),
        "folder": points["artifact"].map(folder),
        "shipped": points["artifact"].str.startswith("artifacts/"),
    }


def _ordered(points: pd.DataFrame, front: pd.DataFrame, chosen: dict[str, Pick]) -> pd.DataFrame:
    """Rows by how much their cards are wanted: picks, shown front, front, then by dev score."""
    picked = {pick.row["point"] for pick in chosen.values()}
    rank = 3 - points["on_front"].astype(int)
    rank = rank.mask(points["point"].isin(front["point"]), 1).mask(points["point"].isin(picked), 0)
    keys = pd.DataFrame({"rank": rank, "dev": -points["dev_macro_f1"], "point": points["point"]})
    return points.loc[keys.sort_values(["rank", "dev", "point"]).index].reset_index(drop=True)


def explorer(
    drawn: pd.DataFrame,
    front: pd.DataFrame,
    chosen: dict[str, Pick],
    details: dict[str, pd.DataFrame],
    run_folder: Path,
    *,
    of: int,
    budget: int,
) -> dict[str, Any]:
    """The data of one taxonomy's explorer: `drawn` rows `of` so many, `chosen` among them.

    front: `front_rows` of all. details: `labels`, `label_changes` and `comparisons` of the drawn
    rows. budget: bytes for what is told label by label, which takes the most room.
    """
    rows = _ordered(drawn, front, chosen)
    place = {point: row for row, point in enumerate(rows["point"])}
    columns = rows[[*(axis.name for axis in AXES), *TOLD]]
    columns = columns.assign(**kinds_of(rows), **_said(rows, run_folder))
    best = chosen["best"].row
    several = {name for name in FILTERS if columns[name].nunique() > 1}
    return {
        "name": rows["taxonomy"].iloc[0],
        "rows": len(rows),
        "of": of,
        "columns": packed(columns),
        "axes": axes_of(rows),
        "filters": {name: title for name, title in FILTERS.items() if name in several},
        "colours": [name for name in COLOURS if name in several] or [COLOURS[0]],
        "palette": palettes(columns),
        "front": [place[p] for p in front.sort_values("size_bytes")["point"]],
        "picks": {name: place[pick.row["point"]] for name, pick in chosen.items()},
        "within": {"size_bytes": int(best["size_bytes"]), "points": WITHIN},
        "compared": bool((~columns["standing"].isin([UNKNOWN, "on the front"])).any()),
        "code": loading_code(run_folder),
        "labels": label_tables(details["labels"], details["label_changes"], list(place), budget),
        "comparisons": comparisons(details["comparisons"], list(place)),
    }
