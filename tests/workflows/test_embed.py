"""Texts become vectors of an encoder, and a corpus of vectors is what a sweep of features reads."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from emoray.data.corpus import SPLITS, read_records
from emoray.data.goemotions import sample
from emoray.data.importing.importing import import_corpus
from emoray.data.importing.settings import CorpusSource
from emoray.workflows.embed import run_embed
from emoray.workflows.settings.embed import Embed
from tests.data.made_features import write_lists
from tests.models.encoder.encoders_made import make_encoder

TEXTS = ["thanks a lot", "this is awful , why ?", "ok", None]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder") / "tiny", "bert", positions=32)


def of_transformers(encoder: Path, text: str) -> np.ndarray:
    """The definition: the mean of the last states, of unit length."""
    tokenizer, model = AutoTokenizer.from_pretrained(encoder), AutoModel.from_pretrained(encoder)
    with torch.inference_mode():
        states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
    return torch.nn.functional.normalize(states.mean(0), dim=0).numpy()


def test_a_file_of_texts_gets_a_column_of_vectors(encoder: Path, tmp_path: Path) -> None:
    table = pa.table({"id": range(4), "said": pa.array(TEXTS, pa.string())})
    pq.write_table(table, tmp_path / "new.parquet")
    out = tmp_path / "out"
    run_embed(
        Embed(texts=tmp_path / "new.parquet", text_column="said", encoder=str(encoder), out=out)
    )
    found = pq.read_table(out / "texts.parquet")
    assert found.column_names == ["id", "said", "vector"]
    assert found.column("said").to_pylist() == TEXTS
    vectors_ND = np.array(found.column("vector").to_pylist())
    np.testing.assert_allclose(np.linalg.norm(vectors_ND, axis=1), 1, atol=1e-4)
    for text, row_D in zip(TEXTS[:3], vectors_ND, strict=False):
        assert text is not None and of_transformers(encoder, text) @ row_D > 0.999


def test_a_corpus_becomes_one_of_features_with_the_same_labels(
    encoder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "vectors"
    given = CorpusSource(source="sample")
    run_embed(Embed(corpus=given, encoder=str(encoder), out=out))
    made = import_corpus(
        CorpusSource(source=str(out), feature_columns=("vector",)), str(out), tmp_path / "cache"
    )
    for split in SPLITS:
        _, before = read_records(sample().folder, split)
        _, after = read_records(made.folder, split)
        assert [(text, labels) for _, text, labels in after] == [
            (text, labels) for _, text, labels in before
        ]
        assert np.load(made.folder / f"{split}.npy").shape[0] == len(after)


def test_features_are_not_encoded_again(encoder: Path, tmp_path: Path) -> None:
    path = write_lists(tmp_path / "made.parquet")
    given = CorpusSource(source=str(path), feature_columns=("vector",))
    with pytest.raises(ValueError, match="an encoder reads texts, got the corpus made of features"):
        run_embed(Embed(corpus=given, encoder=str(encoder), out=tmp_path / "out"))


REFUSED = {
    r"has a column of them, got no 'text' in .* with said": {"said": ["a"]},
    r"'vector' is the column that is added, got one": {"text": ["a"], "vector": [1.0]},
    r"vectors are made of texts, got none": {"text": pa.array([], pa.string())},
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_file_without_texts_is_refused(words: str, encoder: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table(REFUSED[words]), tmp_path / "new.parquet")
    with pytest.raises(ValueError, match=words):
        run_embed(Embed(texts=tmp_path / "new.parquet", encoder=str(encoder), out=tmp_path / "o"))


def test_what_is_no_parquet_is_refused(encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("text\nhello\n")
    with pytest.raises(ValueError, match=r"--texts is a Parquet file, got .*new.csv"):
        run_embed(Embed(texts=tmp_path / "new.csv", encoder=str(encoder), out=tmp_path / "o"))


def test_a_corpus_and_a_file_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="of a corpus or of a file of texts, got sample and"):
        Embed(corpus=CorpusSource(source="sample"), texts=tmp_path / "a.parquet", out=tmp_path)
