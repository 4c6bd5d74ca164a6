"""Benchmarks at tiny sizes: that figures are computed, compared and recorded, not what they are."""

import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from emoray.artifact.memory import memory_mb
from emoray.benchmarks import http_peers, thresholds
from emoray.benchmarks.cached import TICK, CachedTrials, many_small, seconds_per_trial
from emoray.benchmarks.everyday import Everyday
from emoray.benchmarks.figures import (
    FILE,
    AtLeast,
    AtMost,
    BenchmarkFigure,
    append,
    less_is_better,
    machine,
    more_is_better,
)
from emoray.benchmarks.http_load import median_ms
from emoray.benchmarks.http_peers import HttpPeers
from emoray.benchmarks.http_server import HttpServer, emoray_server, started
from emoray.benchmarks.http_service import write_made
from emoray.benchmarks.monitoring import Monitoring
from emoray.benchmarks.naive import measure_alone
from emoray.benchmarks.peers.environment import Environment, PeerError
from emoray.benchmarks.run import Benchmarks, measure_and_record, run_benchmarks
from emoray.benchmarks.scale import Scale, busy_share, least_seconds
from emoray.benchmarks.serving import Serving, made_classifier, uncached
from emoray.benchmarks.sweep import SweepCost, part_of_quick, sampled_points
from emoray.benchmarks.tables import cost_of_loading, cost_of_merging, many_points
from emoray.benchmarks.thresholds import SHARES, Thresholds, made_logits
from emoray.benchmarks.vectors import Vectors, make_file, wanted_words
from emoray.quant.catalogue import quick_schemes
from emoray.search.spaces import FROZEN, Space
from emoray.stages.inputs import summarize_corpus
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Decision, all_decisions
from emoray.storage.store.local import Store
from emoray.tables.parts import write_part
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import LabelRow
from emoray.text.vectors.glove_format import read_vectors
from jobs import benchmark as benchmark_job
from tests.tables.made import row, run_table

pytestmark = pytest.mark.usefixtures("no_data")

TINY = Thresholds(dev_texts=200, test_texts=150, resamples=20, repeats=1)


def tiny_space(taxonomy: str, dims: Sequence[int]) -> Space:
    recipe = replace(FROZEN, taxonomy=taxonomy, epochs=1, vocabulary=300, embedding_dim=8, layers=0)
    schemes = list(quick_schemes().values())
    return Space(recipes=(recipe,), schemes=(schemes[0], schemes[3]), decisions=all_decisions()[:5])


def by_name(figures: Sequence[BenchmarkFigure]) -> dict[str, BenchmarkFigure]:
    assert all(np.isfinite(f.ours) for f in figures)
    return {f.name: f for f in figures}


def test_a_goal_is_for_the_ratio_where_there_is_a_rival() -> None:
    faster = less_is_better("time", ours=2.0, theirs=12.0, unit="s", goal=AtLeast(5))
    assert faster.ratio == 6 and faster.met
    more = more_is_better("rate", ours=40.0, theirs=10.0, unit="a second", goal=AtLeast(5))
    assert more.ratio == 4 and more.met is False
    assert BenchmarkFigure(name="memory", ours=151.0, unit="MB", goal=AtMost(150)).met is False
    assert BenchmarkFigure(name="size", ours=151.0, unit="MB").met is None


def test_a_rival_without_a_ratio_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a rival and a ratio or neither, got 2\.0 and None"):
        BenchmarkFigure(name="time", ours=1.0, theirs=2.0, unit="s")


def test_what_the_clock_could_not_tell_is_refused() -> None:
    with pytest.raises(ValueError, match=r"costs and rates are above 0, got .* for 'time'"):
        less_is_better("time", ours=-0.1, theirs=2.0, unit="s")


