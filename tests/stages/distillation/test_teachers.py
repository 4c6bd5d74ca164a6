"""What a teacher answers: the logits of its artifact, in the order of the taxonomy's labels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.labels import EKMAN, GOEMOTIONS, SENTIMENT
from emoray.models.sampling import LeaveOut, fold_of
from emoray.quant.scheme import FLOAT
from emoray.stages.compression import BASE, Compress
from emoray.stages.distillation.at_hand import find_teacher
from emoray.stages.distillation.teachers import (
    LOGITS,
    CrossFittedLogits,
    TeacherLogits,
    in_taxonomy,
)
from emoray.stages.distillation.texts import TrainTexts
from emoray.stages.families.registry import FAMILIES
from emoray.stages.plan import training
from emoray.stages.spec import Data
from emoray.storage.store.local import Store
from tests.artifact.finished import make_artifact
from tests.stages.families.votes import VoteFamily, VoteRecipe


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("teaching") / "store")


def test_logits_are_those_of_the_artifact_in_the_order_of_the_taxonomy(
    store: Store, data: Data, tmp_path: Path
) -> None:
    turned = make_artifact(tmp_path / "turned", labels=SENTIMENT.labels[::-1])
    stage = TeacherLogits(
        teacher=find_teacher(str(turned), SENTIMENT),
        texts=TrainTexts(corpus=data.corpus, taxonomy="sentiment"),
        taxonomy="sentiment",
    )
    found_NK = np.load(store.make(stage).folder / LOGITS)
    wanted_NK = runtime.load(turned).logits(data.corpus.texts("train"))[:, ::-1]
    np.testing.assert_array_equal(found_NK, wanted_NK)


def test_a_teacher_that_changed_meanwhile_is_refused(
    store: Store, data: Data, tmp_path: Path
) -> None:
    teacher = find_teacher(str(make_artifact(tmp_path / "one")), SENTIMENT)
    other = replace(teacher, folder=make_artifact(tmp_path / "other", seed=1))
    stage = TeacherLogits(
        teacher=other,
        texts=TrainTexts(corpus=data.corpus, taxonomy="sentiment"),
        taxonomy="sentiment",
    )
    with pytest.raises(ValueError, match="must not change during a run, got another model"):
        store.make(stage)


def test_a_group_is_there_unless_none_of_its_members_is() -> None:
    logits_NC = np.random.default_rng(0).normal(scale=4, size=(50, 28)).astype(np.float32)
    shuffled = np.random.default_rng(1).permutation(28)
    names = tuple(GOEMOTIONS.labels[c] for c in shuffled)
    found_NK = in_taxonomy(logits_NC[:, shuffled], names, EKMAN)
    p_NC = 1 / (1 + np.exp(-logits_NC.astype(np.float64)))
    for k, ids in enumerate(EKMAN.members):
        none_N = np.prod(1 - p_NC[:, list(ids)], axis=1)
        np.testing.assert_allclose(1 / (1 + np.exp(-found_NK[:, k])), 1 - none_N, rtol=1e-4)
    alone = EKMAN.labels.index("disgust")
    np.testing.assert_allclose(
        found_NK[:, alone], logits_NC[:, GOEMOTIONS.labels.index("disgust")], rtol=1e-4, atol=1e-5
    )


def test_no_text_is_labelled_by_a_model_that_learned_it(
    store: Store, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAMILIES, VoteRecipe.family, VoteFamily())
    recipes = [VoteRecipe(taxonomy="sentiment", vocabulary=v) for v in (50, 200)]
    compressed = []
    for recipe in recipes:
        for fold in range(2):
            train = training(replace(recipe, sample=LeaveOut(fold=fold, folds=2)), data)
            compressed.append(Compress(trained=train, text=train.text, scheme=FLOAT))
    texts = TrainTexts(corpus=data.corpus, taxonomy="sentiment")
    stage = CrossFittedLogits(compressed=tuple(compressed), texts=texts, folds=2)
    found_NK = np.load(store.make(stage).folder / LOGITS)
    train_texts = data.corpus.texts("train")
    fold_N = fold_of(len(train_texts), 2)
    for fold in range(2):
        rows = np.flatnonzero(fold_N == fold)[:40]
        learned = compressed[fold].trained.recipe.sample.rows(np.zeros((len(train_texts), 1)), 0)
        assert not set(rows) & set(learned)
        logits = []
        for model in (compressed[fold], compressed[2 + fold]):
            files = {p.name: p.read_bytes() for p in (store.folder(model) / BASE).iterdir()}
            reader = runtime.Reader(files[runtime.VOCABULARY], files[runtime.TOKENIZER])
            session = runtime.Model(
                files[runtime.MODEL], len(SENTIMENT.labels), threads=1, highest=reader.highest
            )
            logits.append(session.logits([reader.ids(train_texts[row]) for row in rows]))
        np.testing.assert_allclose(found_NK[rows], np.mean(logits, axis=0), rtol=1e-4, atol=1e-4)
