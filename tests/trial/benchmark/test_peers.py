"""A tiny checkpoint beside its peers: that all is made, judged and timed, not how fast it is."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from emoray.labels import EKMAN
from emoray.tables.rows import SpeedRow
from emoray.text.vocabulary import Ragged
from emoray.trial.benchmark.peers.clock import measure
from emoray.trial.benchmark.peers.comparing import Peers, figures_of
from emoray.trial.benchmark.peers.environment import (
    READY,
    Environment,
    PeerError,
    call,
    last_line,
)
from emoray.trial.benchmark.peers.making import PEERS, Peer
from emoray.trial.benchmark.peers.rows import (
    Compared,
    PeerRow,
    failures,
    fastest,
    ratio,
    why_no_figures,
)
from emoray.trial.checkpoints.speed import MANY, ONE, Model, Plan
from jobs import benchmark as benchmark_job
from tests.model.encoders_made import make_encoder

PER_CHANNEL = next(peer for peer in PEERS if peer.name == "ort per channel")
ABSENT = Peer(name="absent", script="optimum_dynamic.py")  # this interpreter has no Optimum


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    pytest.importorskip("transformers", reason="the extra `bert` is not installed")
    folder = tmp_path_factory.mktemp("peers")
    model = make_encoder(folder / "model", "bert", labels=EKMAN.labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EMORAY_DATA", raising=False)
        peers = Peers(
            model=model,
            download=False,
            cache=folder / "cache",
            plan=Plan(singles=4, batches=1, turns=2),
            peers=(PER_CHANNEL, ABSENT),
            ours=("float", "int8"),
        )
        peers.check()
        yield peers.measure()


def by_name(found: Compared) -> dict[str, PeerRow]:
    return {row.name: row for row in found.rows}


def test_every_way_to_run_the_model_has_a_row(compared: Compared) -> None:
    rows = by_name(compared)
    assert list(rows) == [
        *("torch", "torch-int8", "transformers", "float", "int8"),
        *("ort float", "ort per channel", "absent"),
    ]
    for row in compared.rows:
        assert row.failed or (row.p50_ms > 0 and row.texts_per_second > 0), row


def test_all_start_from_the_same_model(compared: Compared) -> None:
    rows = by_name(compared)
    for name in ("torch", "float", "ort float"):
        assert rows[name].logit < 1e-3 and rows[name].flips == 0, name
    for name in ("torch-int8", "int8", "ort per channel"):
        assert 0 < rows[name].logit, name
        assert rows[name].megabytes < rows["torch"].megabytes, name


def test_a_peer_that_fails_is_a_row_that_says_how(compared: Compared) -> None:
    absent = by_name(compared)["absent"]
    assert absent.failed == "absent: ModuleNotFoundError: No module named 'optimum'"
    assert failures(compared.rows) == [f"absent failed: {absent.failed}"]
    assert "p50_ms" not in absent.said and absent.said["failed"]


def timed(model: str, number: int, milliseconds: float) -> SpeedRow:
    return SpeedRow(
        model=model,
        batch=ONE,
        turn=0,
        number=number,
        texts=1,
        tokens=9,
        milliseconds=milliseconds,
        threads=1,
        cpu="some",
        instruction_sets="",
    )


def test_a_ratio_compares_each_text_with_itself() -> None:
    times = [timed("ours", i, ms) for i, ms in enumerate((1.0, 10.0, 2.0))]
    times += [timed("theirs", i, ms) for i, ms in enumerate((3.0, 20.0, 8.0))]
    assert ratio(times, "ours", "theirs", ONE) == 3


def test_every_model_reads_a_text_before_the_next_is_read() -> None:
    calls = []

    def model(name: str) -> Model:
        def run(ids_NL: np.ndarray) -> np.ndarray:
            calls.append(name)
            return ids_NL

        return run

    texts = Ragged.from_lists([[2, 3], [4]])
    plan = Plan(singles=2, batches=1, turns=1)
    rows = measure({n: model(n) for n in "ab"}, texts, plan, threads=1, cpu=("some", ""))
    assert [(row.model, row.batch, row.number) for row in rows] == [
        *(("a", ONE, 0), ("b", ONE, 0), ("b", ONE, 1), ("a", ONE, 1)),
        *(("a", MANY, 0), ("b", MANY, 0)),
    ]
    assert "".join(calls) == "aabb" + "bbaa" + "ab"  # one call off the clock before a short one


QUICK = PeerRow(name="quick", who="ort", p50_ms=1.0, texts_per_second=9.0, low=-0.02, high=-0.01)
SOUND = PeerRow(name="sound", who="ort", p50_ms=2.0, texts_per_second=5.0, low=-0.02, high=0.02)
OURS = PeerRow(name="int8", who="emoray", p50_ms=1.6, texts_per_second=9.0, low=-0.004, high=0.02)
TORCH = PeerRow(name="torch", who="pytorch", p50_ms=9.0, texts_per_second=1.0, integer=False)


def test_the_fastest_is_an_integer_model_that_worked() -> None:
    broken = PeerRow(name="broken", who="olive", failed="it said nothing")
    plain = replace(SOUND, name="plain", integer=False, p50_ms=0.5)
    assert fastest([SOUND, broken, QUICK, plain]) == QUICK
    assert fastest([broken]) is None


def test_a_peer_has_the_benefit_of_the_doubt_and_we_do_not() -> None:
    assert QUICK.loses and not SOUND.loses
    assert OURS.holds and not SOUND.holds


def test_figures_name_the_best_peer_and_one_that_is_faster_but_loses() -> None:
    rows = [TORCH, OURS, QUICK, SOUND]
    times = [
        replace(timed(row.name, 0, row.p50_ms), batch=batch)
        for row in rows
        for batch in (ONE, MANY)
    ]
    found = {figure.name: figure for figure in figures_of(rows, times)}
    best = found["int8 beside the best peer (sound): one text"]
    assert best.ratio == pytest.approx(2 / 1.6) and best.met
    assert found["int8 beside a peer that loses F1 (quick): one text"].met is None
    assert found["int8: macro-F1 that may be lost, 90 %"].met is True
    assert figures_of([TORCH, replace(OURS, low=-0.01), SOUND], times) == ()


def test_an_empty_table_says_that_few_texts_show_nothing() -> None:
    def row(low: float, **changed: object) -> PeerRow:
        return PeerRow(name="int8", who="emoray", low=low, p50_ms=1.0, **changed)  # type: ignore[arg-type]

    said = why_no_figures([row(-0.042)], "emoray")
    assert "shown to lose no more than 0.5 point" in said and "of int8" in said
    assert "a loss of 4.20 points is not ruled out" in said and "--data FOLDER" in said
    assert why_no_figures([row(-0.002)], "emoray") == ""
    broken = row(float("nan"), failed="no kernel")
    assert "none of emoray's integer models could be judged" in why_no_figures([broken], "emoray")


def test_a_command_that_fails_is_one_line(tmp_path: Path) -> None:
    code = "raise RuntimeError('no kernel\\nfor this')"
    with pytest.raises(PeerError, match=r"^some: for this$"):
        call([sys.executable, "-c", code], seconds=60, folder=tmp_path, what="some")
    with pytest.raises(PeerError, match=r"some took longer than 0 s"):
        call([sys.executable, "-c", ""], seconds=0.001, folder=tmp_path, what="some")
    with pytest.raises(PeerError, match=r"some could not start: No such file"):
        call([tmp_path / "none"], seconds=60, folder=tmp_path, what="some")
    assert last_line("ERROR: no such package\n[notice] a new pip\n") == "ERROR: no such package"
    assert last_line("") == "it said nothing"


def test_an_environment_is_installed_once_for_each_list_of_requirements(tmp_path: Path) -> None:
    some = Environment(name="some", requirements=("a==1",))
    other = replace(some, requirements=("a==2",))
    assert some.folder(tmp_path) != other.folder(tmp_path)
    some.folder(tmp_path).mkdir()
    (some.folder(tmp_path) / READY).touch()
    assert some.interpreter(tmp_path).parent.parent == some.folder(tmp_path)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match=r"requirements are pinned, got a, b: write"):
        Environment(name="some", requirements=("a", "b", "c==1"))
    with pytest.raises(ValueError, match=r"a peer's script is one of olive_dynamic\.py, onnx"):
        Peer(name="some", script="none.py")
    with pytest.raises(ValueError, match="threads must be at least 1, got 0"):
        Peers(threads=0)


def test_without_a_model_the_job_says_what_it_needs() -> None:
    result = CliRunner().invoke(benchmark_job.app, ["--peers"])
    assert result.exit_code == 1
    assert "error: the peers benchmark needs --model FOLDER" in result.stderr
