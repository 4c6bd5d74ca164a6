"""A model's life: added, promoted, rolled back; and what must not get into production."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from emoray.data.importing.settings import CorpusSource
from emoray.promotion import promoting
from emoray.promotion.adding import run_add
from emoray.promotion.promoting import run_promote, run_rollback
from emoray.promotion.showing import run_diff, run_list, run_show
from emoray.releases.history import newest_release, releases_of
from emoray.releases.record import Release
from emoray.releases.resolving import artifact_folder, find_artifact, local_artifact
from emoray.releases.writing import release_next
from emoray.storage.location import Place
from emoray.storage.s3 import S3Folder
from emoray.tables.files import read_table
from emoray.tables.release_rows import ReleaseRow
from emoray.tables.releases import FILE
from emoray.workflows.settings.evaluate import Gates
from emoray.workflows.settings.release import (
    AddRelease,
    DiffReleases,
    ListReleases,
    PromoteRelease,
    RollBack,
    ShowRelease,
)
from tests.promotion.conftest import sha_of

pytestmark = pytest.mark.usefixtures("no_data")
SAMPLE = CorpusSource(source="sample")


def said(run: Callable[..., None], settings: Any) -> str:
    """What a command prints."""
    out = io.StringIO()
    run(settings, Console(file=out, width=250))
    return out.getvalue()


def add(models: Place, artifact: Path, **more: Any) -> str:
    return said(run_add, AddRelease(name="emo", models=models, artifact=str(artifact), **more))


def promotion(models: Place, **more: Any) -> PromoteRelease:
    given = {"corpus": SAMPLE} if "texts" not in more and "corpus" not in more else {}
    return PromoteRelease(name="emo", models=models, **{"download": False, **given, **more})


def promote(models: Place, **more: Any) -> str:
    return said(run_promote, promotion(models, **more))


def rollback(models: Place) -> str:
    return said(run_rollback, RollBack(name="emo", models=models))


def production(models: Place) -> str | None:
    newest = newest_release(models / "emo")
    return None if newest is None else newest.aliases.get("production")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def test_a_model_is_added_promoted_and_rolled_back(models: Path, shelf: Path) -> None:
    assert "release 1 of emo" in add(models, shelf / "bad", why="to begin with")
    assert "nothing is in production yet: there is no verdict" in promote(models)
    add(models, shelf / "good")
    assert "better: macro-F1 +" in promote(models)
    add(models, shelf / "equal")
    assert "equivalent within ±0.5 points: not one decision differs" in promote(models)
    assert production(models) == sha_of(shelf / "equal")
    assert f"goes back to {sha_of(shelf / 'bad')[:12]}" in rollback(models)
    assert production(models) == sha_of(shelf / "good")
    assert "nothing was in production before it" in rollback(models)
    assert production(models) == sha_of(shelf / "bad")
    with pytest.raises(ValueError, match=r"a rollback goes to what was in production before, got"):
        rollback(models)
    promote(models, which="3")
    assert production(models) == sha_of(shelf / "good")
    assert f"{sha_of(shelf / 'bad')[:12]} is in production" in rollback(models)
    rows = read_table(models / "emo" / FILE, ReleaseRow).to_pylist()
    assert [row["action"] for row in rows] == [
        *["add", "promote"] * 3,
        *("rollback", "rollback", "promote", "rollback"),
    ]
    assert [row["verdict"] for row in rows[:6]] == [None, None, None, "better", None, "equivalent"]
    assert rows[0]["why"] == "to begin with" and "@" in rows[0]["who"]
    assert rows[-1]["production"] == sha_of(shelf / "bad") and rows[3]["macro_f1_change"] > 0.1


@pytest.mark.long
def test_the_same_in_a_bucket(s3: S3Folder, shelf: Path, texts: Path) -> None:
    models = s3 / "models"
    add(models, shelf / "good")
    promote(models, texts=str(texts))
    add(models, shelf / "equal")
    assert "equivalent" in promote(models, texts=str(texts))
    found = local_artifact("model:emo@production", models)
    assert sha_of(found) == sha_of(shelf / "equal")
    assert local_artifact("model:emo@production", models) == found, "one copy is enough"
    rollback(models)
    assert find_artifact("model:emo@production", models).name == sha_of(shelf / "good")
    assert read_table(models / "emo" / FILE, ReleaseRow).num_rows == 5


def test_the_same_artifact_is_not_added_twice_and_its_lost_files_are_put_back(
    models: Path, shelf: Path
) -> None:
    add(models, shelf / "good")
    again = add(models, shelf / "good")
    assert "since release 1" in again and "nothing was added" in again and "whole" not in again
    (artifact_folder(models / "emo", sha_of(shelf / "good")) / "model.onnx").unlink()
    assert "files of it that were lost or damaged are whole again" in add(models, shelf / "good")
    assert len(releases_of(models / "emo")) == 1


def test_an_artifact_that_does_not_run_is_not_added(
    models: Path, shelf: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"an artifact is a folder with manifest.json, got"):
        add(models, tmp_path)
    assert not (models / "emo").exists()


def test_a_gate_that_does_not_hold_keeps_an_artifact_out(
    models: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(models, shelf / "good")
    gates = Gates(min_macro_f1=0.99, max_size_mb=0.001)
    with pytest.raises(ValueError, match=r"holds every gate .* got 2 that do not hold"):
        promote(models, gates=gates)
    assert production(models) is None and len(releases_of(models / "emo")) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("gate failed: --min-macro-f1 0.99, found macro-F1 0.")
    assert lines[1].startswith("gate failed: --max-size-mb 0.001 MB, found size 0.")


def test_gates_are_kept_until_they_are_lifted(models: Path, shelf: Path) -> None:
    add(models, shelf / "bad")
    promote(models, gates=Gates(max_size_mb=5, on="low"), margin=0.02)
    kept = releases_of(models / "emo")[-1].gates
    assert kept == {"max_size_mb": 5, "gate_on": "low", "margin": 0.02, "min_texts": 100}
    add(models, shelf / "good")
    promote(models, gates=Gates(min_macro_f1=0.01), lifted=("margin",))
    kept = releases_of(models / "emo")[-1].gates
    assert kept is not None and kept["max_size_mb"] == 5 and kept["min_macro_f1"] == 0.01
    assert kept["gate_on"] == "low" and kept["margin"] == 0.005
    add(models, shelf / "equal")
    promote(models, lifted=("max-size-mb", "gate_on"))
    kept = releases_of(models / "emo")[-1].gates
    assert kept == {"min_macro_f1": 0.01, "gate_on": "value", "margin": 0.005, "min_texts": 100}


def test_a_worse_artifact_is_kept_out_unless_it_is_forced_with_a_reason(
    models: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(models, shelf / "good")
    promote(models)
    add(models, shelf / "bad")
    with pytest.raises(ValueError, match="better than production, or equivalent, got 1 that"):
        promote(models)
    assert "verdict against production: worse: macro-F1" in capsys.readouterr().err
    with pytest.raises(ValueError, match="--force goes past gates and verdict, got it without"):
        promote(models, force=True)
    assert production(models) == sha_of(shelf / "good")
    assert "is in production, forced" in promote(models, force=True, why="a drill")
    last = releases_of(models / "emo")[-1]
    assert last.forced and last.why == "a drill" and last.verdict is not None
    assert last.verdict["verdict"] == "worse"


def test_a_force_that_was_not_needed_is_none(models: Path, shelf: Path) -> None:
    add(models, shelf / "good")
    promote(models, force=True, why="in a hurry")
    assert not releases_of(models / "emo")[-1].forced


def test_what_is_in_production_is_not_promoted_again(models: Path, shelf: Path) -> None:
    add(models, shelf / "good")
    promote(models)
    assert "is in production already: nothing was changed" in promote(models, which="production")
    assert len(releases_of(models / "emo")) == 2


def test_artifacts_of_other_labels_are_compared_by_nobody_but_may_be_forced(
    models: Path, shelf: Path
) -> None:
    add(models, shelf / "good")
    promote(models)
    add(models, shelf / "ekman")
    with pytest.raises(ValueError, match=r"compared on the same labels, got 4 in prod"):
        promote(models)
    promote(models, force=True, why="finer labels")
    verdict = releases_of(models / "emo")[-1].verdict
    assert verdict is not None and verdict["verdict"] == "incomparable"
    assert "compared on the same labels" in verdict["words"]


def test_the_sample_decides_nothing_where_another_corpus_was_meant(
    models: Path, shelf: Path
) -> None:
    add(models, shelf / "good")
    with pytest.raises(ValueError, match="held against the corpus that was meant, got the"):
        promote(models, corpus=None)


def test_of_two_who_promote_at_once_one_wins_and_the_other_is_told_who(
    models: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(models, shelf / "bad")
    promote(models)
    add(models, shelf / "good")
    find_out = promoting.find_out

    def meanwhile(*args: Any, **more: Any) -> Any:
        found = find_out(*args, **more)
        monkeypatch.setattr(promoting, "find_out", find_out)
        add(models, shelf / "equal")
        promote(models, who="bob")
        return found

    monkeypatch.setattr(promoting, "find_out", meanwhile)
    with pytest.raises(
        ValueError,
        match=rf"got {sha_of(shelf / 'equal')[:12]} there in place of "
        rf"{sha_of(shelf / 'bad')[:12]}: "
        r"release 5 by bob \(promote of .*came first: nothing was changed here.*same command again",
    ):
        promote(models, which="3")
    assert production(models) == sha_of(shelf / "equal")
    assert "equivalent" in promote(models, which="3"), "the advice works"


def test_an_artifact_that_is_added_meanwhile_stops_no_promotion(
    models: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(models, shelf / "good")
    find_out = promoting.find_out

    def meanwhile(*args: Any, **more: Any) -> Any:
        add(models, shelf / "equal")
        return find_out(*args, **more)

    monkeypatch.setattr(promoting, "find_out", meanwhile)
    promote(models)
    newest = newest_release(models / "emo")
    assert newest is not None and newest.number == 3
    assert newest.aliases == {
        "production": sha_of(shelf / "good"),
        "candidate": sha_of(shelf / "equal"),
    }


@pytest.mark.long
def test_of_two_who_roll_back_at_once_one_does(
    models: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bad", "good", "equal"):
        add(models, shelf / name)
        promote(models)

    def late(model: Place, decide: Callable[[Sequence[Release]], Any]) -> Release | None:
        monkeypatch.setattr(promoting, "release_next", release_next)
        rollback(models)
        return release_next(model, decide)

    monkeypatch.setattr(promoting, "release_next", late)
    with pytest.raises(ValueError, match=r"release 7 by \S+ \(rollback of"):
        rollback(models)
    assert production(models) == sha_of(shelf / "good")


def test_texts_of_ones_own_decide(models: Path, shelf: Path, texts: Path) -> None:
    add(models, shelf / "good")
    told = promote(models, texts=str(texts))
    assert "own texts of labelled.csv: 150 texts" in told and "flatters" not in told
    figures = releases_of(models / "emo")[-1].figures
    assert figures is not None and figures["split"] == "own texts" and figures["texts"] == 150


@pytest.mark.long
def test_labels_that_no_text_has_count_for_nothing(
    models: Path, shelf: Path, texts: Path, tmp_path: Path
) -> None:
    lines = [line for line in texts.read_text("utf-8").splitlines() if "ambiguous" not in line]
    path = tmp_path / "some.csv"
    path.write_text("\n".join(lines), "utf-8")
    add(models, shelf / "bad")
    promote(models, texts=str(path))
    add(models, shelf / "good")
    told = promote(models, texts=str(path))
    assert "labels without a text there count for nothing: ambiguous" in told and "better" in told


def test_texts_that_tell_nothing_are_refused(
    models: Path, shelf: Path, texts: Path, tmp_path: Path
) -> None:
    add(models, shelf / "good")
    lines = texts.read_text("utf-8").splitlines()
    few, strange = tmp_path / "few.csv", tmp_path / "strange.csv"
    few.write_text("\n".join(lines[:40]), "utf-8")
    with pytest.raises(ValueError, match=r"a gate needs 100 texts or more .*lower --min-texts"):
        promote(models, texts=str(few))
    strange.write_text("\n".join(lines).replace("negative", "bored"), "utf-8")
    with pytest.raises(ValueError, match=r"have the artifact's labels .* got 'bored' in"):
        promote(models, texts=str(strange))
    with pytest.raises(ValueError, match=r"decided on --texts or on dev of --corpus, got both"):
        promote(models, texts=str(texts), corpus=SAMPLE)


def test_a_released_artifact_that_is_damaged_is_not_promoted(models: Path, shelf: Path) -> None:
    add(models, shelf / "good")
    (artifact_folder(models / "emo", sha_of(shelf / "good")) / "manifest.json").write_text("{}")
    with pytest.raises(ValueError, match=r"is another's. `python -m jobs.release add emo ARTIFACT"):
        promote(models)
    add(models, shelf / "good")
    promote(models)


def test_list_marks_production_and_candidate(models: Path, shelf: Path) -> None:
    add(models, shelf / "good")
    promote(models)
    add(models, shelf / "equal", why="sharper")
    lines = said(run_list, ListReleases(name="emo", models=models)).splitlines()
    assert "production" in lines[3] and "candidate" in lines[4] and "sharper" in lines[4]
    good, equal = (sha_of(shelf / name)[:12] for name in ("good", "equal"))
    assert f"production {good}, candidate {equal}" in lines


def test_show_and_diff_say_what_is_kept(models: Path, shelf: Path) -> None:
    add(models, shelf / "bad")
    promote(models)
    add(models, shelf / "ekman")
    shown = said(run_show, ShowRelease(name="emo", models=models, which="production"))
    assert "figures.macro_f1 " in shown and "artifact.decision.thresholds.positive" in shown
    differ = said(run_diff, DiffReleases(name="emo", models=models))
    assert "labels " in differ and "size_bytes" in differ and "decision.thresholds.joy" in differ
    same = said(run_diff, DiffReleases(name="emo", models=models, before="1", after="2"))
    assert "releases 1 and 2 are of one artifact: nothing differs" in same
    with pytest.raises(ValueError, match=r"its number \(1 to 3\), an alias .* got '4': name one"):
        said(run_show, ShowRelease(name="emo", models=models, which="4"))
    with pytest.raises(ValueError, match="got candidate, which points to none after release 2"):
        promoted = models.with_name("other")
        add(promoted, shelf / "bad")
        promote(promoted)
        said(run_diff, DiffReleases(name="emo", models=promoted))


def test_a_table_that_is_behind_is_made_again_and_a_lost_record_from_it(
    models: Path, shelf: Path
) -> None:
    add(models, shelf / "bad")
    promote(models)
    table, history = models / "emo" / FILE, models / "emo" / "history"
    whole = read_table(table, ReleaseRow)
    table.unlink()
    said(run_list, ListReleases(name="emo", models=models))
    assert read_table(table, ReleaseRow).equals(whole)
    before = (history / "000002.json").read_bytes()
    (history / "000001.json").write_bytes(before[:100])
    (history / "000002.json").unlink()
    for run in (lambda: add(models, shelf / "good"), lambda: rollback(models)):
        with pytest.raises(ValueError, match=r"000001.json is not: it is no JSON.*--repair"):
            run()
    told = said(run_list, ListReleases(name="emo", models=models, repair=True))
    assert "releases written again from releases.parquet: 1, 2" in told
    assert (history / "000002.json").read_bytes() == before


def test_a_history_that_lost_its_newest_release_is_not_written_over(
    models: Path, shelf: Path
) -> None:
    add(models, shelf / "bad")
    promote(models)
    (models / "emo" / "history" / "000002.json").unlink()
    with pytest.raises(ValueError, match=r"a history only grows, got .* without the release 2"):
        add(models, shelf / "good")
    said(run_list, ListReleases(name="emo", models=models, repair=True))
    assert production(models) == sha_of(shelf / "bad")
