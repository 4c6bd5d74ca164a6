"""What a second sweep finds it keeps: decisions, foreign files, the run of another corpus."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from emoray.artifact import runtime
from emoray.artifact.decision_history import change, history, undo
from emoray.artifact.renewing import clear_made, renew
from emoray.data.importing.settings import CorpusSource
from emoray.distributed.connection import Cluster
from emoray.storage.location import staged_output
from emoray.storage.run_folder import record_inputs
from emoray.storage.s3 import S3Folder
from emoray.workflows.settings.sweep import Sweep
from emoray.workflows.sweep import run_sweep
from tests.artifact.finished import bytes_of, make_artifact
from tests.data.importing.made import as_separated, rows, texts_and
from tests.runs import Run, read


def test_a_second_run_keeps_decisions_history_and_foreign_files(smoke: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(smoke.sweep.out, out, symlinks=True)
    sweep = replace(smoke.sweep, out=out)
    folder = sweep.run_place
    assert isinstance(folder, Path)
    before = sorted(p.name for p in (folder / "artifacts").iterdir())
    decided, untouched = (folder / "artifacts" / name for name in (before[0], before[-1]))
    made = runtime.read(decided)
    labels = len(runtime.load(decided).labels)
    change(decided, temperature=2.0, cuts_K=np.full(labels, 0.7), rule="given", why="by hand")
    saved, whole = runtime.read(decided), bytes_of(untouched)
    whole.pop(runtime.CARD, None)  # says when it was made
    (folder / "artifacts" / "mine").mkdir()
    (folder / "artifacts" / "mine" / "notes.txt").write_text("mine")
    (untouched / "notes.txt").write_text("mine")
    (folder / "figures" / "mine.png").write_bytes(b"mine")
    run_sweep(sweep)
    assert runtime.read(decided) == saved != made
    assert [s.state for s in history(decided)] == ["kept", "current"]
    now = bytes_of(untouched)
    assert {n: d for n, d in now.items() if n != runtime.CARD} == whole | {"notes.txt": b"mine"}
    found = sorted(p.name for p in (folder / "artifacts").iterdir())
    assert found == sorted([*before, "mine"])
    assert (folder / "figures" / "mine.png").read_bytes() == b"mine"
    undo(decided)
    assert runtime.read(decided) == made
    points = read(sweep).tables["points"].set_index("point")
    assert points.loc[decided.name, "artifact_sha256"] == runtime.sha256(
        (decided / "manifest.json").read_bytes()
    ), "the row is found again by its hash"


def corpus(folder: Path, shift: int) -> Path:
    """A corpus in a file whose name says nothing; `shift` turns its labels."""
    folder.mkdir()
    joined = ["|".join(labels) for _, labels in rows()]
    turned = joined[shift:] + joined[:shift]
    return as_separated(folder / "train.csv", texts_and(turned))


class Begun(Exception):
    """A sweep that is as far as Ray."""


def begun(sweep: Sweep) -> None:
    with pytest.raises(Begun):
        run_sweep(sweep, Console(quiet=True))


def test_two_corpora_of_one_file_name_never_share_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_a_table(place: Path, inputs: dict[str, str], settings: dict[str, str]) -> None:
        record_inputs(place, inputs, settings)
        (place / "points.parquet").write_text(inputs["corpus_sha256"])

    def refuse(cluster: Cluster) -> None:
        raise Begun

    monkeypatch.setattr("emoray.workflows.sweep.record_inputs", with_a_table)
    monkeypatch.setattr("emoray.workflows.sweep.connected", refuse)
    sweeps = [
        Sweep(
            space="smoke",
            out=tmp_path / "out",
            download=False,
            corpus=CorpusSource(source=str(corpus(tmp_path / f"p{i}", i))),
        )
        for i in (1, 2)
    ]
    for each in (*sweeps, *sweeps):
        begun(each)
    runs = {p.name: p for p in (tmp_path / "out").iterdir() if p.name != "_store"}
    assert len(runs) == 2 and min(runs) == "smoke-train"
    said = {name: (path / "points.parquet").read_text() for name, path in runs.items()}
    assert len(set(said.values())) == 2, "each keeps its own"
    with pytest.raises(ValueError, match=r"the results of one input, .*--name"):
        run_sweep(replace(sweeps[1], name="smoke-train"), Console(quiet=True))


def test_a_refused_sweep_leaves_no_empty_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sweep = Sweep(space="smoke", out=tmp_path / "out", store=tmp_path / "file", download=False)
    with pytest.raises(ValueError, match="store must be a writable folder"):
        run_sweep(sweep)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_in_a_bucket_what_nobody_made_stays_too(s3: S3Folder, tmp_path: Path) -> None:
    made = make_artifact(tmp_path / "point-1")
    sha = runtime.sha256((made / "manifest.json").read_bytes())
    for name in ("point-1", "point-2", "point-3"):
        for path in made.iterdir():
            s3.upload(f"artifacts/{name}/{path.name}", path)
    s3.write("artifacts/mine/notes.txt", b"mine")
    s3.write("artifacts/point-2/notes.txt", b"mine")
    with staged_output(s3) as folder:
        fresh = make_artifact(folder / "artifacts" / ".point-1.01234567")
        assert renew(fresh, folder / "artifacts" / "point-1", {sha}) == ""
        clear_made(folder / "artifacts", {"point-2": [sha], "point-3": [sha]})
    names = set(s3.names())
    assert {"artifacts/mine/notes.txt", "artifacts/point-2/notes.txt"} <= names
    assert "artifacts/point-2/model.onnx" in names and "artifacts/point-1/model.onnx" in names
    assert not [name for name in names if "point-3" in name or "/." in name]
