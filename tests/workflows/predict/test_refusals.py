"""What cannot be scored, or would mix with what is there, is refused before Ray starts."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from emoray.prediction.record import RECORD
from emoray.workflows.predict.predict import run_predict
from emoray.workflows.settings.predict import Predict
from tests.artifact.finished import make_artifact
from tests.prediction.made import decided_anew, parquet_of


@pytest.fixture(autouse=True)
def no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object, **__: object) -> None:
        pytest.fail("Ray was started")

    monkeypatch.setattr("ray.init", started)


@pytest.fixture
def wanted(tmp_path: Path, overconfident: Path) -> Predict:
    parquet_of(tmp_path / "in" / "a.parquet", ["a"])
    return Predict(artifact=overconfident, texts=str(tmp_path / "in"), out=tmp_path / "out")


def refused(wanted: Predict, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        run_predict(wanted, Console(quiet=True))


def recorded(out: Path, wanted: Predict, **changes: Any) -> None:
    """What a run with other options left in the folder."""
    from emoray.artifact.loading import open_artifact
    from emoray.storage.location import place_of
    from emoray.workflows.predict.predict import _request

    artifact = open_artifact(place_of(str(wanted.artifact)))
    request = {**vars_of(_request(wanted, artifact)), **changes}
    out.mkdir()
    content = {"version": 1, "request": request, "store": str(out / "_store"), "texts": "x"}
    (out / RECORD).write_text(json.dumps({**content, "shards": {}}))


def vars_of(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def test_a_file_without_the_column_is_named(wanted: Predict, tmp_path: Path) -> None:
    pq.write_table(pa.table({"body": ["a"]}), tmp_path / "in" / "b.parquet")
    refused(wanted, r"'text' is none of .*b\.parquet, which has body: name it with --text-column")
    assert not (tmp_path / "out").exists()


def test_a_name_that_is_taken_needs_a_prefix(wanted: Predict, tmp_path: Path) -> None:
    parquet_of(tmp_path / "in" / "b.parquet", ["a"], labels=["x"])
    refused(wanted, r"'labels' of .*b\.parquet is one that is added: put something before")


def test_an_output_of_another_artifact_is_not_added_to(
    wanted: Predict, tmp_path: Path, overconfident: Path
) -> None:
    recorded(tmp_path / "out", wanted)
    other = decided_anew(overconfident, tmp_path / "other", cut=1.0)
    refused(
        replace(wanted, artifact=other),
        r"has those of --artifact [0-9a-f]{16}: name another with --out; .*--redecide .*out scores",
    )
    refused(replace(wanted, logits=True), r"has those of no --logits: name another with --out")
    refused(replace(wanted, kept=("id",)), r"has those of no --id: name another with --out")
    refused(replace(wanted, text_column="id"), r"those of --text-column text: name another")


def test_a_folder_of_somebody_else_is_not_written_to(wanted: Predict, tmp_path: Path) -> None:
    parquet_of(tmp_path / "out" / "mine.parquet", ["a"])
    refused(wanted, r"has nothing else in it, got mine\.parquet in .*out: name a new folder")
    (tmp_path / "out" / RECORD).write_text('{"version": 0}')
    refused(wanted, r"a record that this emoray wrote, got another at .*: name another --out")


def test_deciding_anew_needs_the_logits_of_the_same_network(
    wanted: Predict, tmp_path: Path
) -> None:
    anew = replace(wanted, out=tmp_path / "anew", redecide=tmp_path / "out")
    refused(anew, r"a folder that jobs\.predict wrote, got none at .*out: name one")
    recorded(tmp_path / "out", wanted)
    other = make_artifact(tmp_path / "other", seed=5)
    refused(
        replace(anew, artifact=other),
        r"logits of the same network, .*leave --redecide out to score",
    )


def test_a_missing_artifact_and_missing_texts_are_named(wanted: Predict, tmp_path: Path) -> None:
    refused(replace(wanted, artifact=tmp_path), r"an artifact is a folder with manifest\.json")
    refused(replace(wanted, texts=str(tmp_path / "none*")), r"got nothing at .*none\*")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"text_column": ""}, r"a column of texts has a name, got ''"),
        ({"kept": ("id", "id")}, r"passed on once, got id, id: name each --id once"),
        ({"redecide": Path("out")}, r"an output of its own, got out for both: name another --out"),
        ({"texts": "out/in.csv"}, r"do not lie among outputs, got out/in\.csv in out"),
        ({"texts": "s4://bucket/x"}, r"a place is a local path or s3://bucket/prefix, got 's4"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        replace(Predict(artifact=Path("a"), texts="in", out=Path("out")), **changes)
