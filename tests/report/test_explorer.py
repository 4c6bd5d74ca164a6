import json
from typing import Any

import pandas as pd
import pytest

from emoray.report.details import comparisons, label_tables
from emoray.report.explorer import explorer
from emoray.report.kinds import BELOW, FRONT, SAME, UNKNOWN, kinds_of, palettes, standing
from emoray.report.seeds import over_seeds, with_seeds
from emoray.report.tradeoff import front_rows
from emoray.tables.compact import repeats_of
from emoray.tables.front import on_front, picks
from emoray.tables.parts import KEYS
from tests.report.evidence import make_compared_run
from tests.tables.made import points, run_table

DETAILS = ("labels", "label_changes", "comparisons")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("runs") / "quick"
    make_compared_run(folder, seeds=1, dims=(25, 50), bits=(32, 8, 4))
    return {name: run_table(folder, name).to_pandas() for name in ("points", "repeats", *DETAILS)}


def explored(run: dict[str, pd.DataFrame], **limits: Any) -> dict[str, Any]:
    """All rows of the run as the page holds them."""
    rows = with_seeds(run["points"], run["repeats"])
    beside = rows.head(1).assign(family="baseline", recipe="ekman tf-idf", latency_p50_ms=None)
    details = {name: run[name] for name in DETAILS}
    limits = {"of": len(rows), "budget": 10**6} | limits
    return explorer(rows, front_rows(rows), picks(rows), details, beside, name="ekman", **limits)


def words_of(data: dict[str, Any], column: str) -> list[str]:
    told = data["columns"][column]
    return [told["words"][code] for code in told["codes"]]


def test_picks_and_the_front_come_first(run: dict[str, pd.DataFrame]) -> None:
    data = explored(run)
    ids = words_of(data, "point")
    chosen = picks(run["points"])
    assert {ids[row] for row in data["picks"].values()} == {p.row["point"] for p in chosen.values()}
    assert max(data["picks"].values()) < len(data["picks"])
    shown = front_rows(run["points"]).sort_values("size_bytes")
    assert [ids[row] for row in data["front"]] == list(shown["point"])


def test_axes_are_what_differs_and_say_what_they_mean(run: dict[str, pd.DataFrame]) -> None:
    axes = {axis["name"]: axis for axis in explored(run)["axes"]}
    assert "parameters" not in axes  # of one value in a made run
    assert axes["size_bytes"]["log"]
    assert axes["size_bytes"]["better"] == "minimize"
    assert axes["dev_macro_f1"]["about"] == "cross-fitted on dev; what the search maximises"


def test_baselines_are_marks_beside_the_rows(run: dict[str, pd.DataFrame]) -> None:
    data = explored(run)
    (mark,) = data["references"]
    assert mark["name"] == "tf-idf" and mark["values"]["test_macro_f1"] > 0
    assert "latency_p50_ms" not in mark["values"], "what was not measured has no place"


def test_a_row_tells_what_its_recipe_earns_over_seeds() -> None:
    made = points("made", seeds=2, dims=(25,), bits=(8,), temperatures=2)
    told = with_seeds(made, repeats_of(made))
    assert (told["seeds"] == 2).all()
    first = told.iloc[0]
    same = [*KEYS["repeats"][2:4], "temperature", "threshold_rule"]
    alike = made[(made[same] == first[same]).all(axis=1)]
    assert len(alike) == 2
    assert first["test_macro_f1_mean"] == pytest.approx(alike["test_macro_f1"].mean())
    assert over_seeds(first).endswith("(2)") and " ± " in over_seeds(first)
    alone = with_seeds(made, repeats_of(made).head(0))
    assert (alone["seeds"] == 1).all() and over_seeds(alone.iloc[0]) == "–"


def test_every_filter_has_a_colour_for_every_value(run: dict[str, pd.DataFrame]) -> None:
    data = explored(run)
    for name in data["filters"]:
        assert set(words_of(data, name)) == set(data["palette"][name])


def test_the_data_is_plain_json(run: dict[str, pd.DataFrame]) -> None:
    assert json.loads(json.dumps(explored(run), allow_nan=False))["of"] == len(run["points"])


def test_labels_are_told_for_as_many_rows_as_the_bytes_allow(
    run: dict[str, pd.DataFrame],
) -> None:
    everything, few = (explored(run, budget=b)["labels"] for b in (10**6, 5000))
    assert 0 < len(few["scores"]) < 60
    assert few["left_out"] == len(everything["scores"]) - len(few["scores"])
    assert sorted(few["scores"]) == sorted(everything["scores"])[: len(few["scores"])]
    assert sum(len(t) for how in ("scores", "frozen", "retuned") for t in few[how].values()) <= 5000


def test_without_comparisons_none_are_told(run: dict[str, pd.DataFrame]) -> None:
    ids = list(run["points"]["point"])
    assert comparisons(run["comparisons"].head(0), ids) == {}
    nothing = label_tables(run["labels"].head(0), run["label_changes"].head(0), ids, 10**6)
    assert nothing["names"] == []
    assert nothing["scores"] == {}


def test_comparisons_are_told_for_drawn_rows_by_their_place(run: dict[str, pd.DataFrame]) -> None:
    first = run["comparisons"].iloc[0]
    told = comparisons(run["comparisons"], ["elsewhere", first["after"]])
    assert {told[how]["columns"]["row"]["all"] for how in told} == {1}
    assert told["frozen"]["columns"]["before"] == {"all": first["before"]}


def test_a_row_stands_beside_the_front_as_its_interval_says() -> None:
    made = points("made", seeds=1, dims=(25,), bits=(8,), temperatures=1)[:5]
    made = made.assign(
        on_front=[True, False, False, False, False],
        distinguishable=[False, False, True, True, None],
        nearest_front_change=[0.0, -0.01, -0.05, 0.05, None],
    )
    assert list(standing(made)) == [FRONT, SAME, BELOW, "better than its front row", UNKNOWN]


def test_kinds_are_said_in_words() -> None:
    made = points("made", seeds=1, dims=(25,), bits=(32, 8))
    made = made.assign(on_front=on_front(made))
    kinds = pd.DataFrame(kinds_of(made) | {"family": made["family"], "run": "made"})
    assert set(kinds["rule_kind"]) >= {"one fixed number", "one threshold per label"}
    assert set(kinds["quantized"]) == {"not at all (float)", "after training"}
    assert list(palettes(kinds)["embedding_width"]) == ["8 bits", "float"]
