import pandas as pd
import pytest

from emoray.report.compression import compression_figure, losses
from emoray.report.depth import cells, depth
from emoray.report.latency import spreads
from emoray.report.style import COLOUR_OF_BITS, csv_of
from emoray.report.tradeoff import front_rows, tradeoff
from emoray.report.weights import schemes_to_show
from emoray.tables.compact import repeats_of
from emoray.tables.files import table_of
from emoray.tables.front import on_front, picks
from emoray.tables.point_rows import PointRow
from emoray.tables.rows import LatencyRow
from tests.tables.made import blanks, points, row


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    frame = points("made", seeds=2, dims=(25, 50), bits=(32, 8, 4))
    return frame.assign(on_front=on_front(frame))


def test_the_table_shows_the_front_whole_and_by_size(made: pd.DataFrame) -> None:
    shown = front_rows(made)
    assert set(shown["point"]) == set(made.loc[made["on_front"], "point"])
    assert shown["size_bytes"].is_monotonic_increasing
    assert {pick.row["point"] for pick in picks(made).values()} <= set(shown["point"])


def test_the_front_is_drawn_with_the_names_of_the_picks(made: pd.DataFrame) -> None:
    figure = tradeoff(made, front_rows(made), picks(made), "ekman", "All are drawn.", made.head(0))
    spec = str(figure.panels[0].to_dict())
    assert figure.caption.endswith("All are drawn.")
    assert "smallest" in spec
    assert "best" in spec


def test_losses_are_taken_from_the_float_row_of_the_same_training_and_rule(
    made: pd.DataFrame,
) -> None:
    table = losses(made[made["threshold_rule"] == "per_label"]).set_index("scheme")
    eight = made[(made["bits"] == 8) & (made["threshold_rule"] == "per_label")]
    scheme = eight["scheme"].iloc[0]
    mine = eight[eight["scheme"] == scheme]
    parents = made[(made["bits"] == 32) & (made["threshold_rule"] == "per_label")]
    both = mine.merge(parents, on=["training_id", "temperature"], suffixes=("", "_p"))
    told = 100 * (both["test_macro_f1"] - both["test_macro_f1_p"]).mean()
    assert table.loc[scheme, "lost"] == pytest.approx(told)
    assert table.loc[scheme, "rows"] == len(both)


def test_words_name_what_is_best_on_dev_whatever_test_says(made: pd.DataFrame) -> None:
    other = made.assign(test_macro_f1=1 - made["test_macro_f1"])
    for rows in (made, other):
        table = losses(rows[rows["threshold_rule"] == "one"])
        same = table[(table["bits"] == 8) & (table["embedding_bits"] == 8)]
        best = same.loc[same["lost_on_dev"].idxmax(), "scheme"]
        assert (
            f"At 8 bits {best} does best on dev" in compression_figure(rows, "one", "ekman").caption
        )
    pair = [depth(repeats_of(rows), "one", "ekman").caption for rows in (made, other)]
    assert (
        pair[0].split("Best on dev: ")[1].split(",")[0]
        == pair[1].split("Best on dev: ")[1].split(",")[0]
    )


def test_a_given_threshold_is_not_called_found_anew(made: pd.DataFrame) -> None:
    assert (
        "thresholds found anew on dev (one threshold for all"
        in compression_figure(made, "one", "e").caption
    )
    given = compression_figure(made, "fixed0.5", "e").caption
    assert "at the same threshold, 0.5 for every label" in given and "anew" not in given


def test_without_float_rows_no_loss_is_told(made: pd.DataFrame) -> None:
    assert losses(made[made["bits"] != 32]).empty


def test_each_cell_holds_the_repeat_that_is_best_on_dev(made: pd.DataFrame) -> None:
    repeats = repeats_of(made)
    cell = cells(repeats)
    assert len(cell) == 5 * 2
    best = repeats.groupby(["layers", "embedding_dim"])["dev_macro_f1_mean"].max()
    assert (cell.set_index(["layers", "embedding_dim"])["dev_macro_f1_mean"] == best).all()


def test_a_rule_that_does_not_fill_the_grid_makes_way_for_the_best_of_all(
    made: pd.DataFrame,
) -> None:
    repeats = repeats_of(made)
    some = repeats[(repeats["threshold_rule"] != "one") | (repeats["layers"] == 1)]
    assert "the threshold rule best on dev" in depth(some, "one", "ekman").caption
    assert "one threshold for all labels" in depth(repeats, "one", "ekman").caption


def test_the_picked_scheme_comes_first_and_other_widths_once(made: pd.DataFrame) -> None:
    siblings = made[made["training_id"] == made["training_id"].iloc[0]]
    picked = siblings.loc[siblings["bits"] == 8, "model"].iloc[0]
    shown = schemes_to_show(siblings, picked)
    bits = siblings.drop_duplicates("model").set_index("model").loc[shown, "bits"]
    assert shown[0] == picked
    assert list(bits) == [8, 4]


def test_latency_is_spread_over_the_raw_samples() -> None:
    frame = pd.DataFrame(blanks(PointRow) | {"point": ["a"], "model": "m"})
    samples = [row(LatencyRow, model="m", milliseconds=float(k)) for k in range(101)]
    samples += [row(LatencyRow, model="baseline", milliseconds=9.0)]
    table = spreads(pd.DataFrame(table_of(samples, LatencyRow).to_pylist()), picks(frame))
    mine = table.set_index("model").loc["m"]
    assert (mine["p5"], mine["p50"], mine["p95"]) == (5, 50, 95)
    assert mine["name"] == "best, smallest within 1 point"


def test_inline_data_spells_flags_as_the_drawing_code_reads_them() -> None:
    data = csv_of(pd.DataFrame({"kept": [True, False], "f1": [0.5, 0.25]}))
    assert data.values == "kept,f1\ntrue,0.5\nfalse,0.25\n"
    assert data.format.parse == {"kept": "boolean", "f1": "number"}


def test_every_bit_width_has_a_colour_of_its_own() -> None:
    assert set(COLOUR_OF_BITS) == {*"2345678", "float"}
    assert len(set(COLOUR_OF_BITS.values())) == 8


def test_what_trained_for_its_codes_loses_against_float_that_trained_as_long() -> None:
    scores = {
        "float32": ("none", 0.50),
        "float32~more3": ("more", 0.54),
        "int4": ("ptq", 0.48),
        "int4~qat3": ("qat", 0.53),
        "int4~qat2": ("qat", 0.60),  # no control of two epochs stands beside it
    }
    columns = {
        "scheme": list(scores),
        "training": [training for training, _ in scores.values()],
        "test_macro_f1": [score for _, score in scores.values()],
        "size_bytes": [1000, 1000, 250, 250, 250],
    }
    frame = pd.DataFrame(blanks(PointRow) | {"training_id": "t", "temperature": 1.0} | columns)
    table = losses(frame).set_index("scheme")["lost"]
    assert table.to_dict() == pytest.approx({"int4": -2.0, "int4~qat3": -1.0})