def test_a_record_grows_by_a_line_and_names_the_machine(tmp_path: Path) -> None:
    figures = [less_is_better("time", ours=1.0, theirs=3.0, unit="s", goal=AtLeast(2))]
    for _ in range(2):
        path = append(tmp_path / "new", "some", {"space": part_of_quick}, figures, machine())
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(lines) == 2 and lines[0]["settings"] == {"space": "part_of_quick"}
    assert lines[1]["machine"]["cores"] >= 1 and lines[1]["machine"]["cpu"]
    (figure,) = lines[1]["figures"]
    assert figure["ratio"] == 3 and figure["goal"] == "≥ 2" and figure["met"] is True


def test_a_record_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="the record must be a file that can be written, got"):
        append(tmp_path / "file", "some", {}, [], machine())


def test_the_made_vectors_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("one.txt", "same.txt", "other.txt"))
    for path, seed in ((one, 0), (same, 0), (other, 1)):
        make_file(path, rows=50, dim=3, seed=seed)
    assert one.read_bytes() == same.read_bytes() != other.read_bytes()
    words = wanted_words(50, 50)
    found, matrix_WD = read_vectors(one, words)
    assert found == words and len(set(words)) == 50 and matrix_WD.shape == (50, 3)


def test_both_readers_are_measured_and_agree() -> None:
    pytest.importorskip("gensim", reason="the extra `benchmark` is not installed")
    found = by_name(Vectors(rows=300, dim=5, wanted=20).measure())
    time = found["time to read, beside gensim"]
    assert time.theirs is not None and time.theirs > 0 and time.goal == AtLeast(5)
    assert found["vectors kept"].ours == 20 * 5 * 4 / 2**20
    assert found["peak memory above them"].goal == AtMost(150)


def test_memory_is_known_now_and_at_its_peak() -> None:
    assert 1 < memory_mb("VmRSS") <= memory_mb("VmHWM") + 1


def test_without_gensim_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gensim", None)
    with pytest.raises(ValueError, match=r"got no such package: pip install 'emoray\[benchmark\]'"):
        run_benchmarks(Benchmarks(only=("vectors",)))


def test_sizes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match=r"wanted words are 1 to 10 .*, got 11: ask for fewer"):
        Vectors(rows=10, wanted=11)
    with pytest.raises(ValueError, match="at least 1 dimension, got 0"):
        Vectors(dim=0)
    with pytest.raises(ValueError, match="resamples must be at least 1, got 0"):
        Thresholds(resamples=0)
    with pytest.raises(ValueError, match="at least one point and one CPU, got 0 and 2"):
        SweepCost(points=0)
    with pytest.raises(ValueError, match="trials must be at least 2, got 1"):
        CachedTrials(trials=1)


def test_made_logits_hold_every_label() -> None:
    logits_NK, labels_NK = made_logits(30, seed=0)
    assert logits_NK.shape == labels_NK.shape == (30, len(SHARES))
    assert labels_NK.any(axis=0).all()


