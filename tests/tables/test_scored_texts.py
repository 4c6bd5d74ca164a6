"""Scored texts are read alike from a request log and from an output of batch inference."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoray.serving.request_log import LoggedRequest, LogTold, open_log
from emoray.serving.settings import RequestLog
from emoray.storage.s3 import S3Folder
from emoray.tables.scored_texts import FACTS, ScoredTexts, scored_texts

LABELS = ("joy", "a.b", "joy.b")
PROBABILITIES = np.array([[0.9, 0.2, 0.1], [0.1, 0.7, 0.6], [0.3, 0.2, 0.1]], np.float32)
DECIDED = PROBABILITIES > 0.5
TEXTS = ["thanks", "what the hell", "so ☹"]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def output(path: Path, **changes: Any) -> Path:
    columns = {
        "body": TEXTS,
        "key": [7, 8, 9],  # a column of the user's own
        "labels": [[LABELS[i] for i in np.flatnonzero(row)] for row in DECIDED],
        **{f"probability_{n}": PROBABILITIES[:, i] for i, n in enumerate(LABELS)},
        **{f"logit_{n}": 2 * PROBABILITIES[:, i] for i, n in enumerate(LABELS)},
        "text_sha256": [sha(text) for text in TEXTS],
        "characters": pa.array([6, 13, 4], pa.int32()),
        "tokens": pa.array([1, 3, 2], pa.int32()),
        "truncated": [False] * 3,
        "unknown_share": pa.array([0, 0, 0.5], pa.float32()),
        "artifact": ["f" * 64] * 3,
    }
    pq.write_table(pa.table(columns | changes), path)
    return path


def log(folder: str, *, artifacts: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    """A log as the service writes it, of one request that several models have scored."""
    writer = open_log(
        RequestLog(folder=folder), LogTold(lost=lambda rows: pytest.fail(f"{rows} are lost"))
    )
    asked: Any = SimpleNamespace(texts=TEXTS, id="one", key="user")
    for i, (artifact, labels) in enumerate(artifacts):
        readings = [SimpleNamespace(ids=[1], truncated=False, unknown_share=0.0)] * len(TEXTS)
        scored: Any = SimpleNamespace(
            logits_NK=2 * PROBABILITIES,
            probabilities_NK=PROBABILITIES,
            decided_NK=DECIDED,
            readings=readings,
            seconds=0.03,
        )
        role = "shadow" if i else "primary"
        writer.write(
            LoggedRequest(
                asked=asked, scored=scored, artifact=artifact, role=role, labels=list(labels)
            )
        )
    writer.close()


def check(found: ScoredTexts, *, logits: bool) -> None:
    assert found.label_names == LABELS
    assert found.facts.schema.equals(FACTS)
    assert found.facts.column("text_sha256").to_pylist() == [sha(text) for text in TEXTS]
    np.testing.assert_array_equal(found.probabilities_NK, PROBABILITIES)
    np.testing.assert_array_equal(found.decided_NK, DECIDED)
    if logits:
        assert found.logits_NK is not None
        np.testing.assert_array_equal(found.logits_NK, 2 * PROBABILITIES)
    else:
        assert found.logits_NK is None


@pytest.mark.parametrize("logits", [False, True])
def test_an_output_is_read(tmp_path: Path, logits: bool) -> None:
    output(tmp_path / "part.parquet")
    output(tmp_path / "_summary.parquet", labels=[1, 2, 3])
    (tmp_path / "_failures.parquet").write_bytes(b"not looked at")
    [found] = scored_texts(str(tmp_path), logits=logits)
    check(found, logits=logits)
    assert (found.artifact, len(found)) == ("f" * 64, 3)
    assert found.facts.column("tokens").to_pylist() == [1, 3, 2]
    assert found.facts.column("key").null_count == 3, "a user's own column of the name"


def test_a_text_of_an_output_without_scores_is_left_out(tmp_path: Path) -> None:
    some = PROBABILITIES[:, 0].tolist()
    nothing = {"labels": [["joy"], None, []], "probability_joy": [some[0], None, some[2]]}
    [found] = scored_texts(str(output(tmp_path / "part.parquet", **nothing)))
    assert found.facts.column("characters").to_pylist() == [6, 4]
    np.testing.assert_array_equal(found.probabilities_NK, PROBABILITIES[[0, 2]])


def test_a_prefix_of_an_output_s_columns_is_told_by_the_file(tmp_path: Path) -> None:
    table = pq.read_table(output(tmp_path / "part.parquet"))
    own = {"body", "key"}
    names = [name if name in own else f"e_{name}" for name in table.column_names]
    table = table.rename_columns(names).append_column("labels", pa.array([1, 2, 3]))
    table = table.replace_schema_metadata({"emoray": json.dumps({"prefix": "e_"})})
    pq.write_table(table, tmp_path / "part.parquet")
    [found] = scored_texts(str(tmp_path), logits=True)
    check(found, logits=True)


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_a_time_of_an_output_is_kept_and_one_that_is_none_is_not(tmp_path: Path, unit: str) -> None:
    times = pa.array([0, 1, 2], pa.timestamp(unit))
    [found] = scored_texts(str(output(tmp_path / "part.parquet", time=times)))
    assert found.facts.column("time").null_count == 0
    [found] = scored_texts(str(output(tmp_path / "part.parquet", time=["today"] * 3)))
    assert found.facts.column("time").null_count == 3


def test_a_log_is_read_model_by_model(tmp_path: Path) -> None:
    log(str(tmp_path), artifacts=(("a" * 64, LABELS), ("b" * 64, LABELS)))
    first, second = scored_texts(str(tmp_path), logits=True)
    check(first, logits=True)
    check(second, logits=True)
    assert [first.artifact, second.artifact] == ["a" * 64, "b" * 64]
    assert first.facts.column("role").to_pylist() == ["primary"] * 3
    assert second.facts.column("role").to_pylist() == ["shadow"] * 3
    assert first.facts.column("number").to_pylist() == [0, 1, 2]
    assert first.facts.column("key").to_pylist() == ["user"] * 3


def test_models_with_other_labels_share_a_log(tmp_path: Path) -> None:
    other = ("x", "y", "z")
    log(str(tmp_path), artifacts=(("a" * 64, LABELS), ("b" * 64, other)))
    assert [found.label_names for found in scored_texts(str(tmp_path))] == [LABELS, other]


def test_a_log_in_a_bucket_is_read(s3: S3Folder) -> None:
    log(str(s3), artifacts=(("a" * 64, LABELS),))
    [found] = scored_texts(str(s3))
    check(found, logits=False)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"labels": [["joy"], ["anger"], []]}, "labels given are among those with a column"),
        ({"artifact": [None, "f", "f"]}, "a scored text names its model in `artifact`"),
        (
            {"probability_joy": pa.array([None, 0.5, 0.5])},
            "a scored text has all its columns `probability_…`",
        ),
    ],
)
def test_a_damaged_output_is_refused(tmp_path: Path, changes: dict[str, Any], refusal: str) -> None:
    path = output(tmp_path / "part.parquet", **changes)
    with pytest.raises(ValueError, match=refusal) as refused:
        list(scored_texts(str(path)))
    assert str(path) in str(refused.value)


def test_logits_that_were_not_kept_are_refused(tmp_path: Path) -> None:
    table = pq.read_table(output(tmp_path / "part.parquet"))
    pq.write_table(table.drop_columns("logit_joy"), tmp_path / "part.parquet")
    assert list(scored_texts(str(tmp_path)))
    with pytest.raises(ValueError, match=r"run jobs.predict with --logits"):
        list(scored_texts(str(tmp_path), logits=True))


def test_another_table_and_a_torn_file_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"size": [1]}), tmp_path / "points.parquet")
    with pytest.raises(ValueError, match=r"are a request log of jobs.serve or an output of"):
        list(scored_texts(str(tmp_path)))
    whole = output(tmp_path / "points.parquet").read_bytes()
    (tmp_path / "points.parquet").write_bytes(whole[:-9])
    with pytest.raises(ValueError, match=r"a Parquet file must be whole, .*points.parquet is not"):
        list(scored_texts(str(tmp_path)))


def test_labels_that_change_within_one_models_rows_are_refused(tmp_path: Path) -> None:
    log(str(tmp_path), artifacts=(("a" * 64, LABELS), ("a" * 64, ("x", "y", "z"))))
    with pytest.raises(ValueError, match="a model has the same labels in all rows, got 2 kinds"):
        list(scored_texts(str(tmp_path)))
