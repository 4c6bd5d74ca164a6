"""Our ways beside SetFit on a few shots: that all are judged alike, not who is better."""

import sys
from pathlib import Path

import numpy as np
import pytest

from emoray.benchmarks.peers import few_shots
from emoray.benchmarks.peers.environment import Environment, PeerError
from emoray.benchmarks.peers.few_shots import (
    GOAL,
    FewShots,
    SetFitScores,
    Tried,
    few_shot_figures,
)
from emoray.benchmarks.run import requested_benchmarks
from emoray.benchmarks.settings import Benchmarks
from emoray.models.sampling import Shots, WholeDev
from emoray.stages.compression import LOGITS
from emoray.stages.spec import Data, EncoderRef
from emoray.storage.store.local import Store

RNG = np.random.default_rng(0)
DEV, TEST = (RNG.random((500, 3)) < 0.25 for _ in range(2))
ENCODER = EncoderRef(
    name="some", sha256="e" * 64, folder=Path("/nowhere"), width=8, layers=1, positions=64
)
FAKE = """
import json, sys
import numpy as np
asked = json.load(open(sys.argv[2]))
assert len(asked["train"]) == len(asked["labels"])
found = np.zeros((len(asked["asked"]), len(asked["labels"][0])))
found[:, 0] = len(asked["train"])
found[:, 1] = asked["seed"]
np.savez(sys.argv[3], scores=found{wrong}, seconds=2.5)
"""


def tried(name: str, signal: float, first: int) -> Tried:
    parts = []
    for seed in range(3):
        rng = np.random.default_rng(first + seed)
        parts.append([signal * (2 * y - 1) + rng.normal(size=y.shape) for y in (DEV, TEST)])
    dev, test = zip(*parts, strict=True)
    return Tried(name=name, dev_SNK=dev, test_SNK=test, seconds=4.0)


def test_a_way_that_ranks_better_is_above_the_goal_and_an_equal_one_is_not() -> None:
    ways = [tried("pairs", 1.5, 10), tried("head", 0.8, 20)]
    figures = few_shot_figures(ways, tried("SetFit", 0.8, 30), DEV, TEST)
    found = {figure.name: figure for figure in figures}
    better = found["pairs beside SetFit: macro average precision"]
    assert better.met and better.goal == GOAL and better.ours > 5
    low = float(better.unit.split("(")[1].split(" to ")[0])
    assert 0 < low < better.ours
    equal = found["head beside SetFit: macro average precision"]
    assert not equal.met and abs(equal.ours) < 5
    ours = found["pairs: macro average precision"]
    assert ours.theirs is not None and ours.ratio == pytest.approx(ours.ours / ours.theirs)
    assert 100 * (ours.ours - ours.theirs) == pytest.approx(better.ours)
    assert found["SetFit: a training"].ours == 4.0


def test_beside_a_rival_that_failed_our_scores_stand_alone() -> None:
    figures = few_shot_figures([tried("head", 0.8, 0)], Tried(name="SetFit", why="x"), DEV, TEST)
    assert [f.name for f in figures] == [
        "head: macro average precision",
        "head: macro-F1",
        "head: a training",
    ]
    assert all(figure.theirs is None for figure in figures)


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: Data) -> SetFitScores:
    monkeypatch.setattr(few_shots, "SCRIPTS", tmp_path)
    monkeypatch.setattr(Environment, "interpreter", lambda self, cache: Path(sys.executable))
    (tmp_path / few_shots.SCRIPT).write_text(FAKE.format(wrong=""))
    return SetFitScores(
        corpus=data.corpus,
        taxonomy="sentiment",
        encoder=ENCODER,
        shots=Shots(per_label=4, calibration=WholeDev()),
        seed=2,
        iterations=1,
        threads=1,
        environment=Environment(name="none", requirements=("setfit==0",)),
        cache=tmp_path / "cache",
    )


def test_setfit_gets_the_shots_and_its_scores_are_those_of_dev_and_test(
    scored: SetFitScores, data: Data, tmp_path: Path
) -> None:
    folder = Store(tmp_path / "store").make(scored).folder
    corpus = data.corpus.read("sentiment")
    with np.load(folder / LOGITS) as found:
        for split in ("dev", "test"):
            assert found[split].shape == corpus.split(split).labels_NK.shape
            shots = scored.shots.rows(corpus.train.labels_NK, 2)
            assert (found[split][:, 0] == len(shots)).all() and (found[split][:, 1] == 2).all()
    assert not (folder / "texts.json").exists(), "a corpus stays where it lies"


def test_scores_of_another_shape_are_an_error(scored: SetFitScores, tmp_path: Path) -> None:
    (tmp_path / few_shots.SCRIPT).write_text(FAKE.format(wrong="[1:]"))
    with pytest.raises(PeerError, match="setfit scores"):
        scored.run({}, tmp_path)


def test_it_is_asked_for_by_name_or_as_peers_with_shots() -> None:
    def names(**asked: object) -> list[str]:
        found = requested_benchmarks(Benchmarks(**asked), lambda what: None)  # type: ignore[arg-type]
        return [benchmark.name for benchmark in found]

    assert names(peers=True, shots=8) == names(only=("few-shots",)) == ["few-shots"]
    assert names(peers=True) == ["peers"] == names(peers=True, shots=8, model=Path("m"))
    assert "few-shots" not in names()


def test_what_cannot_be_compared_is_refused() -> None:
    for values, words in (
        ({"seeds": 1}, "seeds must be at least 2, got 1"),
        ({"shots": 0}, "shots must be at least 1, got 0"),
        ({"ways": ("magic",)}, "a way is one of head only, .*, got magic"),
    ):
        with pytest.raises(ValueError, match=words):
            FewShots(**values)  # type: ignore[arg-type]
