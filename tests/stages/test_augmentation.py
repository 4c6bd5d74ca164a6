"""From train to more of it: what is kept, what is refused, and that dev and test stay as they
are."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.augment.backtranslation import MARK_LOST
from emoray.augment.filters import Filters
from emoray.labels import SENTIMENT
from emoray.models.augmentation import BackTranslation
from emoray.models.encoder.recipe import BertRecipe
from emoray.stages.augmentation import (
    Augment,
    Translate,
    augmented,
    augmenting,
    drawing_order,
    read_translations,
)
from emoray.stages.label_agreement import agreement_of
from emoray.stages.plan import training
from emoray.stages.spec import Data, TranslatorRef
from emoray.storage.store.keys import inputs_of, key_of
from emoray.storage.store.local import Store
from emoray.text.words import tokenize
from tests.artifact.finished import make_artifact
from tests.augment.rewording import Rewording
from tests.stages.augmented import TRAIN, corpus_in, rows, translation
from tests.stages.chain import RECIPE

LINES = {
    "train": [
        ("I like all of this so much", "17"),  # a
        ("that is bad [NAME] and it hurts", "2"),  # b
        ("wow what is this thing here", "26"),  # c
        ("ok then do it as told", "27"),  # d
        ("so good it is to read", "17"),  # e: its result stands in test
        ("never in dev was it said", "17"),  # f: stands in dev
        ("so", "17"),  # g: no third word to change
        ("what is now said of it", "17"),  # h
        ("What is now said of it?", "17"),  # i: is changed as h is
        ("you know bad of it all", "17"),  # j: cannot be translated
    ],
    "dev": [("great", "17"), ("bad", "2"), ("wow", "26"), ("never in dev was it said", "27")],
    "test": [("so good quite it is to quite read", "17"), ("b", "2"), ("w", "26"), ("x", "27")],
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("augmenting") / "store")


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Translate:
    """A corpus in which every verdict has its text."""
    folder = tmp_path_factory.mktemp("few")
    for split, lines in LINES.items():
        text = "".join(f"{t}\t{ids}\t{chr(97 + i)}\n" for i, (t, ids) in enumerate(lines))
        (folder / f"{split}.tsv").write_text(text)
    return translation(corpus_in(folder), declines="know")


def of(few: Translate, **knobs: object) -> Augment:
    return Augment(translated=few, taxonomy="sentiment", **{"share": 1.0, **knobs})  # type: ignore[arg-type]


def test_every_text_gets_a_verdict_and_those_that_fail_a_reason(
    few: Translate, store: Store
) -> None:
    found = {row["source_id"]: row for row in rows(store, of(few))}
    verdicts = {name: row["verdict"] for name, row in found.items()}
    assert {v for k, v in verdicts.items() if k in "abcd"} == {"kept"}
    assert (verdicts["e"], verdicts["f"]) == ("leaks", "leaks")
    assert verdicts["g"] == "near_copy"
    assert sorted((verdicts["h"], verdicts["i"])) == ["kept", "kept"]
    assert (verdicts["j"], found["j"]["reason"]) == ("set_aside", "knows no know")
    assert found["b"]["result"] == "that is quite bad [NAME] and quite it hurts"
    assert found["b"]["pivot"] == "taht si dab [NAME] dna ti struh"
    assert found["b"]["labels"] == "negative"
    assert found["b"]["edit_distance"] == pytest.approx(2 / 9)
    assert found["b"]["length_ratio"] == pytest.approx(9 / 7)
    assert {row["source_split"] for row in found.values()} == {"train"}


def test_a_wording_is_kept_once(few: Translate, store: Store) -> None:
    folder = few.corpus.folder.with_name("twice")
    folder.mkdir()
    for split, lines in LINES.items():
        more = [*lines, (lines[0][0].upper(), "2")] if split == "train" else lines
        text = "".join(f"{t}\t{ids}\t{i}\n" for i, (t, ids) in enumerate(more))
        (folder / f"{split}.tsv").write_text(text)
    twice = translation(corpus_in(folder), declines="know")
    found = {row["source_id"]: row["verdict"] for row in rows(store, of(twice))}
    assert sorted((found["0"], found["10"])) == ["duplicate", "kept"]


def test_a_lost_mark_is_told_from_what_could_not_be_translated(
    few: Translate, store: Store, tmp_path: Path
) -> None:
    done = read_translations(store.make(few).folder)
    lost = replace(done[1], result="", error=MARK_LOST)
    given = replace(few, given=tmp_path, translator=replace(few.translator, sha256="7" * 64))
    from emoray.tables.ensemble_rows import TranslationRow
    from emoray.tables.files import write_table

    write_table([done[0], lost, *done[2:]], tmp_path / "translations.parquet", TranslationRow)
    store.run(given)
    found = {row["source_id"]: row for row in rows(store, of(given))}
    assert (found["b"]["verdict"], found["b"]["reason"]) == ("mark_lost", "")


def test_train_grows_by_what_is_kept_and_nothing_else_changes(few: Translate, store: Store) -> None:
    before = few.corpus.read("sentiment")
    after = augmented(before, store.make(of(few)).folder)
    kept = [row for row in rows(store, of(few)) if row["verdict"] == "kept"]
    assert after.dev is before.dev and after.test is before.test
    assert after.train.texts == (*before.train.texts, *(row["result"] for row in kept))
    assert after.train.ids[-1].endswith("-bt") and len(set(after.train.ids)) == len(after.train)
    sources = [row["source_index"] for row in kept]
    np.testing.assert_array_equal(
        after.train.labels_NK[len(before.train) :], before.train.labels_NK[sources]
    )
    np.testing.assert_array_equal(after.leaked_N, before.leaked_N)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_a_share_is_kept_and_another_seed_keeps_others(share: float, store: Store) -> None:
    whole = translation()
    kept = [
        {
            r["source_id"]
            for r in rows(store, of(whole, share=share, seed=s))
            if r["verdict"] == "kept"
        }
        for s in (0, 1)
    ]
    assert len(kept[0]) == len(kept[1]) == round(share * TRAIN)
    assert kept[0] != kept[1]


def test_no_kept_text_stands_in_dev_or_test_or_twice_in_train(store: Store) -> None:
    whole = translation()
    corpus = whole.corpus.read("sentiment")
    forms = Counter(
        " ".join(tokenize(text))
        for split in (corpus.train, corpus.dev, corpus.test)
        for text in split.texts
    )
    for row in rows(store, of(whole)):
        if row["verdict"] == "kept":
            assert not forms[" ".join(tokenize(row["result"]))]


def test_balance_draws_rare_labels_first() -> None:
    labels_NK = np.zeros((1000, 3), np.uint8)
    labels_NK[:900, 0], labels_NK[900:, 1], labels_NK[990:, 2] = 1, 1, 1
    plain, some, much = (drawing_order(labels_NK, b, seed=0)[:200] for b in (0.0, 0.5, 4.0))
    rare = [int((drawn >= 900).sum()) for drawn in (plain, some, much)]
    assert 8 <= rare[0] <= 35 and rare[0] + 10 < rare[1] < rare[2] == 100
    assert set(much[:10]) == set(range(990, 1000)), "a text weighs as much as its rarest label"
    assert sorted(drawing_order(labels_NK, 1.0, seed=0)) == list(range(1000))


def test_a_stretch_says_of_its_texts_what_the_whole_says(store: Store) -> None:
    whole = translation()
    part = replace(whole, start=300, stop=310)
    found = read_translations(store.make(part).folder)
    assert [row.index for row in found] == list(range(300, 310))
    assert found == read_translations(store.make(whole).folder)[300:310]


def test_a_classifier_drops_what_it_no_longer_reads_alike(store: Store, tmp_path: Path) -> None:
    judge = agreement_of(make_artifact(tmp_path / "judge"), (SENTIMENT,), most_fall=0.02)
    found = rows(store, of(translation(), filters=Filters(labels=judge)))
    falls = {
        v: [r["label_probability_fall"] for r in found if r["verdict"] == v]
        for v in ("kept", "drift")
    }
    assert falls["drift"] and min(falls["drift"]) > 0.02 >= max(falls["kept"])
    make_artifact(tmp_path / "other", seed=1)
    changed = replace(judge, folder=tmp_path / "other", most_fall=0.03)
    with pytest.raises(ValueError, match="an artifact must not change during a run"):
        store.make(of(translation(), filters=Filters(labels=changed)))


def test_another_translator_of_the_same_name_is_refused(store: Store) -> None:
    strange = translation()
    strange = replace(strange, translator=replace(strange.translator, sha256="0" * 64))
    with pytest.raises(ValueError, match=r"must be the same on every machine, got SHA-256 55555"):
        store.make(strange)


def augmenting_recipe(**changes: object) -> BackTranslation:
    return BackTranslation(translator="tests:rewording", share=0.3, **changes)  # type: ignore[arg-type]


def with_translator(data: Data) -> Data:
    return replace(data, translators=(("tests:rewording", TranslatorRef.of(Rewording())),))


def test_a_recipe_with_an_augmentation_trains_on_more_and_is_scored_on_the_same(
    data: Data, store: Store
) -> None:
    plain = training(RECIPE, data).text
    recipe = replace(RECIPE, augmentation=augmenting_recipe())
    more = training(recipe, with_translator(data)).text
    folders = [store.make(text).folder for text in (plain, more)]
    sizes = {
        s: [len(np.load(f / f"{s}.npz")["labels_NK"]) for f in folders]
        for s in ("train", "dev", "test")
    }
    assert sizes["train"] == [TRAIN, TRAIN + 300]
    assert sizes["dev"][0] == sizes["dev"][1] and sizes["test"][0] == sizes["test"][1]
    assert (folders[0] / "leaked.npy").read_bytes() == (folders[1] / "leaked.npy").read_bytes()


def test_both_families_and_all_seeds_share_one_choice(data: Data) -> None:
    knob = augmenting_recipe(balance=1.0)
    recipes = [
        replace(RECIPE, augmentation=knob),
        replace(RECIPE, augmentation=knob, seed=5),
        BertRecipe(taxonomy=RECIPE.taxonomy, augmentation=knob),
    ]
    stages = {augmenting(recipe, with_translator(data)) for recipe in recipes}
    assert len(stages) == 1
    (stage,) = stages
    assert stage is not None and (stage.share, stage.balance) == (0.3, 1.0)
    assert list(inputs_of(stage)) == ["translated"]


def test_where_a_whole_was_put_together_is_no_part_of_its_key(few: Translate) -> None:
    assert key_of(few) == key_of(replace(few, given=Path("/anywhere")))
    assert key_of(few) != key_of(replace(few, stop=3))
