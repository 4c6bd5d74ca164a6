import numpy as np
import pandas as pd
import pytest

from emoray.report.thinning import EXTREMES, thin
from emoray.tables.front import on_front
from emoray.tables.point_rows import PointRow
from tests.tables.made import blanks, points


@pytest.fixture(scope="module")
def made() -> pd.DataFrame:
    frame = points("made", seeds=4, dims=(25, 50, 100), bits=(32, 8, 4, 2))
    return frame.assign(on_front=on_front(frame))


def test_few_points_are_all_drawn(made: pd.DataFrame) -> None:
    kept, said = thin(made, len(made))
    assert len(kept) == len(made)
    assert said == ""


def test_the_front_the_extremes_and_what_is_asked_for_are_never_left_out(
    made: pd.DataFrame,
) -> None:
    asked = made.loc[~made["on_front"], "point"].iloc[::701]
    kept, said = thin(made, 500, set(asked))
    assert made.loc[made["on_front"], "point"].isin(kept["point"]).all()
    assert asked.isin(kept["point"]).all()
    for column in EXTREMES:
        if made[column].notna().any():
            assert kept[column].agg(["min", "max"]).equals(made[column].agg(["min", "max"]))
    assert said.startswith(f"Of {len(made):,} rows, {len(kept):,} are drawn")


def test_what_is_drawn_is_as_dense_as_what_is_there(made: pd.DataFrame) -> None:
    kept, _ = thin(made, 2000)
    for column in ("embedding_bits", "threshold_rule", "layers"):
        there = made[column].value_counts(normalize=True)
        drawn = kept[column].value_counts(normalize=True)
        assert drawn.sub(there).abs().max() < 0.1


def test_thinning_holds_where_no_two_rows_share_a_recipe() -> None:
    rng = np.random.default_rng(0)
    n = 50_000
    frame = pd.DataFrame(blanks(PointRow) | {"point": [f"p{i}" for i in range(n)]})
    frame = frame.assign(
        size_bytes=rng.integers(10**5, 10**7, n),
        dev_macro_f1=rng.random(n),
        test_macro_f1=rng.random(n),
    )
    frame["on_front"] = on_front(frame)
    kept, _ = thin(frame, 4000)
    assert 3500 < len(kept) <= 4000 + frame["on_front"].sum()
    assert frame.loc[frame["on_front"], "point"].isin(kept["point"]).all()


def test_the_same_rows_are_drawn_again(made: pd.DataFrame) -> None:
    kept, _ = thin(made, 500)
    again, _ = thin(made.sample(frac=1, random_state=0), 500)
    assert set(kept["point"]) == set(again["point"])
