"""Translators are killed, all of them at once, and hang: the bytes are those of a quiet run."""

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from emoray.augment.apertium import MODES, Apertium
from emoray.distributed.actor_pool import Pool, StageLimits
from emoray.search import translation as translators
from emoray.search.translation import shards, translate
from emoray.stages.augmentation import TRANSLATIONS, Translate, read_translations
from emoray.stages.spec import TranslatorRef
from emoray.storage.store.keys import key_of
from emoray.storage.store.local import Store
from tests.augment.rewording import traps
from tests.faults.saboteur import Event, Saboteur, kill
from tests.faults.tolls import begun_again
from tests.stages.augmented import TRAIN, translation

pytestmark = pytest.mark.usefixtures("local_ray")

TWO = Pool(actors=2)
SLOW = Path("/0.05")  # seconds of each call
PATIENT = StageLimits(attempts=5, seconds=60)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translators, "SHARD", 50)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a run without a fault leaves."""
    done = Store(tmp_path_factory.mktemp("quiet") / "store").make(translation())
    return (done.folder / TRANSLATIONS).read_bytes()


@dataclass
class Killer:
    """Kills translators as soon as so many shards are made. `pids`: those at work."""

    after: int
    all_of_them: bool
    made: set[str] = field(default_factory=set)
    pids: dict[str, int] = field(default_factory=dict)
    killed: set[int] = field(default_factory=set)
    struck: threading.Event = field(default_factory=threading.Event)

    def __call__(self, event: Event) -> None:
        if event["event"] == "made":
            self.made.add(event["key"])
        if event["event"] == "started":
            self.pids[event["key"]] = event["pid"]
        busy = {pid for key, pid in self.pids.items() if key not in self.made}
        enough = len(self.made) >= self.after and len(busy) >= (2 if self.all_of_them else 1)
        if enough and not self.struck.is_set():
            self.struck.set()
            self.killed = busy if self.all_of_them else {min(busy)}
            for pid in self.killed:
                kill(pid)


@pytest.mark.parametrize(
    "all_of_them",
    [pytest.param(False, id="one", marks=pytest.mark.faults), pytest.param(True, id="all")],
)
def test_killed_translators_cost_what_they_were_at_and_nothing_else(
    all_of_them: bool, tmp_path: Path, quiet: bytes
) -> None:
    killer = Killer(after=4, all_of_them=all_of_them)
    with Saboteur(tmp_path, killer):
        done = translate(translation(seconds=SLOW), store=tmp_path, pool=TWO, limits=PATIENT)
    assert killer.struck.is_set() and len(killer.killed) == 1 + all_of_them
    assert (done.folder / TRANSLATIONS).read_bytes() == quiet
    again = begun_again(Store(tmp_path).journal())
    assert again.total() <= len(killer.killed), "only what the killed were at"


@pytest.mark.faults
def test_a_translator_that_dies_at_its_first_word_is_replaced(tmp_path: Path, quiet: bytes) -> None:
    dies = traps(tmp_path / "traps", 2)
    whole = translation(dies=dies)
    done = translate(whole, store=tmp_path / "store", pool=TWO, limits=PATIENT)
    assert not list(dies.iterdir()), "every trap was sprung"
    assert (done.folder / TRANSLATIONS).read_bytes() == quiet
    assert begun_again(Store(tmp_path / "store").journal()).total() == 2


@pytest.mark.faults  # tests/distributed/test_actor_pool.py has a stage hang in each run
def test_a_translator_that_hangs_is_replaced_when_its_time_is_up(
    tmp_path: Path, quiet: bytes
) -> None:
    hangs = traps(tmp_path / "traps", 1)
    limits = StageLimits(attempts=3, seconds=20.0)  # far more than 50 texts take on a busy machine
    done = translate(translation(hangs=hangs), store=tmp_path / "store", pool=TWO, limits=limits)
    assert not list(hangs.iterdir())
    assert (done.folder / TRANSLATIONS).read_bytes() == quiet
    assert begun_again(Store(tmp_path / "store").journal()).total() == 1


@pytest.mark.faults
def test_a_text_that_kills_every_translator_is_set_aside_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translators, "SHARD", 4)
    few = replace(translation(), stop=12)
    healthy = read_translations(Store(tmp_path / "healthy").make(few).folder)
    poison = unique_word(healthy[6].source, [r.source for r in healthy])
    deadly = replace(translation(kills=poison), stop=12)
    limits = StageLimits(attempts=1, seconds=60)
    done = translate(deadly, store=tmp_path / "store", pool=TWO, limits=limits)
    found = read_translations(done.folder)
    assert "killed, crashed" in found[6].error and found[6].source == healthy[6].source
    assert found[:6] + found[7:] == healthy[:6] + healthy[7:]
    assert Store(tmp_path / "store").find(shards(deadly, TRAIN)[1]), "and is not tried again"


def unique_word(text: str, texts: list[str]) -> str:
    return next(w for w in text.split() if sum(w in other for other in texts) == 1)


def bytes_of(stage: Translate, store: Path) -> bytes:
    return (Store(store).folder(stage) / TRANSLATIONS).read_bytes()


@pytest.mark.faults
@pytest.mark.skipif(not (MODES / "eng-spa.mode").is_file(), reason="needs apertium-eng-spa")
def test_real_apertium_killed_in_its_work_leaves_the_bytes_of_a_quiet_run(tmp_path: Path) -> None:
    whole = replace(translation(), translator=TranslatorRef.of(Apertium("eng-spa")), stop=200)
    translate(whole, store=tmp_path / "quiet", pool=TWO)
    killer = Killer(after=1, all_of_them=False)
    with Saboteur(tmp_path / "store", killer):
        translate(whole, store=tmp_path / "store", pool=TWO, limits=PATIENT)
    assert killer.struck.is_set()
    for stage in (whole, *shards(whole, TRAIN)):
        assert bytes_of(stage, tmp_path / "store") == bytes_of(stage, tmp_path / "quiet")
    assert key_of(whole) not in begun_again(Store(tmp_path / "store").journal())
