"""A log watched end to end: table, page, alarms, and what is refused."""

import html
import io
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pytest
from playwright.sync_api import sync_playwright
from rich.console import Console

from emoray.artifact.runtime import MANIFEST, load, sha256
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.labels import SENTIMENT
from emoray.releases.writing import put_artifact, release_next
from emoray.tables.drift_rows import DriftRow
from emoray.tables.files import read_table
from emoray.workflows.monitor.monitor import Monitored, run_monitor
from emoray.workflows.settings.monitor import Monitor
from tests.artifact.finished import bytes_of, make_artifact
from tests.monitoring.made import DAY, LABELS, OTHER, START, made, renamed, write, write_days
from tests.runs import Run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRAWN = """() => [...document.querySelectorAll("[data-spec]")]
  .every((place) => place.classList.contains("drawn"))"""


def monitored(folder: Path, **settings: Any) -> tuple[Monitored, str]:
    console = Console(file=io.StringIO(), width=400)
    asked: dict[str, Any] = {"reference": str(folder / "reference"), "log": str(folder / "log")}
    asked |= {"out": folder / "results", "name": "watched"} | settings
    done = run_monitor(Monitor(**asked), console)
    return done, console.file.getvalue()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reference, a log of four days of which the last two are without joy, and labels."""
    folder = tmp_path_factory.mktemp("watched")
    rng = np.random.default_rng(0)
    write(folder / "reference" / "a.parquet", made(rng, 2000).scored)
    days = []
    for day in range(4):
        shift_K = np.array([-6.0 if day > 1 else 0.0, 0, 0, 0])
        days.append(made(rng, 400, shift_K=shift_K, start=START + day * DAY))
    write_days(folder / "log", [day.scored for day in days])
    names = [
        ",".join(name for name, true in zip(LABELS, row_K, strict=True) if true)
        for day in days
        for row_K in day.labels_NK[:100]
    ]
    hashes = [day.scored.facts.column("text_sha256")[:100].to_pylist() for day in days]
    table = pa.table({"text_sha256": [sha for some in hashes for sha in some], "labels": names})
    pc.write_csv(table, folder / "labels.csv")
    return folder


@pytest.fixture(scope="module")
def whole(place: Path) -> Path:
    done, _ = monitored(
        place,
        name="whole",
        labels=str(place / "labels.csv"),
        prometheus=place / "metrics" / "emoray.prom",
    )
    assert {(a.last.measure, a.last.label) for a in done.alarms} >= {("positive_share", "joy")}
    return Path(str(done.out))


def test_a_window_a_day_is_held_against_the_reference(
    place: Path, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read_table(whole / "drift.parquet", DriftRow).to_pylist()
    joy = [r for r in rows if r["label"] == "joy" and r["measure"] == "positive_share"]
    assert [r["alarm"] for r in joy] == [False, False, True, True]
    assert [r["begins"][:10] for r in joy] == [f"2026-03-0{day}" for day in (2, 3, 4, 5)]
    assert joy[-1]["since"] == 2 and joy[-1]["low"] <= joy[-1]["value"] <= joy[-1]["high"]
    earned = [r for r in rows if r["measure"] == "macro_f1"]
    assert [r["texts"] for r in earned] == [100] * 4
    assert {r["measure"] for r in rows if not r["label"]} >= {
        *("expected_macro_f1", "unknown_share", "truncated_share", "label_mix", "ece"),
        *("characters_ks", "milliseconds_ks", "characters_mean", "milliseconds_mean"),
    }
    assert 'label="joy"' in (place / "metrics" / "emoray.prom").read_text()
    done, said = monitored(place)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(done.alarms) > 1
    assert all(line.startswith("alarm: ") for line in lines)
    assert any("joy: positive_share changed from" in line for line in lines)
    assert "scored texts of" in said and "drift.html" in said
    page = html.unescape((whole / "drift.html").read_text())
    assert all(line.removeprefix("alarm: ") in page for line in lines)


def test_a_log_without_drift_raises_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    write(tmp_path / "reference" / "a.parquet", made(rng, 1000).scored)
    write_days(tmp_path / "log", [made(rng, 300).scored for _ in range(3)])
    done, said = monitored(tmp_path, window="300 texts")
    assert not done.alarms
    assert "No change beyond chance and margins: 900 texts in 3 windows." in said


def test_the_first_windows_of_a_log_can_be_its_reference(place: Path) -> None:
    done, said = monitored(place, reference="first:2")
    assert ("joy", 0) in {(a.last.label, a.first.window) for a in done.alarms}
    assert "the first 2 windows of the log itself" in said and "in 2 windows" in said
    with pytest.raises(ValueError, match=r"goes on after it, got 4 windows of 1d and .* first:4"):
        monitored(place, reference="first:4")


@pytest.mark.long
def test_the_page_shows_alarms_first_and_draws_all(whole: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((whole / "drift.html").as_uri())
        page.wait_for_function(DRAWN)
        assert "alarms, " in page.locator(".corpus").inner_text()
        assert page.locator(".lede").first.inner_text().lower().startswith("alarm: ")
        assert page.locator("#alarms").count() == 1
        assert page.locator("#positive-share .panel svg").count() == len(LABELS)
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        browser.close()
    assert not said


def test_a_reference_of_another_artifact_is_refused_unless_it_is_meant(
    place: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(2)
    other = write(tmp_path / "other.parquet", renamed(made(rng, 500).scored, OTHER))
    with pytest.raises(ValueError, match="is of the log's artifact, aaaaaaaaaaaa…, got bbbbbb"):
        monitored(place, reference=str(other))
    done, _ = monitored(place, reference=str(other), any_artifact=True, artifact="aaaa")
    assert done.alarms
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(
        ValueError, match=r"names one of the log's, got 44136fa355b3.*it holds aaaa"
    ):
        monitored(place, artifact=str(tmp_path))


def test_labels_of_another_name_are_refused_and_another_order_is_not(
    place: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    scored = made(rng, 500).scored
    other = write(tmp_path / "a.parquet", scored, names=("joy", "rage", "fear", "neutral"))
    with pytest.raises(ValueError, match=r"got 4 in .* \(more: rage; missing: anger\)"):
        monitored(place, reference=str(other))
    turned = replace(
        scored,
        probabilities_NK=scored.probabilities_NK[:, ::-1],
        decided_NK=scored.decided_NK[:, ::-1],
    )
    straight = write(tmp_path / "b.parquet", scored)
    reverse = write(tmp_path / "c.parquet", turned, names=LABELS[::-1])
    tables = []
    for reference in (straight, reverse):
        done, _ = monitored(place, reference=str(reference))
        tables.append(read_table(done.out / "drift.parquet", DriftRow))
    assert tables[0].equals(tables[1])


def test_what_cannot_be_watched_is_refused(place: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"must stand for something, got nothing at"):
        monitored(place, log=str(tmp_path / "empty"))
    write(tmp_path / "few" / "a.parquet", made(np.random.default_rng(4), 50).scored)
    with pytest.raises(ValueError, match=r"at least 200 texts, got 50 \(scored texts of"):
        monitored(place, reference=str(tmp_path / "few"))
    torn = tmp_path / "torn" / "a.parquet"
    torn.parent.mkdir()
    torn.write_bytes((place / "log" / "000.parquet").read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"a Parquet file must be whole, .* is not"):
        monitored(place, log=str(torn))
    mixed = tmp_path / "mixed"
    shutil.copytree(place / "log", mixed)
    pa.parquet.write_table(pa.table({"x": [1]}), mixed / "zzz.parquet")
    with pytest.raises(ValueError, match=r"scored texts are a request log of jobs.serve or"):
        monitored(place, log=str(mixed))
    write(mixed / "zzz.parquet", renamed(made(np.random.default_rng(5), 9).scored, OTHER))
    with pytest.raises(ValueError, match="watched one artifact at a time"):
        monitored(place, log=str(mixed))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"window": "soon"}, "a window is `1d`"),
        ({"alpha": 0.0}, r"false alarms are a part in \(0, 1\), got 0"),
        ({"prometheus": Path("a.txt")}, r"names that end in \.prom, got a\.txt: name it a\.prom"),
        ({"reference": "first:0"}, "counted from 1, got first:0"),
    ],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Monitor(**{"log": "log", "reference": "reference"} | settings)


def log_of(artifact: Path, folder: Path, texts: Sequence[str]) -> str:
    """What the artifact says of texts, as a log."""
    classifier = load(artifact)
    logits_NK, _ = classifier.scores(texts)
    scored = replace(
        made(np.random.default_rng(6), len(texts)).scored,
        probabilities_NK=classifier.probabilities_of(logits_NK.copy()),
        decided_NK=logits_NK >= classifier.cuts_K,
    )
    sha = sha256((artifact / MANIFEST).read_bytes())
    write(folder / "a.parquet", renamed(scored, sha), names=tuple(classifier.labels))
    return str(folder)


def sample_texts(split: str) -> list[str]:
    return read_splits(sample().folder, name="sample", taxonomy=SENTIMENT).split(split).texts


@pytest.mark.usefixtures("no_data")
def test_an_artifact_as_reference_scores_dev_of_its_corpus(
    overconfident: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(overconfident, tmp_path / "log", sample_texts("test"))
    settings: dict[str, Any] = {"log": log, "window": "100 texts", "download": False}
    _, said = monitored(tmp_path, reference=str(overconfident), **settings)
    assert re.search(r"reference: dev of \S+, 205 texts, scored by ", said)
    assert "the embedded sample stands in for GoEmotions" in said and "in 3 windows" in said
    files = bytes_of(overconfident)
    sha = sha256(files[MANIFEST])
    model = tmp_path / "models" / "emotions"
    put_artifact(model, sha, files)
    fields = {"who": "ann@desk", "action": "promote", "artifact": sha, "why": ""}
    assert release_next(model, lambda before: {**fields, "aliases": {"production": sha}})
    monkeypatch.setenv("EMORAY_MODELS", str(model.parent))
    name = "model:emotions@production"
    _, said = monitored(tmp_path, reference=name, artifact=name, name="alias", **settings)
    assert re.search(r"reference: dev of \S+, 205 texts, scored by ", said)
    other = make_artifact(tmp_path / "other", seed=1)
    with pytest.raises(ValueError, match=r"a reference is of the log's artifact, .*, got "):
        monitored(tmp_path, reference=str(other), name="other", **settings)


def test_a_run_as_reference_has_kept_predictions_of_test(smoke: Run, tmp_path: Path) -> None:
    run = Path(str(smoke.sweep.run_place))
    artifact = sorted((run / "artifacts").iterdir())[0]
    log = log_of(artifact, tmp_path / "log", sample_texts("dev"))
    settings: dict[str, Any] = {"log": log, "window": "100 texts"}
    _, said = monitored(tmp_path, reference=str(run), **settings)
    assert re.search(r"reference: test of \S+, 205 texts, kept by ", said)
    assert "a run keeps predictions of test only" in said
    foreign = renamed(made(np.random.default_rng(7), 300).scored, OTHER)
    write(tmp_path / "foreign" / "a.parquet", foreign)
    with pytest.raises(ValueError, match=r"a run as a reference has made the log's artifact, bbbb"):
        monitored(tmp_path, log=str(tmp_path / "foreign"), reference=str(run), name="none")
