"""A corpus cut to fewer train texts."""

from pathlib import Path

import pytest

from emoray.stages.inputs import CorpusSummary, summarize_corpus
from emoray.workflows.subsample import fewer


@pytest.fixture(scope="module")
def whole() -> CorpusSummary:
    return summarize_corpus("sentiment", None, download=False)


def test_train_is_cut_and_dev_and_test_are_not(
    no_data: None, whole: CorpusSummary, tmp_path: Path
) -> None:
    found = fewer(whole, "sentiment", 300, tmp_path)
    assert (found.train, found.dev, found.test) == (300, whole.dev, whole.test)
    corpus, before = found.data.corpus.read("sentiment"), whole.data.corpus.read("sentiment")
    assert set(corpus.train.texts) < set(before.train.texts)
    assert corpus.dev.texts == before.dev.texts
    assert found.leaked == int(corpus.leaked_N.sum())


def test_the_same_texts_are_drawn_again(
    no_data: None, whole: CorpusSummary, tmp_path: Path
) -> None:
    one, two = (fewer(whole, "sentiment", 200, tmp_path / name) for name in ("one", "two"))
    other = fewer(whole, "sentiment", 200, tmp_path / "other", seed=1)
    assert one.data.corpus.sha256 == two.data.corpus.sha256 != other.data.corpus.sha256


def test_too_few_texts_for_every_label_are_refused(
    no_data: None, whole: CorpusSummary, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="every label of sentiment needs a text"):
        fewer(whole, "sentiment", 2, tmp_path)
