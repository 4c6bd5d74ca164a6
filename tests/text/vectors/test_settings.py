from typing import Any

import pytest

from emoray.text.vectors.settings import GloveObjective, OwnVectors, Ppmi


def test_settings_are_named_by_what_differs_from_the_usual() -> None:
    assert str(OwnVectors()) == "own-ppmi"
    assert str(OwnVectors(method=GloveObjective(), seed=3)) == "own-glove-s3"
    changed = OwnVectors(method=Ppmi(smoothing=1.0, weighting=0.0), window=10, min_count=2)
    assert str(changed) == "own-ppmi-cds1-p0-w10-c2"


MISTAKES: list[tuple[type, dict[str, Any], str]] = [
    (Ppmi, {"smoothing": -0.1}, "smoothing must be at least 0.0, got -0.1"),
    (Ppmi, {"shift": 0.5}, "shift must be at least 1.0, got 0.5"),
    (Ppmi, {"weighting": float("nan")}, "weighting must be at least 0.0, got nan"),
    (GloveObjective, {"epochs": 0}, "epochs must be at least 1, got 0"),
    (GloveObjective, {"learning_rate": 0.0}, "learning_rate must be finite and above 0, got 0"),
    (GloveObjective, {"ceiling": float("inf")}, "ceiling must be finite and above 0, got inf"),
    (OwnVectors, {"window": 0}, "window must be at least 1, got 0"),
    (OwnVectors, {"window": 21}, "window must be at most 20, got 21"),
    (OwnVectors, {"min_count": 0}, "min_count must be at least 1, got 0"),
    (OwnVectors, {"max_words": 0}, "max_words must be at least 1, got 0"),
    (OwnVectors, {"seed": -1}, "seed must be at least 0, got -1"),
]


@pytest.mark.parametrize(("kind", "knobs", "words"), MISTAKES)
def test_settings_that_mean_nothing_are_refused(
    kind: type, knobs: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        kind(**knobs)
