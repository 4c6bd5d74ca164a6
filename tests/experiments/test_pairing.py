"""Two artifacts' answers become one stream of texts."""

from pathlib import Path

import numpy as np
import pytest

from emoray.experiments.answers import Answers, collected
from emoray.experiments.pairing import TextStream, stream_of_log, stream_of_saved
from emoray.tables.scored_texts import scored_texts
from tests.experiments.made import (
    MINUTE,
    NAMES,
    ONE,
    START,
    THREE,
    TWO,
    decisions,
    write_log,
    write_output,
)

_, BEFORE, AFTER = decisions(1, 60)


def groups_of(folder: Path) -> list[Answers]:
    return collected(scored_texts(str(folder)), "log")


def stream_at(folder: Path, before: str | None = None, after: str | None = None) -> TextStream:
    return stream_of_log(groups_of(folder), before, after)


def reversed_requests(folder: Path) -> Path:
    """A shadow that answered in another order, under the requests' own names."""
    write_log(folder, BEFORE)
    path = write_log(folder, AFTER, artifact=TWO, role="shadow")
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(path).take(np.arange(59, -1, -1)), path)
    return folder


def test_a_shadow_is_joined_by_request_number_and_text(tmp_path: Path) -> None:
    stream = stream_at(reversed_requests(tmp_path))
    assert (stream.before, stream.after, stream.design) == (ONE, TWO, "shadow")
    np.testing.assert_array_equal(stream.decided(stream.before_NB), BEFORE)
    np.testing.assert_array_equal(stream.decided(stream.after_NB), AFTER)
    assert (stream.again, stream.alone) == (0, 0)
    assert (np.diff(stream.time_N) == MINUTE).all()


def test_a_request_name_that_comes_again_joins_no_other_text(tmp_path: Path) -> None:
    write_log(tmp_path, BEFORE[:2])
    write_log(tmp_path, BEFORE[2:3], rows=[7], start=START + 1)  # again called `request 0`
    write_log(tmp_path, AFTER[:2], artifact=TWO, role="shadow")
    stream = stream_at(tmp_path)
    assert (len(stream), stream.alone) == (2, 1)


def test_a_text_that_comes_again_counts_once_when_it_first_came(tmp_path: Path) -> None:
    rows = [0, 1, 0, 2, 1, 0]
    write_log(tmp_path, BEFORE[:6], rows=rows)
    write_log(tmp_path, AFTER[:6], rows=rows, artifact=TWO, role="shadow")
    stream = stream_at(tmp_path)
    assert (len(stream), stream.again) == (3, 3)
    np.testing.assert_array_equal(stream.decided(stream.before_NB), BEFORE[[0, 1, 3]])
    assert len(stream.milliseconds[0]) == 6, "each answer took its time"


def test_what_the_shadow_skipped_is_left_out(tmp_path: Path) -> None:
    write_log(tmp_path, BEFORE)
    write_log(tmp_path, AFTER[:40], artifact=TWO, role="shadow")
    stream = stream_at(tmp_path)
    assert (len(stream), stream.alone) == (40, 20)


def test_labels_in_another_order_are_put_in_order(tmp_path: Path) -> None:
    write_log(tmp_path, BEFORE)
    write_log(tmp_path, AFTER[:, ::-1], names=NAMES[::-1], artifact=TWO, role="shadow")
    stream = stream_at(tmp_path)
    np.testing.assert_array_equal(stream.decided(stream.after_NB), AFTER)


def test_other_labels_are_refused(tmp_path: Path) -> None:
    write_log(tmp_path, BEFORE)
    write_log(tmp_path, AFTER, names=("joy", "anger", "rage"), artifact=TWO, role="shadow")
    with pytest.raises(ValueError, match=r"got 3 and 3, apart in 'fear', 'rage': compare artifact"):
        stream_at(tmp_path)


def test_split_traffic_is_compared_in_the_time_in_which_both_answered(tmp_path: Path) -> None:
    write_log(tmp_path, BEFORE[:40])
    later = START + 10 * MINUTE + 1
    write_log(tmp_path, AFTER, artifact=TWO, role="split", rows=range(40, 100), start=later)
    stream = stream_at(tmp_path)
    assert stream.design == "split" and stream.second_N is not None
    assert (len(stream), stream.second_N.sum(), stream.alone) == (58, 29, 42)
    assert (np.diff(stream.time_N) >= 0).all()


def test_traffic_split_by_something_else_is_compared_too(tmp_path: Path) -> None:
    write_log(tmp_path, BEFORE)
    write_log(tmp_path, AFTER, artifact=TWO, rows=range(60, 120))
    assert stream_at(tmp_path).design == "split"


