"""One folder, one input: what a run's folder is called, and whose it is."""

import os
from pathlib import Path

import pytest

from emoray.storage.location import Place
from emoray.storage.lock import alone_in
from emoray.storage.names import LONGEST, is_part, part_of
from emoray.storage.run_folder import (
    INPUTS,
    RunFolder,
    ready_out,
    record_inputs,
    settings_text,
    store_of,
)
from emoray.storage.s3 import S3Folder

ONE = {"job": "jobs.sweep", "corpus": "train", "corpus_sha256": "1" * 64}
LEADING_AWAY = ["", ".", "..", "../../x", "a/b", "a\\b", "a\nb", "a\x00b", "\x1b[31m", "-rf", ".a"]
OTHER = ONE | {"corpus_sha256": "2" * 64}


def lands(out: Place, name: str | None = None) -> RunFolder:
    return RunFolder(out=out, name=name, usual="quick-train")


def filled(lands: RunFolder, inputs: dict[str, str]) -> Place:
    """A run's folder with a table in it, as a job leaves it."""
    place, _ = lands.free(inputs)
    record_inputs(place, inputs)
    if isinstance(place, Path):
        (place / "points.parquet").write_bytes(b"1")
    else:
        place.write("points.parquet", b"1")
    return place


def test_equal_inputs_land_in_one_folder_and_others_beside_it(tmp_path: Path) -> None:
    first = filled(lands(tmp_path), ONE)
    assert first == tmp_path / "quick-train" and lands(tmp_path).free(ONE) == (first, "")
    second, said = lands(tmp_path).free(OTHER)
    assert second.name.startswith("quick-train-") and second.parent == tmp_path
    assert f"{first} holds results of corpus_sha256 111111111111 (here 222222222222)" in said
    assert f"lands in {second}" in said
    assert filled(lands(tmp_path), OTHER) == second
    assert lands(tmp_path).free(OTHER)[0] == second, "and it is found there again"
    assert (first / "points.parquet").read_bytes() == b"1"


def test_other_settings_of_one_input_are_said_before_they_replace_any(tmp_path: Path) -> None:
    def at(*dims: int) -> RunFolder:
        said = settings_text(dims=dims, max_tokens=None)
        return RunFolder(out=tmp_path, name=None, usual="quick-train", settings=said)

    place, said = at(16).free(ONE)
    assert said == ""
    record_inputs(place, ONE, at(16).settings)
    assert at(32).free(ONE) == (place, ""), "nothing lies there yet"
    (place / "points.parquet").write_bytes(b"1")
    assert at(16).free(ONE) == (place, ""), "the same run goes on"
    same, said = at(16, 32).free(ONE)
    assert same == place
    assert said == (
        f"{place} holds results at dims 16 (here 16, 32): this run replaces them; --name keeps "
        "both apart, and their finished stages stay in the store"
    )
    assert "dims 16 (here usual)" in at().free(ONE)[1]
    record_inputs(place, ONE, at().settings)
    assert at().free(ONE) == (place, "")


def test_a_bucket_keeps_inputs_apart_too(s3: S3Folder) -> None:
    first, second = filled(lands(s3), ONE), filled(lands(s3), OTHER)
    assert str(first) == f"{s3}/quick-train" and str(second).startswith(f"{s3}/quick-train-")
    assert lands(s3).free(ONE) == (first, "")


def test_a_folder_that_was_named_is_refused_to_other_inputs(tmp_path: Path) -> None:
    filled(lands(tmp_path, "mine"), ONE)
    with pytest.raises(ValueError, match=r"results of one input, .*mine those of .*--name"):
        lands(tmp_path, "mine").free(OTHER)
    assert lands(tmp_path, "mine").free(ONE)[1] == ""


def test_what_another_version_left_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "quick-train").mkdir()
    (tmp_path / "quick-train" / "points.parquet").write_bytes(b"1")
    place, said = lands(tmp_path).free(ONE)
    assert place != tmp_path / "quick-train" and "another version's" in said


