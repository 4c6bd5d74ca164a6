"""A tiny checkpoint beside its peers: that all is made, judged and timed, not how fast it is."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from emoray.benchmarks.peers.clock import time_peers
from emoray.benchmarks.peers.comparing import Peers, figures_of
from emoray.benchmarks.peers.environment import (
    READY,
    Environment,
    PeerError,
    call,
    last_line,
)
from emoray.benchmarks.peers.making import PEERS, Peer
from emoray.benchmarks.peers.rows import (
    PeerResults,
    PeerRow,
    failures,
    fastest,
    ratio,
    why_no_figures,
)
from emoray.labels import EKMAN
from emoray.metrics.change import MARGIN, Change
from emoray.metrics.comparison import Comparison
from emoray.models.encoder.weights import read_encoder
from emoray.stages.interleaved_timing import MANY, ONE, Model, TimingPlan
from emoray.tables.finished_rows import SpeedRow
from emoray.text.vocabulary import Ragged
from jobs import benchmark as benchmark_job
from tests.models.encoder.encoders_made import Kind, make_encoder

PER_CHANNEL = next(peer for peer in PEERS if peer.name == "ort per channel")
ABSENT = Peer(name="absent", script="optimum_dynamic.py")  # this interpreter has no Optimum


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerResults]:
    pytest.importorskip("transformers", reason="the extra `bert` is not installed")
    folder = tmp_path_factory.mktemp("peers")
    model = make_encoder(folder / "model", "bert", labels=EKMAN.labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EMORAY_DATA", raising=False)
        peers = Peers(
            model=model,
            download=False,
            cache=folder / "cache",
            plan=TimingPlan(singles=4, batches=1, turns=2),
            peers=(PER_CHANNEL, ABSENT),
            ours=("float", "int8"),
        )
        peers.check()
        yield peers.measure()


def by_name(found: PeerResults) -> dict[str, PeerRow]:
    return {row.name: row for row in found.rows}


@pytest.mark.long
def test_every_way_to_run_the_model_has_a_row(compared: PeerResults) -> None:
    rows = by_name(compared)
    assert list(rows) == [
        *("torch", "torch-int8", "transformers", "float", "int8"),
        *("ort float", "ort per channel", "absent"),
    ]
    for row in compared.rows:
        assert row.failed or (row.p50_ms > 0 and row.texts_per_second > 0), row


@pytest.mark.long
def test_all_start_from_the_same_model(compared: PeerResults) -> None:
    rows = by_name(compared)
    for name in ("torch", "float", "ort float"):
        assert rows[name].logit < 1e-3 and flips(rows[name]) == 0, name
    for name in ("torch-int8", "int8", "ort per channel"):
        assert 0 < rows[name].logit, name
        assert rows[name].megabytes < rows["torch"].megabytes, name


@pytest.mark.long
def test_a_peer_that_fails_is_a_row_that_says_how(compared: PeerResults) -> None:
    absent = by_name(compared)["absent"]
    assert absent.failed == "absent: ModuleNotFoundError: No module named 'optimum'"
    assert failures(compared.rows) == [f"absent failed: {absent.failed}"]
    assert "p50_ms" not in absent.to_json() and absent.to_json()["failed"]


@pytest.mark.parametrize("kind", ["albert", "mpnet", "modernbert", "deberta-v2"])
def test_an_encoder_that_would_be_another_as_bert_is_refused(kind: Kind, tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the extra `bert` is not installed")
    from emoray.benchmarks.peers.torch_model import read_torch_model

    tensors, settings = read_encoder(make_encoder(tmp_path / "made", kind, labels=EKMAN.labels))
    np.savez(tmp_path / "weights.npz", **tensors)
    (tmp_path / "encoder.json").write_text(settings.to_json())
    with pytest.raises(ValueError, match=r"peers are made of BERT, .* got a checkpoint with "):
        read_torch_model(tmp_path)


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
    plan = TimingPlan(singles=2, batches=1, turns=1)
    rows = time_peers({n: model(n) for n in "ab"}, texts, plan, threads=1, cpu=("some", ""))
    assert [(row.model, row.batch, row.number) for row in rows] == [
        *(("a", ONE, 0), ("b", ONE, 0), ("b", ONE, 1), ("a", ONE, 1)),
        *(("a", MANY, 0), ("b", MANY, 0)),
    ]
    assert "".join(calls) == "aabb" + "bbaa" + "ab"  # one call off the clock before a short one


def beside_torch(low: float, high: float) -> Comparison:
    """A comparison whose intervals of macro-F1 end there."""
    middle = (low + high) / 2
    change = Change(
        before=0.5,
        after=0.5 + middle,
        low=low,
        high=high,
        equivalence_low=low,
        equivalence_high=high,
    )
    return Comparison(
        changes={"macro_f1": change},
        margin=MARGIN,
        mcnemar_p=1.0,
        texts_lost=0,
        texts_won=0,
        decisions_changed=3,
        decisions=100,
        resamples=500,
        labels=(),
    )


def flips(row: PeerRow) -> int:
    assert row.compared is not None
    return row.compared.decisions_changed


QUICK = PeerRow(
    name="quick", who="ort", p50_ms=1.0, texts_per_second=9.0, compared=beside_torch(-0.02, -0.01)
)
SOUND = replace(QUICK, name="sound", p50_ms=2.0, compared=beside_torch(-0.02, 0.02))
OURS = replace(QUICK, name="int8", who="emoray", p50_ms=1.6, compared=beside_torch(-0.004, 0.02))
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
    worse = replace(OURS, compared=beside_torch(-0.01, 0.02))
    assert figures_of([TORCH, worse, SOUND], times) == ()


def test_a_row_says_what_its_comparison_says() -> None:
    said = QUICK.to_json()
    assert (said["verdict"], said["low"], said["high"]) == ("worse", -0.02, -0.01)
    assert (said["flips"], said["cells"]) == (3, 100) and "compared" not in said
    assert "verdict" not in TORCH.to_json() and "megabytes" not in TORCH.to_json()


def test_an_empty_table_says_that_few_texts_show_nothing() -> None:
    def row(low: float) -> PeerRow:
        return replace(OURS, compared=beside_torch(low, 0.05))

    said = why_no_figures([row(-0.042), row(-0.06)], "emoray")
    assert "shown to lose no more than 0.5 point" in said and "of int8" in said
    assert "a loss of 4.20 points is not ruled out" in said and "--data FOLDER" in said
    assert why_no_figures([row(-0.002)], "emoray") == ""
    broken = PeerRow(name="int8", who="emoray", failed="no kernel")
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
