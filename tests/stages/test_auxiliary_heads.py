"""A second column of labels: imported beside the corpus' own, learned, and never decided."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact.packaging import BASE_FILES
from emoray.data.auxiliary import FILE, auxiliary_labels, auxiliary_names
from emoray.data.importing.importing import import_corpus
from emoray.data.importing.settings import CorpusSource
from emoray.models.augmentation import BackTranslation
from emoray.models.heads import Head
from emoray.quant.scheme import FLOAT
from emoray.search.deriving import with_heads
from emoray.search.task_space import tasks
from emoray.stages.compression import BASE
from emoray.stages.inputs import summarize_corpus
from emoray.stages.plan import deciding, training
from emoray.stages.spec import AuxiliaryCorpusRef, Data, Decision
from emoray.stages.trained import head_taxonomies, read_joint_train
from emoray.storage.store.local import Store
from tests.data.importing.made import LABELS, as_separated, rows, texts_and
from tests.stages.chain import RECIPE

TONES = ("calm", "loud")
HEAD = Head("tone", 0.5)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> CorpusSource:
    """60 texts of three labels or none, every third without a tone."""
    columns = texts_and(["|".join(labels) for _, labels in rows()])
    columns["tone"] = ["" if i % 3 == 0 else TONES[i % 2] for i in range(60)]
    path = as_separated(tmp_path_factory.mktemp("toned") / "parcels.csv", columns)
    return CorpusSource(source=str(path), auxiliary_columns=("tone",))


@pytest.fixture(scope="module")
def data(options: CorpusSource) -> Data:
    return summarize_corpus(None, None, corpus=options, download=False).data


def test_a_column_becomes_auxiliary_labels_of_train(
    options: CorpusSource, data: Data, tmp_path: Path
) -> None:
    found = import_corpus(options, options.source, tmp_path)
    assert auxiliary_names(found.folder) == ("tone",)
    assert any("auxiliary labels 'tone': calm, loud" in note for note in found.notes)
    ids = [line.split("\t")[2] for line in (found.folder / "train.tsv").read_text().splitlines()]
    tone = auxiliary_labels(found.folder, "tone", len(ids))
    for n, row in enumerate(int(each.removeprefix("row")) - 1 for each in ids):
        expected = set() if row % 3 == 0 else {TONES[row % 2]}
        assert {tone.labels[h] for h in np.flatnonzero(tone.labels_NH[n])} == expected
    corpus = data.corpus
    assert isinstance(corpus, AuxiliaryCorpusRef) and corpus.heads == ("tone",)
    assert corpus.taxonomies[0].labels == LABELS
    plain = import_corpus(replace(options, auxiliary_columns=()), options.source, tmp_path)
    assert (
        summarize_corpus(
            None, None, corpus=replace(options, auxiliary_columns=()), download=False
        ).data.corpus.sha256
        != corpus.sha256
        and not (plain.folder / FILE).exists()
    )


def test_a_training_learns_them_and_its_model_has_its_own_labels_alone(
    data: Data, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, taxonomy="own", heads=(HEAD,), epochs=1)
    store, train = Store(tmp_path), training(recipe, data)
    text = store.make(train.text).folder
    joint = read_joint_train(recipe, text, data.corpus)
    assert joint.labels_NK.shape[1] == len(LABELS) + len(TONES)
    assert joint.weights_K.tolist() == [1.0] * 3 + [0.5] * 2
    decide = deciding(train, FLOAT, (Decision(),))
    base = store.make(decide.compressed).folder / BASE
    assert tuple(json.loads((base / "labels.json").read_text())) == LABELS
    assert {path.name for path in base.iterdir()} == set(BASE_FILES)


def test_heads_that_cannot_be_learned_are_refused(data: Data) -> None:
    recipe = replace(RECIPE, taxonomy="own", heads=(HEAD,))
    assert head_taxonomies(recipe, data.corpus) == ()
    with pytest.raises(ValueError, match="a head is of own, tone, got 'mood': name one of these"):
        head_taxonomies(replace(recipe, heads=(Head("mood"),)), data.corpus)
    rewritten = replace(recipe, augmentation=BackTranslation(translator="apertium:eng-spa"))
    with pytest.raises(ValueError, match="of the texts of train alone, got the head tone with"):
        head_taxonomies(rewritten, data.corpus)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (("gone",), "a column must be there to be read, got 'gone'"),
        (("labels",), "have a column and a name of their own, got --auxiliary-column 'labels'"),
        (("own",), "have a column and a name of their own, got --auxiliary-column 'own'"),
    ],
)
def test_columns_that_hold_no_auxiliary_labels_are_refused(
    options: CorpusSource, columns: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    wrong = replace(options, auxiliary_columns=columns, label_columns=("labels",))
    with pytest.raises(ValueError, match=words):
        import_corpus(wrong, wrong.source, tmp_path)


def test_a_file_of_another_train_split_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"tone": {"labels": ["a", "b"], "train": [[0], [1]]}}')
    assert auxiliary_labels(tmp_path, "tone", 2).labels == ("a", "b")
    with pytest.raises(ValueError, match="of the train texts, got 2 of them for 3 texts"):
        auxiliary_labels(tmp_path, "tone", 3)
    (tmp_path / FILE).write_text('{"tone": {"labels": ["a", "b"], "train": [[2]]}}')
    with pytest.raises(ValueError, match=r"something else .ids that name"):
        auxiliary_names(tmp_path)


def test_a_grid_is_trained_with_heads_beside_without() -> None:
    space = with_heads(tasks("own", (8,)), ["tone*0.5", "mood"])
    assert {recipe.heads for recipe in space.recipes} == {(), (HEAD, Head("mood"))}
    assert with_heads(space, ()) is space
    with pytest.raises(ValueError, match=r"a head is NAME or NAME\*WEIGHT, got 'tone\*much'"):
        with_heads(space, ["tone*much"])
