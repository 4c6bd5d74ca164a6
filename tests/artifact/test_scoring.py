from pathlib import Path

import numpy as np
import pytest

from emoray.artifact.scoring import logits, scoring_batches
from emoray.export.graph import build_graph
from emoray.text.vocabulary import Ragged
from tests.export.made import forward, network, texts

NET, TEXTS = network(), texts(count=200)


def test_logits_come_in_the_order_of_the_texts() -> None:
    assert np.allclose(logits(build_graph(NET).file, TEXTS), forward(NET, TEXTS), atol=1e-5)


def test_a_path_scores_like_bytes(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(build_graph(NET).file)
    assert np.array_equal(logits(path, TEXTS), logits(path.read_bytes(), TEXTS))


def test_batches_hold_every_text_once_with_little_padding() -> None:
    rows, sizes = zip(*scoring_batches(TEXTS), strict=True)
    assert sorted(np.concatenate(rows)) == list(range(200))
    assert sum(ids_NL.size for ids_NL in sizes) < 1.3 * TEXTS.lengths.sum()


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least one id, got 1 empty ones: encode"):
        logits(build_graph(NET).file, Ragged.from_lists([[3], []]))


def test_no_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="logits need texts, got none"):
        logits(build_graph(NET).file, Ragged.from_lists([]))


def test_logits_that_overflow_are_refused() -> None:
    net = network(pools=("mean",), hidden=())
    net.dense[0].kernel_IO[::2] = 3e38
    with pytest.raises(ValueError, match=r"logits are finite, got NaN or Inf for .* of 200 texts"):
        logits(build_graph(net).file, TEXTS)
