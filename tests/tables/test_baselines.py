"""What is said of a search beside its baselines."""

import io
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from emoray.tables.baselines import STRONGEST, BaselineComparison, without_baselines
from emoray.tables.front import on_front, picks
from emoray.tables.point_rows import PointRow
from emoray.workflows.ending import print_ending
from tests.tables.made import row


def frame(tfidf: float = 0.5, best: float = 0.6) -> pd.DataFrame:
    common = {"corpus": "c", "taxonomy": "ekman", "temperature_rule": "fitted"}
    told = [
        ("a", "glove", "ekman d16", best, 300_000),
        ("b", "glove", "ekman d8", best - 0.1, 100_000),
        ("t", "baseline", f"ekman {STRONGEST}", tfidf, 50_000),
        ("n", "baseline", "ekman all-negative", 0.0, 400),
    ]
    rows = [
        row(
            PointRow,
            point=point,
            model=f"model-{point}",
            family=family,
            recipe=recipe,
            dev_macro_f1=score,
            test_macro_f1=score - 0.01,
            size_bytes=size,
            **common,
        )
        for point, family, recipe, score, size in told
    ]
    return pd.DataFrame(rows)


def test_baselines_are_neither_on_the_front_nor_picked() -> None:
    points = frame(tfidf=0.9)
    assert points.loc[on_front(points), "point"].tolist() == ["a", "b"]
    assert {pick.row["point"] for pick in picks(points).values()} <= {"a", "b"}
    assert without_baselines(points)["point"].tolist() == ["a", "b"]


def test_the_lead_over_each_is_told_weakest_first() -> None:
    beside = BaselineComparison.of(frame())
    assert [name for name, *_ in beside.table] == ["all-negative", STRONGEST]
    assert [ahead for _, _, _, ahead, *_ in beside.table] == ["+0.6000", "+0.1000"]
    assert "+0.1000 from tf-idf" in beside.sentence and not beside.warning


@pytest.mark.parametrize("tfidf", [0.6, 0.7])
def test_a_search_that_does_not_beat_tf_idf_is_warned_of(tfidf: float) -> None:
    beside = BaselineComparison.of(frame(tfidf=tfidf))
    assert f"no row is better than {STRONGEST} on dev, 0.6000 against {tfidf:.4f}" in beside.warning
    out = io.StringIO()
    points = frame(tfidf=tfidf).assign(artifact="artifacts/x")
    print_ending(Console(file=out, width=200), Path("run"), points, failures=0)
    assert "warning: no row is better" in out.getvalue()
    assert "2 operating points of 2 models" in out.getvalue()
    assert "baseline all-negative: test macro-F1" in out.getvalue()


def test_where_there_are_none_or_nothing_else_nothing_is_said() -> None:
    alone = BaselineComparison.of(without_baselines(frame()))
    assert not alone.rows and not alone.sentence and not alone.warning
    only = frame()
    only = BaselineComparison.of(only[only["family"] == "baseline"])
    assert len(only.table) == 2 and not only.sentence and not only.warning
