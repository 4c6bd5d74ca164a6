from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from emoray.tables.coded import as_text, coded
from emoray.tables.files import read_table, table_of, write_chunks
from emoray.tables.merging import Merged
from emoray.tables.rows import FailureRow, SurfaceRow
from tests.tables.made import row

KEY = ["model", "temperature", "threshold"]


def made_parts(order: str, *, parts: int = 40) -> list[pa.Table]:
    """Rows of `surface`, some keys in several parts, in the order of their keys or in none."""
    rng = np.random.default_rng(7)
    models = np.array([f"m{k:03d}" for k in range(60)])
    frames = []
    for part in range(parts):
        picked = models[rng.integers(60, size=50)]
        frames.append(
            pd.DataFrame(
                {
                    "model": picked,
                    "temperature": rng.choice([0.5, 1.0, 2.0], 50),
                    "threshold": rng.choice([0.1, 0.3, 0.5, 0.7], 50),
                    "dev_macro_f1": part / parts,
                    "test_macro_f1": rng.random(50),
                }
            )
        )
    whole = pd.concat(frames, ignore_index=True)
    if order == "descending":
        whole = whole.sort_values(KEY, ascending=False, ignore_index=True)
    elif order == "ascending":
        whole = whole.sort_values(KEY, ignore_index=True)
    pieces = [whole.iloc[start : start + 50] for start in range(0, len(whole), 50)]
    return [table_of(piece.to_dict("series"), SurfaceRow) for piece in pieces]


def by_definition(parts: Sequence[pa.Table]) -> pd.DataFrame:
    """Every key once, as the last part has it, sorted."""
    rows = pd.concat([part.to_pandas() for part in parts], ignore_index=True)
    return rows.drop_duplicates(KEY, keep="last").sort_values(KEY, ignore_index=True)


@pytest.mark.parametrize("order", ["none", "ascending", "descending"])
@pytest.mark.parametrize(
    ("share", "block"), [(10**9, 10**9), (8_000, 1_000), (8_000, 8_000), (3_000, 60)], ids=str
)
def test_parts_merge_by_their_definition_however_little_is_held_at_once(
    tmp_path: Path, order: str, share: int, block: int
) -> None:
    parts = made_parts(order)
    wanted = by_definition(parts)
    with Merged(table="surface", folder=tmp_path, share_bytes=share, block_bytes=block) as merged:
        merged.take(parts)
        chunks = list(merged.chunks())
        some = pa.concat_tables(merged.chunks(["test_macro_f1"]))
    found = pa.concat_tables(chunks)
    pd.testing.assert_frame_equal(found.to_pandas(), wanted, check_dtype=False)
    assert some.column_names == ["test_macro_f1"]
    assert some.column(0).to_pylist() == list(wanted["test_macro_f1"])
    assert (len(chunks) > 1) == (share < 10**9)


def test_the_file_of_a_merge_has_no_name_that_a_killed_process_could_leave(tmp_path: Path) -> None:
    with Merged(table="surface", folder=tmp_path, share_bytes=1_000, block_bytes=500) as merged:
        merged.take(made_parts("none"))
        assert sum(chunk.num_rows for chunk in merged.chunks()) > 0
        assert list(tmp_path.iterdir()) == []


def test_a_table_of_no_part_is_empty_and_has_its_columns(tmp_path: Path) -> None:
    with Merged(table="surface", folder=tmp_path) as merged:
        merged.take([])
        (only,) = merged.chunks()
    assert only.num_rows == 0 and only.column_names[0] == "model"


def test_chunks_become_one_table_and_nothing_where_one_of_them_fails(tmp_path: Path) -> None:
    rows = [row(FailureRow, trial=f"t{k}") for k in range(6)]
    table = table_of(rows, FailureRow)
    path = tmp_path / "failures.parquet"
    assert write_chunks([table.slice(0, 4), table.slice(4)], path, FailureRow) == 6
    assert read_table(path, FailureRow).equals(table)

    def broken() -> Iterator[pa.Table]:
        yield table
        raise ValueError("the second chunk fails")

    with pytest.raises(ValueError, match="the second chunk fails"):
        write_chunks(broken(), path, FailureRow)
    assert read_table(path, FailureRow).equals(table)
    assert [p.name for p in tmp_path.iterdir()] == ["failures.parquet"]


def test_coded_text_sorts_and_groups_as_the_text_does() -> None:
    words = [["b", "ä", "a"], ["c", "a", ""]]
    chunks = [pa.table({"word": w, "id": w, "n": [1, 2, 3]}) for w in words]
    frame = coded(chunks, whole=["id"])
    plain = pa.concat_tables(chunks).to_pandas()
    assert isinstance(frame["word"].dtype, pd.CategoricalDtype)
    assert not isinstance(frame["id"].dtype, pd.CategoricalDtype)
    assert list(frame.sort_values("word")["word"]) == list(plain.sort_values("word")["word"])
    sums = frame.groupby("word", observed=True)["n"].sum()
    assert sums.to_dict() == plain.groupby("word")["n"].sum().to_dict()
    pd.testing.assert_frame_equal(as_text(frame), plain)
