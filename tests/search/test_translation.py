"""Train through a translator on a pool of actors: whole, resumed, poisoned, told of."""

import io
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from emoray.augment.apertium import MODES, Apertium
from emoray.console import progress
from emoray.distributed.actor_pool import Pool, StageLimits
from emoray.models.augmentation import BackTranslation
from emoray.quant.scheme import FLOAT
from emoray.search import translation as translators
from emoray.search.joint_space import JointSpace
from emoray.search.knobs import Choices
from emoray.search.spaces import Space
from emoray.search.translation import halves, shards, translate
from emoray.stages.augmentation import TRANSLATIONS, read_translations
from emoray.stages.inputs import summarize_corpus
from emoray.stages.spec import Decision, TranslatorRef
from emoray.storage.s3 import S3Folder
from emoray.storage.store.keys import key_of
from emoray.storage.store.local import Store
from emoray.tables.ensemble_rows import TranslationRow
from emoray.workflows.settings.sweep import Sweep
from tests.runs import swept
from tests.stages.augmented import TRAIN, translation
from tests.stages.chain import RECIPE

TWO = Pool(actors=2)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translators, "SHARD", 125)


def made(store: Path) -> Counter[str]:
    return Counter(e["key"] for e in Store(store).journal() if e["event"] == "made")


