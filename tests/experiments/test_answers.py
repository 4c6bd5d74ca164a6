"""Answers are kept in a few bytes a text, and nothing of them is lost that a comparison needs."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from emoray.experiments import answers
from emoray.experiments.answers import NEVER, collected, of_sha256
from emoray.tables.scored_texts import scored_texts
from tests.experiments.made import NAMES, ONE, START, TWO, decisions, sha, write_log, write_output

_, BEFORE, AFTER = decisions(1, 50)


def test_answers_are_kept_by_artifact_and_role(tmp_path: Path) -> None:
    write_log(tmp_path, BEFORE, keys=[f"key {i // 2}" for i in range(50)])
    write_log(tmp_path, AFTER, artifact=TWO, role="shadow")
    seen: list[int] = []
    one, two = collected(scored_texts(str(tmp_path)), "log", seen.append)
    assert [(g.artifact, g.role, len(g)) for g in (one, two)] == [
        (ONE, "primary", 50),
        (TWO, "shadow", 50),
    ]
    assert one.label_names == NAMES and one.time_N[0] == START and seen[-1] == 100
    found_NK = np.unpackbits(two.packed_NB, axis=1, count=3).astype(bool)
    np.testing.assert_array_equal(found_NK, AFTER)
    np.testing.assert_array_equal(one.request_N, two.request_N)
    np.testing.assert_array_equal(one.text_N, two.text_N)
    assert len(np.unique(one.unit_N)) == 25, "a key is what traffic is split by"
    assert len(np.unique(two.unit_N)) == 50, "without one a request is"
    assert one.milliseconds_N == pytest.approx(np.ones(50), rel=0.5)


def test_saved_predictions_have_no_request_and_no_time(tmp_path: Path) -> None:
    write_output(tmp_path / "part.parquet", BEFORE, artifact=ONE)
    [found] = collected(scored_texts(str(tmp_path)), "output")
    assert found.role == "primary" and not found.request_N.any()
    assert (found.time_N == NEVER).all() and np.isnan(found.milliseconds_N).all()
    np.testing.assert_array_equal(found.unit_N, found.text_N)


def test_a_hash_is_its_first_16_digits() -> None:
    texts = ["a", "b", ""]
    found = of_sha256(pa.array([sha(text) for text in texts]), "here")
    assert [f"{value:016x}" for value in found.tolist()] == [sha(text)[:16] for text in texts]
    assert len(of_sha256(pa.array([], pa.string()), "here")) == 0


@pytest.mark.parametrize("wrong", ["ab", "g" * 64, "A" * 64, None])
def test_what_is_no_hash_is_refused(wrong: str | None) -> None:
    with pytest.raises(ValueError, match=r"64 digits of 0-9 and a-f, got others in here: leave"):
        of_sha256(pa.array([sha("a"), wrong], pa.string()), "here")


def test_more_answers_than_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST", 49)
    write_log(tmp_path, BEFORE)
    with pytest.raises(ValueError, match=r"up to 49 at once, got more in log: name fewer files"):
        collected(scored_texts(str(tmp_path)), "log")


def test_a_log_without_a_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"got no text in log: a log's files appear as they are"):
        collected(iter(()), "log")


def test_an_artifact_whose_labels_change_is_refused(tmp_path: Path) -> None:
    write_log(tmp_path, BEFORE)
    write_log(tmp_path, BEFORE, names=("x", "y", "z"), start=START + 1)
    with pytest.raises(ValueError, match=r"the same labels in all its answers, got others in"):
        collected(scored_texts(str(tmp_path)), "log")