def test_artifacts_one_after_the_other_are_no_experiment(tmp_path: Path) -> None:
    write_log(tmp_path, BEFORE)
    write_log(tmp_path, AFTER, artifact=TWO, start=START + 90 * MINUTE)
    words = r"split traffic in one time, got a{12} \(primary, 60 answers, 2025-10-09 .*; b{12} \(p"
    with pytest.raises(ValueError, match=words):
        stream_at(tmp_path)
    with pytest.raises(ValueError, match="what was asked may have changed from one to the other"):
        stream_at(tmp_path, "aa", "bb")


def test_a_log_of_one_artifact_is_refused(tmp_path: Path) -> None:
    write_log(tmp_path, BEFORE)
    with pytest.raises(ValueError, match=r"got answers of one, a{12} .*`jobs.serve --shadow` or"):
        stream_at(tmp_path)


def several(folder: Path) -> Path:
    write_log(folder, BEFORE)
    write_log(folder, AFTER, artifact=TWO, role="shadow")
    later = START + 90 * MINUTE
    write_log(folder, BEFORE, start=later, request="later")
    write_log(folder, AFTER, artifact=THREE, role="shadow", start=later, request="later")
    return folder


def test_of_several_pairs_one_is_asked_for_with_a_list(tmp_path: Path) -> None:
    words = r"several pairs in the log, .*--before a{12} --after b{12} or --before a{12} --after c"
    with pytest.raises(ValueError, match=words):
        stream_at(several(tmp_path))


def test_the_pair_that_is_named_is_taken_either_way_round(tmp_path: Path) -> None:
    several(tmp_path)
    stream = stream_at(tmp_path, "aaaa", "cccc")
    assert (stream.before, stream.after) == (ONE, THREE)
    turned = stream_at(tmp_path, "CC", ONE)
    assert (turned.before, turned.after) == (THREE, ONE)
    np.testing.assert_array_equal(turned.before_NB, stream.after_NB)
    np.testing.assert_array_equal(turned.milliseconds[1], stream.milliseconds[0])


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("dd", "aa", r"enough of its first digits, got 'dd' for a{12} .*: name one of these"),
        ("", "aa", r"enough of its first digits, got '' for"),
        ("aa", "aaa", r"got 'aa' and 'aaa', which are one: name two of"),
        ("bb", "cc", r"answered the same texts, or split traffic in one time, got b{12} \(shadow"),
    ],
    ids=["strange", "several", "one", "never together"],
)
def test_names_that_fit_no_pair_are_refused(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        stream_at(several(tmp_path), before, after)


def test_saved_predictions_are_joined_by_their_texts(tmp_path: Path) -> None:
    one = write_output(tmp_path / "one.parquet", BEFORE, artifact=ONE)
    two = write_output(tmp_path / "two.parquet", AFTER[:30], artifact=TWO)
    stream = stream_of_saved(groups_of(one), groups_of(two))
    np.testing.assert_array_equal(stream.decided(stream.before_NB), BEFORE[:30])
    np.testing.assert_array_equal(stream.decided(stream.after_NB), AFTER[:30])
    assert stream.alone == 30


def test_saved_predictions_of_a_text_that_comes_again_count_once(tmp_path: Path) -> None:
    for name, decided_NK, artifact in (("one", BEFORE, ONE), ("two", AFTER, TWO)):
        for part in ("x", "y"):
            write_output(tmp_path / name / f"{part}.parquet", decided_NK[:9], artifact=artifact)
    stream = stream_of_saved(groups_of(tmp_path / "one"), groups_of(tmp_path / "two"))
    assert (len(stream), stream.again, stream.alone) == (9, 9, 0)


def test_saved_predictions_of_several_artifacts_or_other_texts_are_refused(tmp_path: Path) -> None:
    write_output(tmp_path / "both" / "one.parquet", BEFORE, artifact=ONE)
    write_output(tmp_path / "both" / "two.parquet", AFTER, artifact=TWO)
    both = groups_of(tmp_path / "both")
    with pytest.raises(ValueError, match=r"of one artifact, got a{12} .* in --after: name the out"):
        stream_of_saved(both[:1], both)
    write_log(tmp_path / "log", BEFORE[:3], rows=[97, 98, 99], artifact=TWO)
    with pytest.raises(ValueError, match=r"got none in both of 60 and 3: run jobs.predict on the"):
        stream_of_saved(both[:1], groups_of(tmp_path / "log"))