@pytest.mark.parametrize("before", [ONE, ONE | {"tables": "0" * 64}], ids=["older", "other"])
def test_a_run_of_another_version_is_recognised_and_left_alone(
    tmp_path: Path, before: dict[str, str]
) -> None:
    now = ONE | {"tables": "1" * 64}
    first = filled(lands(tmp_path), before)
    assert isinstance(first, Path)
    place, said = lands(tmp_path).free(now)
    assert place != first
    assert f"{first} holds results of another version of emoray, whose tables have other" in said
    assert filled(lands(tmp_path), now) == place == lands(tmp_path).free(now)[0]
    filled(lands(tmp_path, "mine"), before)
    with pytest.raises(ValueError, match=r"mine those of another version .*--name, or move it"):
        lands(tmp_path, "mine").free(now)
    assert {path.name for path in first.iterdir()} == {INPUTS, "points.parquet"}


def test_a_folder_without_results_is_free(tmp_path: Path) -> None:
    for name in (INPUTS, "notes.txt"):
        (tmp_path / "quick-train").mkdir(exist_ok=True)
        (tmp_path / "quick-train" / name).write_text("{}")
    assert lands(tmp_path).free(ONE) == (tmp_path / "quick-train", "")


def test_a_folder_that_became_anothers_meanwhile_is_refused(tmp_path: Path) -> None:
    place, _ = lands(tmp_path).free(ONE)
    filled(lands(tmp_path), OTHER)
    with pytest.raises(ValueError, match="since this run began: run the same command again"):
        record_inputs(place, ONE)


def test_a_run_is_not_made_inside_another(tmp_path: Path) -> None:
    first = filled(lands(tmp_path), ONE)
    with pytest.raises(ValueError, match=r"--out is the folder of all runs, got .*--name"):
        lands(first).free(ONE)


def test_all_runs_share_the_store_beside_them(tmp_path: Path) -> None:
    assert store_of(tmp_path, None) == tmp_path / "_store"
    assert store_of(tmp_path, tmp_path / "mine") == tmp_path / "mine"


def test_an_output_that_cannot_be_written_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"must be a folder that can be written, .*file.*--out"):
        ready_out(tmp_path / "file" / "deep")
    ready_out(tmp_path / "new" / "deep")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_refused_job_leaves_no_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="refused"), alone_in(tmp_path / "out" / "run"):
        record_inputs(tmp_path / "out" / "run", ONE)
        raise ValueError("refused")
    assert not list(tmp_path.iterdir())


def test_a_stopped_job_leaves_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), alone_in(tmp_path / "run"):
        (tmp_path / "run" / "_parts").mkdir()
        raise KeyboardInterrupt
    assert (tmp_path / "run" / "_parts").is_dir()
    with pytest.raises(ValueError, match="again"), alone_in(tmp_path / "run"):
        raise ValueError("again")
    assert (tmp_path / "run" / "_lock").exists(), "the folder was there before"


def test_a_refused_job_in_a_bucket_leaves_nothing(s3: S3Folder) -> None:
    with pytest.raises(ValueError, match="refused"), alone_in(s3):
        record_inputs(s3, ONE)
        raise ValueError("refused")
    assert s3.names() == []


@pytest.mark.parametrize("name", ["quick-train", "отзывы", "a.b_c=d+1", "x" * LONGEST])
def test_a_name_that_is_a_part_of_a_path_stays(name: str) -> None:
    assert part_of(name) == name


@pytest.mark.parametrize("name", [*LEADING_AWAY, "x" * 999, "ы" * 200, "a b", "\ud800"], ids=ascii)
def test_any_other_name_becomes_one_that_leads_nowhere_else(name: str, tmp_path: Path) -> None:
    part = part_of(name)
    assert is_part(part) and os.sep not in part and part not in (".", "..")
    assert (tmp_path / part).parent == tmp_path and part != part_of(f"{name}x")
