"""Vectors trained on a corpus, as a search starts from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.data.goemotions import sample
from emoray.models.word.initial_vectors import PretrainedVectors
from emoray.stages import spec_json
from emoray.stages.plan import training
from emoray.stages.spec import Data, recipe_id
from emoray.stages.vectors import TrainVectors
from emoray.stages.word_training import TrainWords
from emoray.storage.store.keys import canonical, key_of
from emoray.storage.store.local import Store
from emoray.text.vectors import training as own_training
from emoray.text.vectors.settings import GloveObjective, OwnVectors
from emoray.text.vocabulary import Vocabulary
from tests.stages.augmented import corpus_in
from tests.stages.chain import RECIPE

OWN = replace(RECIPE, vectors=OwnVectors(), embedding_dim=12)


def planned(recipe: object, data: Data) -> TrainWords:
    train = training(recipe, data)  # type: ignore[arg-type]
    assert isinstance(train, TrainWords)
    return train


def vectors_of(train: TrainWords) -> TrainVectors:
    assert isinstance(train.text.vectors, TrainVectors)
    return train.text.vectors


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("own"))


def test_what_was_made_of_given_vectors_keeps_its_name_and_key() -> None:
    said = canonical(RECIPE)
    assert isinstance(said, dict) and "vectors" not in said
    assert str(replace(RECIPE, vectors=PretrainedVectors())) == str(RECIPE)
    assert canonical(OWN)["vectors"]["type"] == "OwnVectors"
    assert str(OWN) == f"{replace(RECIPE, embedding_dim=12)} own-ppmi"
    assert recipe_id(OWN) != recipe_id(replace(OWN, vectors=OwnVectors(window=4)))
    for recipe in (RECIPE, OWN):
        assert spec_json.read_spec(spec_json.written_spec(recipe)) == recipe


def test_no_given_vectors_are_needed_and_any_width_can_be_had(data: Data) -> None:
    train = planned(OWN, replace(data, vectors=()))
    assert train.text.vectors_name(12) == "own-ppmi.12d"
    assert vectors_of(planned(replace(OWN, embedding_dim=500), data)).dim == 500


def test_widths_methods_and_seeds_share_what_they_can(data: Data) -> None:
    train = planned(OWN, data)
    wider = planned(replace(OWN, embedding_dim=13), data)
    glove = planned(replace(OWN, vectors=OwnVectors(method=GloveObjective())), data)
    counted = {key_of(vectors_of(t).counted) for t in (train, wider, glove)}
    assert len(counted) == 1
    assert len({key_of(vectors_of(t)) for t in (train, wider, glove)}) == 3
    assert key_of(planned(replace(OWN, seed=7), data).text) == key_of(train.text)


def test_an_embedding_starts_from_the_vectors_as_they_were_trained(
    data: Data, store: Store
) -> None:
    train = planned(OWN, data)
    vectors = vectors_of(train)
    folder = store.make(train.vectors).folder
    made = store.folder(vectors)
    words = (made / "words.txt").read_text("utf-8").split()
    vectors_VD = np.load(made / "vectors.npy")
    with np.load(folder / "vectors.npz") as saved:
        embedding_VD = saved["vectors_VD"]
    vocabulary = Vocabulary.from_text(
        (store.folder(train.text) / "vocabulary.txt").read_text("utf-8")
    )
    assert set(vocabulary.words) <= set(words), "rarer words have no vector and no row"
    for word in vocabulary.words[:50]:
        row = int(vocabulary.encode([word])[0])
        np.testing.assert_array_equal(embedding_VD[row], vectors_VD[words.index(word)])


def other_corpus(folder: Path, split: str) -> Path:
    """The sample with every text of a split in capitals and one word more."""
    folder.mkdir()
    for name in ("train", "dev", "test"):
        text = (sample().folder / f"{name}.tsv").read_text("utf-8")
        lines = text.removesuffix("\n").split("\n")
        new = [f"zebra {line}" for line in lines] if name == split else lines
        (folder / f"{name}.tsv").write_text("".join(f"{line}\n" for line in new), "utf-8")
    return folder


def made_of(folder: Path, store: Store) -> bytes:
    train = planned(OWN, Data(corpus=corpus_in(folder)))
    return (store.make(vectors_of(train)).folder / "vectors.npy").read_bytes()


def test_train_alone_decides_the_vectors(tmp_path: Path, store: Store) -> None:
    plain = made_of(sample().folder, store)
    assert made_of(other_corpus(tmp_path / "dev", "dev"), store) == plain
    assert made_of(other_corpus(tmp_path / "train", "train"), store) != plain


def test_a_training_that_was_killed_goes_on_at_its_last_epoch(
    data: Data, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = GloveObjective(epochs=4)
    vectors = vectors_of(planned(replace(OWN, vectors=OwnVectors(method=method)), data))
    whole = (store.make(vectors).folder / "vectors.npy").read_bytes()
    again = Store(store.root.with_name("again"))
    again.make(vectors.counted)
    epochs: list[int] = []
    objective = own_training.objective_vectors

    def stopping(*args: object, **knobs: object) -> object:
        def report(epoch: int, loss: float) -> None:
            epochs.append(epoch)
            if epochs == [1, 2]:
                raise OSError("the machine is gone")

        return objective(*args, **knobs | {"report": report})  # type: ignore[arg-type]

    monkeypatch.setattr(own_training, "objective_vectors", stopping)
    with pytest.raises(OSError, match="the machine is gone"):
        again.run(vectors)
    assert (again.run(vectors).folder / "vectors.npy").read_bytes() == whole
    assert epochs == [1, 2, 3, 4]
