"""Texts are scored once, whoever is killed meanwhile, and one that kills is set aside alone."""

import os
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from emoray.storage.store.local import Store
from emoray.storage.store.manifest import file_sha256
from tests.conftest import ROOT
from tests.faults.conftest import Ledger
from tests.faults.drivers import Driver
from tests.faults.saboteur import kill
from tests.faults.tolls import Toll, begun_again
from tests.prediction.made import parquet_of, some_texts

pytestmark = pytest.mark.faults

FILES, TEXTS, KILLS, CORES = 8, 70_000, 20, 2


@dataclass(frozen=True, kw_only=True)
class Job:
    """What all starts of the job have in common."""

    artifact: Path
    texts: Path

    def start(self, out: Path) -> Driver:
        words = ["-m", "jobs.predict", "--artifact", str(self.artifact), "--texts", str(self.texts)]
        return Driver(out, command=[*words, "--cpus", str(CORES)])

    def finish(self, out: Path) -> dict[str, str]:
        """Run it to its end; the outputs' hashes by name."""
        ended = self.start(out).ended()
        assert ended.code == 0, ended.said
        return hashes(out)


def hashes(out: Path) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in sorted(out.glob("[!_]*.parquet"))}


@pytest.fixture(scope="module")
def job(overconfident: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("texts")
    texts = some_texts(TEXTS)
    for number in range(FILES):
        parquet_of(folder / f"{number}.parquet", [f"{text} {number}" for text in texts])
    return Job(artifact=overconfident, texts=folder)


def working(driver: Driver) -> list[int]:
    """Processes that are at a stage now."""
    ended = {e["key"] for e in driver.store.journal() if e["event"] == "made"}
    begun = [e for e in driver.events("started") if e["key"] not in ended]
    return [e["pid"] for e in begun if Path(f"/proc/{e['pid']}").exists()]


def at_random(driver: Driver, rng: random.Random) -> bool:
    """Wait for a random moment of its work; whether it still runs then."""
    before = len(driver.events("started"))
    while driver.process.poll() is None and len(driver.events("started")) == before:
        time.sleep(0.02)
    try:
        driver.process.wait(timeout=rng.uniform(0, 3))
    except subprocess.TimeoutExpired:
        return True
    return False


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(1))
def test_workers_and_drivers_killed_at_any_moment_lose_no_text_and_double_none(
    seed: int, job: Job, tmp_path: Path, ledger: Ledger
) -> None:
    expected = job.finish(tmp_path / "unbroken")
    rng, outs, killed = random.Random(seed), [tmp_path / "0"], {"worker": 0, "driver": 0}
    driver = job.start(outs[-1])
    while sum(killed.values()) < KILLS:
        if not at_random(driver, rng):
            assert driver.ended().code == 0
            outs.append(tmp_path / str(len(outs)))
            driver = job.start(outs[-1])
        elif rng.random() < 0.5 and (at := working(driver)):
            kill(rng.choice(at))
            killed["worker"] += 1
        else:
            driver.stopped(signal.SIGKILL)
            killed["driver"] += 1
            driver = job.start(outs[-1])
    assert driver.ended().code == 0
    again = stages = 0
    for out in outs:
        assert job.finish(out) == expected, "the same bytes as if nothing had happened"
        assert not [p for p in out.glob(".*")], "half-written outputs"
        journal = list(Store(out / "_store").journal())
        again += begun_again(journal).total()
        stages += sum(e["event"] == "made" for e in journal)
    assert again <= killed["worker"] + CORES * killed["driver"]
    cost = Toll(lost=0, doubled=0, again=again, stages=stages)
    ledger(f"jobs.predict: workers and drivers SIGKILLed at random ({killed})", KILLS, cost)


def test_a_text_that_kills_its_worker_stands_among_failures_and_the_others_are_scored(
    overconfident: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ledger: Ledger
) -> None:
    texts = some_texts(300)
    texts[123] = "the text that kills"
    parquet_of(tmp_path / "in" / "a.parquet", texts)
    # Python runs this file when it starts: in workers, whose Classifier then dies of one text.
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'ray' in ' '.join(sys.orig_argv):\n"
        "    from emoray.artifact.runtime import Classifier\n"
        "    whole = Classifier.scores\n"
        "    def scores(self, texts):\n"
        "        if 'the text that kills' in texts:\n"
        "            os.kill(os.getpid(), 9)\n"
        "        return whole(self, texts)\n"
        "    Classifier.scores = scores\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "first"), str(ROOT)]))
    job = Job(artifact=overconfident, texts=tmp_path / "in")
    job.finish(tmp_path / "out")
    [failure] = pq.read_table(tmp_path / "out" / "_failures.parquet").to_pylist()
    assert (failure["output"], failure["row"]) == ("a.parquet", 123)
    assert failure["reason"] == "killed, crashed, or out of memory: see the worker's log"
    found = pq.read_table(tmp_path / "out" / "a.parquet").to_pylist()
    assert [row["text"] for row in found] == texts
    assert [i for i, row in enumerate(found) if row["labels"] is None] == [123]
    again = begun_again(Store(tmp_path / "out" / "_store").journal()).total()
    ledger("a text that kills its worker", 1, Toll(lost=0, doubled=0, again=again, stages=1))
