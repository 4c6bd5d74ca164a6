import gc
from collections import Counter
from statistics import median

import pytest

from emoray.artifact.latency import TimedArtifact, measure_latency
from emoray.artifact.runtime import Classifier
from tests.artifact.shipped import changed, files

TEXTS = ["wab wac wad", "wae", "waf wag"]


@pytest.fixture(scope="module")
def models() -> dict[str, TimedArtifact]:
    return {name: TimedArtifact(Classifier(files())) for name in ("base", "small")}


def test_every_model_meets_every_text_in_every_turn_beside_the_baseline(
    models: dict[str, TimedArtifact],
) -> None:
    samples = measure_latency(models, TEXTS, baseline="base", repeats=2)
    counts = Counter((s.model, s.beside, s.turn, s.text) for s in samples)
    pairs = [("base", "base"), ("small", "small"), ("base", "small")]
    assert counts == Counter((*p, turn, i) for p in pairs for turn in range(2) for i in range(3))
    assert {(s.text, s.tokens) for s in samples} == {(0, 3), (1, 1), (2, 2)}
    assert all(s.milliseconds > 0 for s in samples)
    assert median(s.milliseconds for s in samples) < 1000, "milliseconds, not smaller units"


def test_the_model_alone_takes_a_part_of_what_a_user_waits(
    models: dict[str, TimedArtifact],
) -> None:
    samples = measure_latency(models, TEXTS * 20, baseline="base", repeats=1)
    assert all(s.model_milliseconds > 0 for s in samples)
    shares = [s.model_milliseconds / s.milliseconds for s in samples]
    assert median(shares) < 1, "the usual sample: one may be held up between the two"


def test_baseline_and_model_alternate_text_by_text(models: dict[str, TimedArtifact]) -> None:
    small = [
        s for s in measure_latency(models, TEXTS, baseline="base", repeats=1) if s.beside == "small"
    ]
    assert [s.text for s in small] == [0, 0, 1, 1, 2, 2]
    assert {small[0].model, small[1].model} == {"base", "small"}
    assert small[0].model != small[2].model


def test_a_model_in_use_has_read_other_texts_and_none_of_those_that_are_timed() -> None:
    class Remembering:
        def __init__(self) -> None:
            self.asked: list[str] = []

        def prepare(self, others: list[str]) -> None:
            self.asked = [*others]

        def whole(self, text: str) -> None:
            assert text not in self.asked or text in OTHERS
            self.asked.append(text)

        def alone(self, text: str) -> tuple[int, float]:
            return 1, 1.0

    OTHERS = [f"other {i}" for i in range(1200)]
    one = Remembering()
    measure_latency({"one": one}, TEXTS, baseline="one", others=OTHERS, repeats=3)
    assert one.asked[:200] == OTHERS[:200] and one.asked[-3:] == TEXTS


def test_what_was_read_is_forgotten_before_a_turn() -> None:
    classifier = Classifier(files())
    timed = TimedArtifact(classifier)
    timed.whole("wab wac")
    timed.prepare(["wad"])
    ((reader, _),) = classifier.members
    assert reader.tokenize.known == {"wad": ["wad"]}


def test_what_a_turn_has_read_is_new_again_in_the_next_one() -> None:
    classifier = Classifier(files())
    timed, others = TimedArtifact(classifier), ["wad"]
    ((reader, _),) = classifier.members
    for _ in range(2):
        timed.prepare(others)
        timed.whole("wab wac")
        assert set(reader.tokenize.known) == {"wab", "wac", "wad"}
        timed.prepare(others)
        assert set(reader.tokenize.known) == {"wad"}


def test_garbage_collection_is_as_it_was(models: dict[str, TimedArtifact]) -> None:
    measure_latency(models, TEXTS, baseline="base", repeats=1)
    assert gc.isenabled()


def test_a_baseline_that_is_none_of_the_models_is_refused(
    models: dict[str, TimedArtifact],
) -> None:
    with pytest.raises(ValueError, match="the baseline is one of the models, got 'float'"):
        measure_latency(models, TEXTS, baseline="float")


def test_no_texts_are_refused(models: dict[str, TimedArtifact]) -> None:
    with pytest.raises(ValueError, match="latency needs texts and repeats, got 0 and 5"):
        measure_latency(models, [], baseline="base")


def test_a_baseline_of_another_vocabulary_reads_its_own_ids() -> None:
    words = files()["vocabulary.txt"].decode().splitlines()
    turned = files() | {"vocabulary.txt": "\n".join(reversed(words)).encode()}
    models = {
        "base": TimedArtifact(Classifier(turned)),
        "short": TimedArtifact(Classifier(changed("tokenizer.json", max_tokens=2))),
    }
    samples = measure_latency(models, TEXTS, baseline="base", repeats=1)
    assert {(s.model, s.tokens) for s in samples if s.text == 0} == {("base", 3), ("short", 2)}
