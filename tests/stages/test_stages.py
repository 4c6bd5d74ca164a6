from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact.cpu import cpu
from emoray.data.corpus import read_splits
from emoray.labels import taxonomy
from emoray.models.word.recipe import MAX_TOKENS
from emoray.stages.encoding import SPLITS, read_texts
from emoray.stages.latency import MeasureLatency
from emoray.stages.plan import training
from emoray.stages.spec import recipe_id
from emoray.storage.store.keys import Stage, id_of, inputs_of
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.rows import LatencyRow, TrainingRow
from emoray.text.vocabulary import UNKNOWN, Vocabulary
from emoray.text.words import tokenize
from tests.stages.chain import RECIPE, Chain


def test_texts_come_back_as_the_ids_of_their_words(chain: Chain) -> None:
    text = chain.decided[0].text
    folder = chain.store.folder(text)
    corpus = read_splits(
        chain.data.corpus.folder, name="sample", taxonomy=taxonomy(RECIPE.taxonomy)
    )
    vocabulary = Vocabulary.from_text((folder / "vocabulary.txt").read_text("utf-8"))
    assert len(vocabulary.words) <= RECIPE.vocabulary
    for split in SPLITS:
        ragged, labels_NK = read_texts(folder, split)
        np.testing.assert_array_equal(labels_NK, corpus.split(split).labels_NK)
        for i, line in enumerate(corpus.split(split).texts):
            wanted = vocabulary.encode(tokenize(line)[:MAX_TOKENS])
            np.testing.assert_array_equal(ragged.row(i), wanted)


def test_vectors_have_the_width_asked_for_and_rare_words_are_named(chain: Chain) -> None:
    train = chain.decided[0].compressed.trained
    vocabulary = (chain.store.folder(train.text) / "vocabulary.txt").read_text("utf-8").split()
    with np.load(chain.store.folder(train.vectors) / "vectors.npz") as data:
        vectors_VD, rare_M = data["vectors_VD"], data["rare_M"]
    assert vectors_VD.shape == (len(vocabulary) + 2, RECIPE.embedding_dim)
    assert rare_M[0] == UNKNOWN and not vectors_VD[rare_M[1:]].any()
    assert vectors_VD[np.setdiff1d(np.arange(2, len(vectors_VD)), rare_M)].any(1).all()


def test_every_epoch_is_written_and_one_is_kept(chain: Chain) -> None:
    train = chain.decided[0].compressed.trained
    rows = read_table(chain.store.folder(train) / "trainings.parquet", TrainingRow).to_pylist()
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    best = max(rows, key=lambda row: row["dev_macro_f1"])
    assert [row["epoch"] for row in rows if row["kept"]] == [best["epoch"]]
    assert {row["training_id"] for row in rows} == {id_of(train)}
    assert {row["recipe"] for row in rows} == {recipe_id(RECIPE)}


def test_a_corpus_that_changed_since_the_first_look_is_refused(chain: Chain) -> None:
    corpus = replace(chain.data.corpus, sha256="0" * 64)
    stage: Stage = training(RECIPE, replace(chain.data, corpus=corpus)).text
    with pytest.raises(ValueError, match="must not change during a run, got other bytes in"):
        chain.store.make(stage)


def test_the_test_texts_alone_are_those_of_the_whole_corpus(chain: Chain) -> None:
    corpus = chain.data.corpus
    alone, whole = corpus.read_test("sentiment"), corpus.read("sentiment").test
    assert (alone.ids, alone.texts) == (whole.ids, whole.texts)
    np.testing.assert_array_equal(alone.labels_NK, whole.labels_NK)
    with pytest.raises(ValueError, match="must not change during a run, got other bytes in"):
        replace(corpus, sha256="0" * 64).read_test("sentiment")


def test_a_clock_times_every_model_beside_the_baseline(chain: Chain) -> None:
    models = tuple(decide.compressed for decide in chain.decided[:2])
    stage = MeasureLatency(
        compressed=models,
        baseline=models[0],
        text=models[0].text,
        corpus=models[0].text.corpus,
        taxonomy=models[0].trained.recipe.taxonomy,
        cpu=cpu().model,
        cpus=1,
        texts=7,
        turns=2,
    )
    rows = read_table(chain.store.make(stage).folder / "latency.parquet", LatencyRow).to_pandas()
    ids = [id_of(model) for model in models]
    assert set(rows["model"]) == {"baseline", *ids}
    for model in ids:
        own = rows[rows["model"] == model]
        beside = rows[(rows["model"] == "baseline") & (rows["beside"] == model)]
        assert len(own) == len(beside) == 7 * 2
        assert set(own["text"]) == set(beside["text"]) and own["text"].nunique() == 7
    assert (rows["model_milliseconds"] > 0).all()
    assert rows["milliseconds"].median() > rows["model_milliseconds"].median()
    assert (rows["threads"] == 1).all()
    lengths = read_texts(chain.store.folder(models[0].text), "test")[0].lengths
    assert rows["tokens"].tolist() == lengths[rows["text"].to_numpy()].tolist()
    assert rows["tokens"].min() == lengths.min() and rows["tokens"].max() == lengths.max()


def test_equal_stages_in_another_store_hold_equal_bytes(chain: Chain, tmp_path: Path) -> None:
    other = Store(tmp_path / "store")
    decide = chain.decided[1]
    other.make(decide)
    waiting: list[Stage] = [decide]
    while waiting:
        stage = waiting.pop()
        waiting += inputs_of(stage).values()
        for path in chain.store.folder(stage).rglob("*"):
            if path.is_file() and path.name not in ("manifest.json", "trainings.parquet"):
                twin = other.folder(stage) / path.relative_to(chain.store.folder(stage))
                assert twin.read_bytes() == path.read_bytes(), twin
