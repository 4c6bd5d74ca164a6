"""Scores against shots, from made tables."""

from pathlib import Path

import pandas as pd
import pytest

from emoray.report.shots import PLAIN, chosen_rows, shots_curve, shots_figure, ways
from emoray.report.style import save_png, specs_of
from emoray.tables.point_rows import PointRow
from emoray.tables.rows import LabelRow
from tests.tables.made import blanks

WAYS = {"": 0.30, " head0.01": 0.26, " contrast0.1t0.1": 0.32}


def points() -> pd.DataFrame:
    """Three ways at 8 and 16 texts a label, two draws each; each as float and int8."""
    rows = [
        {
            "point": f"{way}-{n}-{seed}-{scheme}-{rule}",
            "recipe": f"ekman mini mean bce{way} shots{n} #{n}{len(way)}",
            "training_id": f"{way}-{n}-{seed}",
            "shots": n,
            "calibrated_on": "shots",
            "seed": seed,
            "scheme": scheme,
            "size_bytes": 1000 if scheme == "float32" else 300,
            "temperature_rule": "fitted",
            "threshold_rule": rule,
            "dev_macro_f1": 0.5,
            "test_macro_f1": score + 0.01 * n + 0.02 * seed,
        }
        for way, score in WAYS.items()
        for n in (8, 16)
        for seed in (0, 1)
        for scheme in ("float32", "int8")
        for rule in ("per_label", "one")
    ]
    whole = {"point": "whole", "shots": 0, "threshold_rule": "per_label", "recipe": "all #1"}
    return pd.DataFrame([blanks(PointRow) | row for row in [*rows, whole]])


def labels(chosen: list[str]) -> pd.DataFrame:
    rows = [
        {"point": point, "label": label, "average_precision": precision}
        for point in chosen
        for label, precision in (("joy", 0.5), ("fear", 0.3))
    ]
    return pd.DataFrame([blanks(LabelRow) | row for row in rows])


def test_one_row_a_training_is_drawn_and_none_that_learned_all_of_train() -> None:
    chosen = chosen_rows(points(), "per_label")
    assert len(chosen) == len(set(chosen)) == 12
    assert all("float32-per_label" in point for point in chosen)


def test_a_way_is_called_by_what_the_others_do_not_have() -> None:
    told = ways(["a mean bce shots8 #1", "a mean bce head0.01 shots8 #2", "a mean bce shots16 #3"])
    assert told == [PLAIN, "head0.01", PLAIN]


def test_the_curve_is_the_mean_over_draws() -> None:
    table = points()
    chosen = chosen_rows(table, "per_label")
    curve = shots_curve(table[table["point"].isin(chosen)], labels(chosen))
    at = curve[(curve["way"] == "head0.01") & (curve["shots"] == 16)].set_index("score")
    assert at.loc["macro-F1 on test", "mean"] == pytest.approx(0.26 + 0.16 + 0.01)
    assert at.loc["macro-F1 on test", "std"] == pytest.approx(0.02 / 2**0.5)
    assert at.loc["macro average precision", "mean"] == pytest.approx(0.4)
    assert (at["size"] == 2).all()


def test_rows_calibrated_on_dev_are_a_line_of_their_own() -> None:
    table = points()
    chosen = chosen_rows(table, "per_label")
    few = table[table["point"].isin(chosen)].copy()
    few.loc[few["seed"] == 1, "calibrated_on"] = "dev"
    told = set(shots_curve(few, labels(chosen))["way"])
    assert {"head0.01", "head0.01, calibrated on dev"} < told and len(told) == 6


def test_the_figure_draws_both_scores(tmp_path: Path) -> None:
    table = points()
    chosen = chosen_rows(table, "per_label")
    figure = shots_figure(table[table["point"].isin(chosen)], labels(chosen), "per_label", "ekman")
    assert "the best average precision is 0.400" in figure.caption
    assert len(figure.panels) == 2
    assert save_png(figure, specs_of(figure), tmp_path).stat().st_size > 10_000