def test_exact_cuts_are_measured_shown_and_recorded_and_no_label_loses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thresholds, "SHARES", SHARES[:3])  # scikit-learn takes a second for two
    console = Console(file=io.StringIO(), width=160)
    measure_and_record(TINY, tmp_path, console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "exact cuts of every label" in said and "≥ 100" in said and machine().cpu in said
    record = json.loads((tmp_path / FILE).read_text("utf-8"))
    assert record["benchmark"] == "thresholds" and record["settings"]["dev_texts"] == "200"
    found = {figure["name"]: figure for figure in record["figures"]}
    assert found["the same, beside TunedThresholdClassifierCV"]["ratio"] > 0
    assert found["F1 gained, the label that gains least"]["ours"] >= 0
    exact, tuned = found["macro-F1 of exact cuts"], found["macro-F1 of scikit-learn's"]
    assert exact["ours"] >= tuned["ours"]
    assert sum("interval" in name for name in found) == 2


@pytest.mark.long
def test_a_sweep_is_compared_with_the_naive_way(local_ray: None) -> None:
    cost = SweepCost(download=False, points=1, space=tiny_space)
    cost.check()
    found = by_name(cost.measure())
    assert found["naive points that earn what their rows say"].ours == 1
    rate = found["operating points"]
    models = found["recipe x scheme, cheap decisions not counted"]
    assert rate.theirs == models.theirs and rate.ours == pytest.approx(5 * models.ours)
    assert found["search, wall time"].ours > 0 < found["CPU time of those stages"].ours


@pytest.mark.long
def test_a_cached_trial_is_compared_with_a_bare_one(local_ray: None) -> None:
    found = by_name(CachedTrials(trials=3).measure())
    assert found["one more cached trial"].goal == AtMost(0.3)
    assert found["the same, beside a trial that does nothing"].ratio is not None


def test_a_trial_more_leaves_the_start_of_a_search_out(tmp_path: Path) -> None:
    for i, end in enumerate((100, 120, 121, 122, 123)):
        (tmp_path / f"{i}.done").touch()
        os.utime(tmp_path / f"{i}.done", (end, end))
    assert seconds_per_trial(tmp_path.glob("*.done")) == pytest.approx(1.0)
    for i in range(5):
        os.utime(tmp_path / f"{i}.done", (100, 100))
    assert seconds_per_trial(tmp_path.glob("*.done")) == TICK / 2, "at once, by the clock of files"
    with pytest.raises(ValueError, match="two trials or more have a time between them, got 1"):
        seconds_per_trial(tmp_path.glob("0.done"))


def test_naive_points_are_drawn_from_every_recipe() -> None:
    facts = summarize_corpus("ekman", None, download=False)
    space = part_of_quick("ekman", facts.dims)
    chosen = sampled_points(space, facts.data, 8, seed=0)
    drawn = [decide.compressed.trained.recipe for decide in chosen]
    assert all(drawn.count(recipe) == 2 for recipe in space.recipes)
    assert all(len(decide.decisions) == 1 for decide in chosen)
    assert len({recipe.seed for recipe in many_small("ekman", facts.dims, 3).recipes}) == 3


def test_a_point_alone_has_one_decision(tmp_path: Path) -> None:
    facts = summarize_corpus("ekman", None, download=False)
    space = tiny_space("ekman", facts.dims)
    decide = deciding(training(space.recipes[0], facts.data), space.schemes[0], space.decisions)
    with pytest.raises(ValueError, match="a point alone has one decision, got 5"):
        measure_alone(decide, Store(tmp_path))
    assert isinstance(decide.decisions[0], Decision)


def test_an_unknown_benchmark_is_one_clear_line() -> None:
    result = CliRunner().invoke(benchmark_job.app, ["--only", "speed"])
    assert result.exit_code == 1
    assert (
        "error: a benchmark is one of thresholds, serving, http, http-peers, predict, vectors, "
        "sweep, cached, everyday, scale, monitor, peers, few-shots, got speed" in result.stderr
    )


def spans(**workers: list[tuple[float, float]]) -> list[dict[str, object]]:
    """A journal in which each worker was in stages from and to these seconds."""
    events: list[dict[str, object]] = []
    for pid, (name, own) in enumerate(workers.items()):
        for i, (start, end) in enumerate(own):
            same = {"key": f"{name}{i}", "node": "here", "pid": pid}
            events += [{"event": "started", "time": start, **same}]
            events += [{"event": "made", "time": end, **same}]
    return sorted(events, key=lambda event: float(str(event["time"])))


def test_the_busy_share_counts_while_work_is_left() -> None:
    # Work is left until 5, when the last stage begins; one slot each on two nodes.
    early = spans(a=[(0, 4), (5, 9)], b=[(1, 4), (4, 10)])
    assert busy_share(early, 0, [0, 0], 1) == pytest.approx((4 + 3 + 1) / 10)
    assert busy_share(early, 0, [0, 1], 1) == pytest.approx(8 / 9), "a node counts once it is there"
    before = [{"event": "started", "key": "warm", "time": -3.0}, *early]
    assert busy_share(before, 0, [0, 0], 1) == pytest.approx(0.8)
    with pytest.raises(ValueError, match="stages must be more than slots"):
        busy_share(spans(a=[(0, 1)]), 0, [0], 1)


def test_work_takes_least_with_the_nodes_that_are_worth_waiting_for() -> None:
    assert least_seconds(12.0, [0.0, 0.0], 2) == 3.0
    assert least_seconds(12.0, [0.0, 3.0], 2) == 4.5  # 6 s alone; 9 slot-seconds and 3 more
    assert least_seconds(12.0, [0.0, 90.0], 2) == 6.0, "the second comes too late"


@pytest.mark.parametrize(
    "settings",
    [
        {"nodes": ()},
        {"nodes": (0,)},
        {"late": 0},
        {"lengths": (0.0,)},
        {"seconds": 0.0},
        {"empty": 0},
    ],
    ids=str,
)
def test_a_scale_that_cannot_be_measured_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Scale(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{"points": 0}, {"repeats": 0}], ids=str)
def test_an_everyday_without_anything_in_it_is_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="points and repeats must be at least 1"):
        Everyday(**settings)


