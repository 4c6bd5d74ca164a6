"""F1 against the number of members, from made tables."""

from pathlib import Path

import altair as alt
import pandas as pd

from emoray.console.wording import built
from emoray.report.ensembles import ENSEMBLE, ensemble_sizes, ensembles, member_scores
from emoray.report.style import save_png, specs_of
from emoray.tables.ensemble_rows import MemberRow
from emoray.tables.point_rows import PointRow
from tests.tables.made import blanks

KINDS = ("mean-logits", "greedy-probabilities")


def points() -> pd.DataFrame:
    """Every combination at 1 to 3 members, by two rules, calibrated and not."""
    rows = [
        {
            "point": f"{kind}-{size}-{rule}-{temperature}",
            "family": ENSEMBLE,
            "models": size,
            "threshold_rule": rule,
            "temperature_rule": temperature,
            "dev_macro_f1": 0.5 + 0.01 * size,
            "test_macro_f1": 0.49 + 0.01 * size,
            "latency_p50_ms": 0.1 * size,
        }
        for kind in KINDS
        for size in (1, 2, 3)
        for rule in ("per_label", "one")
        for temperature in ("fitted", "fixed")
    ]
    return pd.DataFrame([blanks(PointRow) | row for row in rows])


def members() -> pd.DataFrame:
    rows = [
        {
            "point": point,
            "combination": point.rsplit("-", 3)[0],
            "size": int(point.split("-")[2]),
            "plan": "seeds",
            "member": member,
            "test_macro_f1": 0.48 + 0.002 * member,
            "dev_macro_f1": 0.5 - 0.001 * member,
        }
        for point in points()["point"]
        for member in range(int(point.split("-")[2]))
    ]
    return pd.DataFrame([blanks(MemberRow) | row for row in rows])


def test_an_ensemble_is_drawn_once_under_one_rule() -> None:
    drawn = ensemble_sizes(points(), members(), "per_label")
    assert len(drawn) == len(KINDS) * 3
    assert set(drawn["threshold_rule"]) == {"per_label"}
    assert set(drawn["temperature_rule"]) == {"fitted"}
    assert list(drawn["size"]) == [1, 2, 3] * 2


def test_each_member_is_drawn_once_at_its_place_in_the_plan() -> None:
    single = member_scores(points(), members(), "per_label")
    assert list(single["size"]) == [1, 2, 3] and list(single["member"]) == [0, 1, 2]


def test_the_caption_tells_the_gain_over_the_member_that_is_best_on_dev() -> None:
    figure = ensembles(points(), members(), "per_label", "ekman")
    assert figure.name == "ekman-ensembles" and isinstance(figure.panels[0], alt.LayerChart)
    assert "of 3, 0.520 on test, +4.0 points" in figure.caption and "(0.480)" in figure.caption


def test_the_figure_becomes_a_picture(tmp_path: Path) -> None:
    figure = ensembles(points(), members(), "one", "ekman")
    path = save_png(figure, specs_of(figure), tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_rule_that_nobody_decided_by_leaves_a_sentence() -> None:
    figure = ensembles(points(), members(), "fixed0.3", "ekman")
    assert not figure.panels and "No ensemble was decided" in figure.missing


def test_an_ensemble_is_said_in_words() -> None:
    row = points().iloc[-1]
    assert built(row) == "ensemble of 3 models, 1-bit"
