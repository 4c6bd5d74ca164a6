"""A corpus of features is not taken for one of texts."""

from pathlib import Path

import pytest

from emoray.data.importing.settings import CorpusSource
from emoray.data.options import CorpusOptions
from tests.data.made_features import write_lists


def test_a_job_that_reads_texts_refuses_a_corpus_of_features(tmp_path: Path) -> None:
    path = write_lists(tmp_path / "made.parquet")
    asked = CorpusOptions(corpus=CorpusSource(source=str(path), feature_columns=("vector",)))
    assert asked.find().name == "made"
    words = "back-translation reads texts, got the corpus made of features: bring a corpus of texts"
    with pytest.raises(ValueError, match=words):
        asked.find_texts("back-translation")


def test_texts_are_found_as_ever() -> None:
    asked = CorpusOptions(corpus=CorpusSource(source="sample"))
    assert asked.find_texts("back-translation") == asked.find()
