"""A log cut into windows."""

import numpy as np
import pytest

from emoray.monitoring.windows import ByDuration, ByFile, ByTexts, OneArtifact, window_rule
from tests.monitoring.made import ARTIFACT, DAY, OTHER, START, made, renamed

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("1d", ByDuration(seconds=86_400)),
        (" 6 H ", ByDuration(seconds=21_600)),
        ("2000 texts", ByTexts(texts=2000)),
        ("1text", ByTexts(texts=1)),
        ("file", ByFile()),
    ],
    ids=str,
)
def test_a_window_is_a_time_a_number_or_a_file(text: str, rule: object) -> None:
    assert window_rule(text) == rule
    assert window_rule(str(rule)) == rule


@pytest.mark.parametrize("text", ["", "0d", "1y", "2000", "-1 texts", "a day"])
def test_other_windows_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a window is `1d`, `6h`, .* got"):
        window_rule(text)


def test_a_text_counts_in_the_window_of_its_own_time_whatever_the_order() -> None:
    days = [made(RNG, 50, start=START + day * DAY).scored for day in (2, 0, 1)]
    cut = [(number, len(some)) for number, some, _ in ByDuration(seconds=DAY).cut(days)]
    first = int(START // DAY)
    assert cut == [(first + 2, 50), (first, 50), (first + 1, 50)]
    halves = list(ByDuration(seconds=DAY // 2).cut(days[:1]))
    assert [number for number, _, _ in halves] == [2 * first + 4, 2 * first + 5]
    assert sum(len(some) for _, some, _ in halves) == 50


def test_windows_of_texts_are_filled_across_files() -> None:
    cut = list(ByTexts(texts=30).cut([made(RNG, 50).scored, made(RNG, 20).scored]))
    assert [(number, len(some)) for number, some, _ in cut] == [(0, 30), (1, 20), (1, 10), (2, 10)]


def test_windows_by_time_need_times() -> None:
    with pytest.raises(ValueError, match=r"windows of 1d need the time of every text, .*made"):
        list(ByDuration(seconds=DAY).cut([made(RNG, 5, time=None).scored]))


def test_of_a_log_of_two_artifacts_one_is_named() -> None:
    log = [made(RNG, 5).scored, renamed(made(RNG, 7).scored, OTHER)]
    with pytest.raises(ValueError, match="one artifact at a time, got aaaaaaaaaaaa… and bbbb"):
        list(OneArtifact().texts(log))
    chosen = OneArtifact(named="BBBBBB")
    assert [len(some) for some in chosen.texts(log)] == [7]
    assert chosen.sha256 == OTHER and chosen.found == {ARTIFACT: 5, OTHER: 7}
    with pytest.raises(ValueError, match=r"got cccccc: it holds aaaaaaaaaaaa… \(5 texts\), bbbb"):
        list(OneArtifact(named="cccccc").texts(log))


def test_a_shadow_is_watched_where_it_is_named_alone() -> None:
    shadow = renamed(made(RNG, 7, role=["shadow"] * 7).scored, OTHER)
    log = [made(RNG, 5).scored, shadow]
    assert [len(some) for some in OneArtifact().texts(log)] == [5]
    assert [len(some) for some in OneArtifact(named=OTHER).texts(log)] == [7]


def test_an_empty_log_is_refused() -> None:
    with pytest.raises(ValueError, match="texts that an artifact answered, got none"):
        list(OneArtifact().texts([]))


def test_a_clock_that_was_set_back_is_noticed() -> None:
    late, early = made(RNG, 5, start=START + 3600, seconds=2), made(RNG, 5, seconds=2)
    chosen = OneArtifact()
    list(chosen.texts([late.scored, early.scored]))
    assert chosen.back == pytest.approx(3600, abs=2)
