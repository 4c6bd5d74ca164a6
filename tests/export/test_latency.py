import gc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from emoray.export.graph import build
from emoray.export.latency import measure
from emoray.quant.scheme import ModelScheme, QuantScheme
from tests.export.made import network

TEXTS = [np.array(ids) for ids in ([5, 6, 7], [9], [3, 4])]


@pytest.fixture
def models(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for name, scheme in (("base", ModelScheme()), ("small", ModelScheme(dense=QuantScheme()))):
        found[name] = tmp_path / f"{name}.onnx"
        found[name].write_bytes(build(network(), scheme).file)
    return found


def test_every_model_meets_every_text_in_every_turn_beside_the_baseline(
    models: dict[str, Path],
) -> None:
    samples = measure(models, TEXTS, baseline="base", repeats=2)
    counts = Counter((s.model, s.beside, s.turn, s.text) for s in samples)
    pairs = [("base", "base"), ("small", "small"), ("base", "small")]
    assert counts == Counter((*p, turn, i) for p in pairs for turn in range(2) for i in range(3))
    assert {(s.text, s.tokens) for s in samples} == {(0, 3), (1, 1), (2, 2)}
    assert all(0 < s.milliseconds < 1000 for s in samples)


def test_baseline_and_model_alternate_text_by_text(models: dict[str, Path]) -> None:
    small = [s for s in measure(models, TEXTS, baseline="base", repeats=1) if s.beside == "small"]
    assert [s.text for s in small] == [0, 0, 1, 1, 2, 2]
    assert {small[0].model, small[1].model} == {"base", "small"}
    assert small[0].model != small[2].model


def test_garbage_collection_is_as_it_was(models: dict[str, Path]) -> None:
    measure(models, TEXTS, baseline="base", repeats=1)
    assert gc.isenabled()


def test_a_baseline_that_is_none_of_the_models_is_refused(models: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="the baseline is one of the models, got 'float'"):
        measure(models, TEXTS, baseline="float")


def test_no_texts_are_refused(models: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="latency needs texts and repeats, got 0 and 5"):
        measure(models, [], baseline="base")


def test_a_baseline_of_another_vocabulary_reads_its_own_ids(tmp_path: Path) -> None:
    large, small = network(), network(words=8)
    models = {"base": tmp_path / "base.onnx", "large": tmp_path / "large.onnx"}
    models["base"].write_bytes(build(small).file)
    models["large"].write_bytes(build(large).file)
    beyond = [np.array([len(small.embedding_VD), 2])]
    samples = measure(models, beyond, baseline="base", baseline_texts=[np.array([2, 3])], repeats=1)
    assert {s.model for s in samples} == {"base", "large"}
    with pytest.raises(ValueError, match="the baseline reads the same texts, got 2 for 1"):
        measure(models, beyond, baseline="base", baseline_texts=[*beyond, *beyond])