def test_many_points_are_the_models_of_a_run_again_with_ids_of_their_own(tmp_path: Path) -> None:
    same = {"size_bytes": 100_000, "dev_macro_f1": 0.5}
    rows = [row(MeasuredPointRow, point=f"p{i}", **same) for i in range(5)]
    write_part(rows, tmp_path, "points", "real")
    write_part([row(LabelRow, point="p0")], tmp_path, "labels", "real")
    many_points(tmp_path, 1000)
    cost = cost_of_merging(tmp_path)
    assert cost.seconds > 0 and cost.peak_mb >= cost.library_mb
    assert cost_of_loading(tmp_path).seconds > 0
    points = run_table(tmp_path, "points").to_pandas()
    assert len(points) >= 1000 and points["point"].is_unique
    assert points["size_bytes"].nunique() > 150, "a model's points are of one size"
    labels = run_table(tmp_path, "labels").to_pandas()
    assert labels["point"].is_unique and set(labels["point"]) < set(points["point"])
    assert len(labels) == len(points) / 5


def test_a_text_read_afresh_has_the_same_labels_and_both_are_timed() -> None:
    words = ("thanks", "good", "bad")
    classifier = made_classifier(words, 8, seed=1)
    before = uncached(classifier, words)
    for text in ("Thanks, good!", "bad", "", "nothing known"):
        assert before(text) == classifier([text]).labels
    found = by_name(Serving(dim=8, calls=20).measure())
    alone = found["a short text, the model alone"].ours
    assert 0 < alone < found["a short text, text in, labels out"].ours


def test_watching_is_measured_on_real_scores_alone(tmp_path: Path) -> None:
    asked = Monitoring(artifact=None, data=None, download=False, say=str)
    with pytest.raises(ValueError, match="real artifact's scores, got none: name one of 28 labels"):
        asked.check()
    with pytest.raises(ValueError, match="got the embedded sample in its place: name its folder"):
        replace(asked, artifact=tmp_path).check()


def test_a_service_that_does_not_start_says_why() -> None:
    dead = HttpServer(command=[sys.executable, "-c", "raise SystemExit('no room')"], ready="/")
    with pytest.raises(OSError, match=r"the service did not start: no room"), started(dead):
        pass


def test_a_service_is_measured_and_its_processes_are_killed(tmp_path: Path) -> None:
    texts = write_made(tmp_path / "artifact", dim=4, seed=0)
    with started(emoray_server(tmp_path / "artifact")) as ours:
        assert 5 < ours.own_mb() <= ours.resident_mb() < 500
        assert 0 < median_ms({"ours": ours.port}, texts[:5])["ours"] < 1000
    assert not Path(f"/proc/{ours.process}").exists()


class Uninstallable(Environment):
    def interpreter(self, cache: Path) -> Path:
        raise PeerError(f"installing {self.name}: no room")


def test_http_peers_of_which_none_can_be_installed_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    absent = Uninstallable(name="absent", requirements=("absent==1",))
    monkeypatch.setattr(http_peers, "PEERS", {absent: ([], "/")})
    with pytest.raises(ValueError, match="a peer can be installed and started, got none"):
        HttpPeers(requests=1, cache=tmp_path, say=said.append).measure()
    assert "installing absent: no room" in said
