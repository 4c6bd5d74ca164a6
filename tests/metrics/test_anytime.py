"""Intervals that hold at every moment."""

import math

import numpy as np
import pytest

from emoray.metrics.anytime import (
    FEWEST_TEXTS,
    design_effect,
    half_width,
    mixture_variance,
    texts_needed,
)
from emoray.metrics.drift import log_evidence


def test_the_interval_is_narrow_where_it_was_planned_and_wider_than_one_look_needs() -> None:
    at = 5_000
    planned = half_width(at, 1.0, 0.95, at)
    assert planned < min(half_width(at, 1.0, 0.95, p) for p in (at / 20, at * 20))
    assert 1.96 / math.sqrt(at) < planned < 3.2 / math.sqrt(at)
    assert half_width(4 * at, 1.0, 0.95, at) < planned


def test_texts_needed_are_those_at_which_the_effect_is_shown() -> None:
    needed = texts_needed(0.25, 0.02, planned=4_000)
    late = 0.8416 * 0.25
    for texts, enough in ((needed, True), (needed - 2, False)):
        width = half_width(texts, 0.25, 0.95, 4_000) + late / math.sqrt(texts)
        assert (width <= 0.02) == enough
    assert texts_needed(0.25, 0.9) == FEWEST_TEXTS


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"effect": 0.0}, r"a planned effect lies in \(0, 1\), got 0.0: 0.02 is two points"),
        ({"effect": 0.02, "power": 0.3}, r"power lies in \(0.5, 1\), got 0.3"),
    ],
    ids=["no effect", "no power"],
)
def test_a_plan_that_cannot_be_is_refused(settings: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        texts_needed(0.2, **settings)


def test_evidence_reaches_its_limit_where_the_interval_leaves_out_0() -> None:
    texts, deviation, planned = 3_000, 0.4, 5_000
    change = np.array([half_width(texts, deviation, 0.95, planned)])
    prior = deviation * math.sqrt(mixture_variance(0.05, planned))
    found = log_evidence(change, np.array([deviation**2 / texts]), prior=np.array([prior]))
    assert found[0] == pytest.approx(math.log(20))


def test_texts_of_one_key_that_are_alike_count_as_few() -> None:
    rng = np.random.default_rng(0)
    alone_N = rng.normal(size=4_000)
    assert design_effect(alone_N, np.arange(4_000)) == pytest.approx(1.0)
    alike_N = np.repeat(rng.normal(size=400), 10)
    assert design_effect(alike_N, np.repeat(np.arange(400), 10)) == pytest.approx(10.0)
    assert design_effect(alone_N, np.repeat(np.arange(400), 10)) == pytest.approx(1.0, abs=0.2)
    assert design_effect(np.zeros(5), np.arange(5)) == 1.0
