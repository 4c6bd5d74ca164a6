"""The picks as cards and the front as a table: the words of the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoray.console import wording
from emoray.report.seeds import over_seeds
from emoray.tables.front import Pick

TITLES = {
    "smallest within 1 point": "Smallest within 1 point of the best",
    "best": "Best",
    "fastest": "Fastest",
}
EXAMPLE = "I love this!"
LOAD = f"""from emoray.artifact.runtime import load

load({{folder}}{{taxonomy}})(["{EXAMPLE}"])"""
SHIP = f"""import emoray
from emoray.artifact.runtime import load

folder = emoray.load_run({{run}}).ship("{{point}}", "my-model")
load(str(folder){{taxonomy}})(["{EXAMPLE}"])"""
ENSEMBLE_CODE = "# An ensemble that is neither picked nor on the front is not shipped."
HERE = "."  # a run's folder, seen from a report that lies in it


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontColumn:
    """A column of the front's table: how it is headed, filled and sorted."""

    title: str
    name: str
    form: str = "{}"
    number: bool = True


COLUMNS = (
    FrontColumn(title="Size, bytes", name="size_bytes", form="{:,}"),
    FrontColumn(title="Test F1", name="test_macro_f1", form="{:.3f}"),
    FrontColumn(title="95 % interval", name="interval", number=False),
    FrontColumn(title="Dev F1", name="dev_macro_f1", form="{:.3f}"),
    FrontColumn(title="Test F1 over seeds", name="over_seeds", number=False),
    FrontColumn(title="p50, ms", name="latency_p50_ms", form="{:.3f}"),
    FrontColumn(title="ECE", name="test_ece", form="{:.3f}"),
    FrontColumn(title="Dim.", name="embedding_dim"),
    FrontColumn(title="Layers", name="layers"),
    FrontColumn(title="Bits", name="bits"),
    FrontColumn(title="Emb. bits", name="embedding_bits"),
    FrontColumn(title="Scheme", name="scheme", number=False),
    FrontColumn(title="Execution", name="execution", number=False),
    FrontColumn(title="Threshold rule", name="threshold_rule", number=False),
    FrontColumn(title="Temp.", name="temperature", form="{:.2f}"),
    FrontColumn(title="Seed", name="seed"),
)


def loading_code() -> dict[str, str]:
    """Return templates of the Python code that loads a row, by where its files lie.

    `{folder}`, `{run}` and `{point}` stand for the row's own: quoted paths as seen from where the
    report lies, which the page makes absolute where it knows. `{taxonomy}`: of a derived row the
    taxonomy that it decides in, as an argument.

    Returns:
        `shipped`: its artifact lies in the run's folder; `base`: its base files are in the store;
        `ensemble`: neither.
    """
    return {"shipped": LOAD, "base": SHIP, "ensemble": ENSEMBLE_CODE}


def decides_in(row: Mapping[str, Any] | pd.Series) -> str:
    """The taxonomy of a derived row; empty where the artifact's own labels are meant."""
    return str(row["taxonomy"]) if row["derived_from"] else ""


def pick_cards(chosen: dict[str, Pick]) -> list[dict[str, Any]]:
    """One card a picked row; a row picked twice has both titles on one card."""
    found: dict[str, dict[str, Any]] = {}
    for name in TITLES:
        if name not in chosen:
            continue
        pick = chosen[name]
        row = pick.row
        card = found.setdefault(
            row["point"],
            {
                "titles": [],
                "reasons": [],
                "row": row.to_dict(),
                "built": wording.built(row),
                "rule": wording.rule(row["threshold_rule"]),
                "folder": row["artifact"],
                "code": LOAD,
                "taxonomy": decides_in(row),
            },
        )
        card["titles"].append(TITLES[name])
        card["reasons"].append(pick.reason)
    return list(found.values())


def front_columns(front: pd.DataFrame) -> tuple[FrontColumn, ...]:
    """The columns of the front's table; means over seeds where a row has any."""
    return tuple(c for c in COLUMNS if c.name != "over_seeds" or (front["seeds"] > 1).any())


def front_table(front: pd.DataFrame, chosen: dict[str, Pick]) -> list[dict[str, Any]]:
    """Cells of the front's rows: what is shown, what is sorted by; picked rows say so in front."""
    names: dict[str, list[str]] = {}
    for name, pick in chosen.items():
        names.setdefault(pick.row["point"], []).append(name)
    rows = []
    columns = front_columns(front)
    for row in front.to_dict("records"):
        row["over_seeds"] = over_seeds(row)
        row["interval"] = f"{row['test_macro_f1_low']:.3f} to {row['test_macro_f1_high']:.3f}"
        cells: list[dict[str, Any]] = []
        for column in columns:
            value = row[column.name]
            absent = column.number and pd.isna(value)
            shown = "–" if absent else column.form.format(value)
            if column.name in ("bits", "embedding_bits") and value == 32:
                shown = "float"
            key = "" if absent else row["test_macro_f1_low"] if column.name == "interval" else value
            cells.append({"shown": shown, "key": key, "number": column.number})
        rows.append(
            {
                "point": row["point"],
                "picked": ", ".join(names.get(row["point"], [])),
                "cells": cells,
            }
        )
    return rows