def quiet() -> Console:
    return Console(file=io.StringIO(), width=200)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What one process makes of the whole, without Ray."""
    done = Store(tmp_path_factory.mktemp("alone") / "store").make(translation())
    return (done.folder / TRANSLATIONS).read_bytes()


def test_shards_cover_every_text_once_at_fixed_places() -> None:
    whole = translation()
    assert [(s.start, s.stop) for s in shards(whole, 300)] == [(0, 125), (125, 250), (250, 300)]
    part = replace(whole, start=100, stop=260)
    assert [(s.start, s.stop) for s in shards(part, 300)] == [(100, 125), (125, 250), (250, 260)]
    assert [(s.start, s.stop) for s in shards(replace(whole, stop=999), 130)][-1] == (125, 130)


def test_halves_end_at_a_single_text() -> None:
    stage = replace(translation(), start=4, stop=7)
    found = [(s.start, s.stop) for s in halves(stage)]  # type: ignore[attr-defined]
    assert found == [(4, 5), (5, 7)]
    assert not halves(replace(stage, stop=5))


def test_a_pool_makes_the_bytes_that_one_process_makes_and_goes_on_where_it_stopped(
    local_ray: None, tmp_path: Path, alone: bytes
) -> None:
    whole = translation()
    first = shards(whole, TRAIN)[3]
    Store(tmp_path).make(first)
    console = quiet()
    done = translate(whole, store=tmp_path, pool=TWO, console=console)
    assert (done.folder / TRANSLATIONS).read_bytes() == alone
    assert "translated 1,000/1,000 texts · 125 found · 0 set aside" in said(console)
    counts = made(tmp_path)
    assert set(counts.values()) == {1} and len(counts) == TRAIN // 125 + 1
    assert translate(whole, store=tmp_path, pool=TWO).cached
    assert made(tmp_path) == counts


def test_a_poisoned_text_is_found_and_set_aside_and_stays_so(
    local_ray: None, tmp_path: Path, alone: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = read_translations_of(alone, tmp_path / "healthy")
    poison = healthy[130].source.split()[-1]
    bad = [r.index for r in healthy if poison in r.source]
    limits = StageLimits(attempts=1, seconds=60)
    whole = replace(translation(raises=poison), stop=250)
    done = translate(whole, store=tmp_path / "store", pool=TWO, limits=limits)
    found = read_translations(done.folder)
    assert [row.index for row in found] == list(range(250))
    for row in found:
        if row.index in bad:
            assert (row.result, row.error) == ("", f"RuntimeError: cannot bear {poison}")
        else:
            assert row == healthy[row.index]
    assert 130 in bad
    store = Store(tmp_path / "store")
    shutil.rmtree(store.folder(whole))
    began = len(list(store.journal()))
    translate(whole, store=store.place, pool=TWO, limits=limits)
    keys = {e["key"] for e in list(store.journal())[began:]}
    assert keys == {key_of(whole)}, "put together again, nothing tried again"


def read_translations_of(raw: bytes, folder: Path) -> list[TranslationRow]:
    folder.mkdir()
    (folder / TRANSLATIONS).write_bytes(raw)
    return read_translations(folder)


def test_a_translator_that_can_do_nothing_is_to_blame_not_the_texts(
    local_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translators, "SET_ASIDE", (3, 0.001))
    monkeypatch.setattr(translators, "SHARD", 4)
    whole = replace(translation(raises=" "), stop=40)
    with pytest.raises(ValueError, match=r"must do nearly every text, 4 of .* cannot bear"):
        translate(whole, store=tmp_path, pool=TWO, limits=StageLimits(attempts=1, seconds=60))


def test_the_log_says_how_far_it_is_and_how_long_it_takes(
    local_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert progress.LOG_SECONDS == 30
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    console = quiet()
    translate(replace(translation(), stop=250), store=tmp_path, pool=TWO, console=console)
    *lines, last = said(console).splitlines()
    assert any("translated 125/250 texts" in s and "texts/s · ETA " in s for s in lines)
    assert "250/250 texts · 0 found · 0 set aside" in last and last.endswith("ETA 0:00")


@pytest.mark.skipif(not (MODES / "eng-spa.mode").is_file(), reason="needs apertium-eng-spa")
def test_a_bucket_holds_the_shards_as_a_disk_does(
    local_ray: None, s3: S3Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translators, "SHARD", 20)
    whole = replace(translation(), translator=TranslatorRef.of(Apertium("eng-spa")), stop=40)
    here, there = (
        translate(whole, store=place, pool=TWO).folder / TRANSLATIONS for place in (tmp_path, s3)
    )
    assert here.read_bytes() == there.read_bytes()
    assert translate(whole, store=s3, pool=TWO).cached
    assert not [name for name in s3.names() if name.endswith(".mode")], "Apertium stays at home"


def test_every_augmentation_of_a_search_is_named() -> None:
    knob = BackTranslation()
    joint = JointSpace(
        name="joint",
        base=RECIPE,
        knobs={"augmentation": Choices((RECIPE.augmentation, knob))},
        schemes={"float": FLOAT},
        trials=1,
    )
    assert {r.augmentation for r in joint.recipes} == {RECIPE.augmentation, knob}


def test_a_search_translates_first_and_says_what_it_trained_on(
    local_ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emoray.augment import registry
    from emoray.search import spaces as space
    from tests.augment.rewording import Rewording

    monkeypatch.setitem(registry.KINDS, "tests", lambda rest: Rewording())
    knob = BackTranslation(share=0.2, balance=1.0, translator="tests:rewording")
    small = replace(RECIPE, epochs=1, vocabulary=300, embedding_dim=8, hidden_units=4)
    more = Space(
        recipes=(replace(small, augmentation=knob),), schemes=(FLOAT,), decisions=(Decision(),)
    )
    monkeypatch.setitem(space.GRIDS, "more", lambda taxonomy, dims: more)
    run = swept(Sweep(space="more", taxonomy="sentiment", out=tmp_path, download=False))
    assert run.tables["failures"].empty
    found, points = run.tables["augmentations"], run.searched
    assert len(found) == TRAIN and (found["verdict"] == "kept").sum() == TRAIN // 5
    assert (found["translator"] == "rewording").all()
    assert points["recipe"].str.contains("bt0.2b1(tests:rewording)", regex=False).all()
    begun = [e["key"].split("-")[0] for e in run.journal if e["event"] == "started"]
    assert begun[: begun.index("augment")].count("translate") == TRAIN // 125 + 1


def test_a_translator_that_is_not_here_is_refused_before_anything_starts() -> None:
    data = summarize_corpus("sentiment", None, download=False).data
    recipe = replace(RECIPE, augmentation=BackTranslation(translator="apertium:xxx-yyy"))
    with pytest.raises(ValueError, match="a pair of Apertium must be installed, got xxx-yyy"):
        translators.with_translators(data, [recipe])
