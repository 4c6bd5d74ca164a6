"""A whole sweep into a bucket, on a real server: the same as into a folder, from any machine."""

import io
import json
import posixpath
import shutil
from dataclasses import dataclass, replace

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from emoray.artifact import runtime
from emoray.storage.location import cache_of, local_copy
from emoray.storage.lock import held
from emoray.storage.s3 import S3Folder
from emoray.tables.rows import TABLES
from emoray.workflows.reproduce.reproduce import run_reproduce
from emoray.workflows.settings.run import Reproduce
from emoray.workflows.settings.sweep import Sweep
from emoray.workflows.sweep import run_sweep
from jobs import report
from tests.faults.tolls import COMPUTED, MEASURED, toll
from tests.runs import Run, read
from tests.storage.server import BUCKET, Server


@dataclass(frozen=True, kw_only=True)
class Away:
    """The same sweep as `smoke`, in a bucket, and what it said."""

    place: S3Folder
    run: Run
    said: str

    @property
    def sweep(self) -> Sweep:
        return self.run.sweep

    @property
    def run_place(self) -> S3Folder:
        return self.place / "smoke-ekman"


@pytest.fixture(scope="module")
def away(smoke: Run, s3_server: Server) -> Away:
    place, said = S3Folder(BUCKET, "sweeps"), io.StringIO()
    sweep = Sweep(space="smoke", out=place, download=False)
    run_sweep(sweep, Console(file=said, width=200))
    return Away(place=place, run=read(sweep), said=said.getvalue())


def test_tables_in_a_bucket_are_those_of_a_folder(away: Away, smoke: Run) -> None:
    for table in COMPUTED:
        pd.testing.assert_frame_equal(
            away.run.tables[table].drop(columns=MEASURED.get(table, [])),
            smoke.tables[table].drop(columns=MEASURED.get(table, [])),
        )
    assert away.run.tables["failures"].empty
    assert len(away.run.tables["latency"]) == len(smoke.tables["latency"])


def reproduced(settings: Reproduce) -> tuple[int, str]:
    out = io.StringIO()
    failed = run_reproduce(settings, Console(file=out, width=200))
    return failed, " ".join(out.getvalue().split())


def test_rows_in_a_bucket_come_out_again_without_a_right_to_write(
    away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError("this caller may only read")

    for verb in ("_put", "write", "upload", "create", "replace", "delete", "remove", "copy"):
        monkeypatch.setattr(S3Folder, verb, refused)
    failed, said = reproduced(Reproduce(run=away.run_place, sample=2, download=False))
    assert failed == 0 and said.count("none whole") == 2, said


def test_a_flipped_bit_in_a_bucket_is_found_though_a_whole_copy_is_at_hand(away: Away) -> None:
    points = away.run.searched
    row = points[points["on_front"]].iloc[0]
    (name,) = (
        name
        for name in away.place.names("_store/stages/train")
        if f"/{row['training_id']}" in name and name.endswith("/weights.npz")
    )
    whole = away.place.read(name)
    away.place.write(name, whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    settings = Reproduce(run=away.run_place, points=(row["point"],), download=False)
    try:
        failed, said = reproduced(settings)
    finally:
        away.place.write(name, whole)
    assert failed == 1 and "1 damaged: train-" in said, said
    assert reproduced(settings)[0] == 0


def test_every_stage_was_made_once(away: Away) -> None:
    cost = toll(away.run, away.run)
    assert (cost.again, cost.stages) == (0, away.run.tables["runs"]["stages_run"].iloc[0])


def test_the_bucket_holds_what_a_folder_would_and_nothing_else(away: Away) -> None:
    names = away.run_place.names()
    tops = {name.split("/")[0] for name in names}
    tables = {f"{name}.parquet" for name in TABLES}
    assert tops == tables | {"report.html", "figures", "artifacts", "_parts", "_inputs.json"}
    assert {name.split("/")[0] for name in away.place.names()} == {"_store", "smoke-ekman"}
    stages = away.place.names("_store/stages")
    manifests = [json.loads(away.place.read(n)) for n in stages if n.endswith("/manifest.json")]
    files = sum(len(manifest["files"]) for manifest in manifests)
    assert len(stages) == len(manifests) + files, "no strays of other attempts"


def test_artifacts_of_the_front_are_the_rows_and_run(away: Away) -> None:
    points = away.run.searched
    kept = points[points["artifact"].str.startswith("artifacts/")]
    assert set(points.index[points["on_front"]]) <= set(kept.index)
    found = {n.split("/")[1] for n in away.run_place.names() if n.startswith("artifacts/")}
    assert found == set(kept["point"])
    row = kept.iloc[0]
    folder = local_copy(away.run_place / row["artifact"])
    assert sum(runtime.sizes(folder).values()) == row["size_bytes"]
    assert runtime.sha256((folder / "manifest.json").read_bytes()) == row["artifact_sha256"]
    assert runtime.load(folder)(["thanks a lot"]).probabilities_NK.shape == (1, 7)


def test_rows_off_the_front_name_the_folder_to_ship_them_from(away: Away) -> None:
    points = away.run.searched
    for path in points.loc[~points["on_front"], "artifact"].unique():
        place = S3Folder(BUCKET, posixpath.normpath(f"{away.run_place.prefix}/{path}"))
        assert "model.onnx" in place.names()


def test_the_report_opens_in_a_browser_and_says_where_all_lies(
    away: Away, s3_server: Server
) -> None:
    key = f"{away.run_place.prefix}/report.html"
    head = s3_server.client().head_object(Bucket=BUCKET, Key=key)
    assert head["ContentType"] == "text/html; charset=utf-8"
    assert f"report {away.run_place}/report.html" in away.said
    assert str(cache_of(away.run_place)) not in away.said


@pytest.mark.long
def test_another_machine_goes_on_with_what_is_there(away: Away) -> None:
    shutil.rmtree(cache_of(away.place).parent)
    said = io.StringIO()
    run_sweep(away.sweep, Console(file=said, width=200))
    again = read(away.sweep)
    assert again.journal == away.run.journal, "nothing was made again"
    for table in COMPUTED:
        pd.testing.assert_frame_equal(again.tables[table], away.run.tables[table])
    assert list(again.tables["runs"]["stages_run"])[1:] == [0]
    assert len(away.run_place.names()) == len(set(away.run_place.names()))


def test_a_second_job_on_the_same_place_is_refused(away: Away) -> None:
    with held(away.run_place), pytest.raises(ValueError, match="is held by process"):
        run_sweep(away.sweep)


def test_a_place_that_cannot_be_written_is_refused_before_ray(
    away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = replace(away.sweep, out=S3Folder("nothing-here"), store=away.place)
    with pytest.raises(ValueError, match="a bucket must exist, got none for s3://nothing-here"):
        run_sweep(nowhere)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(ValueError, match="got SignatureDoesNotMatch for s3://"):
        run_sweep(away.sweep)


def test_a_report_is_drawn_again_where_the_run_lies(away: Away) -> None:
    before = away.run_place.entry("report.html")
    (away.run_place).delete(["report.html"])
    done = CliRunner().invoke(report.app, [str(away.run_place)])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == f"{away.run_place}/report.html"
    after = away.run_place.entry("report.html")
    assert (
        before is not None
        and after is not None
        and after.size == pytest.approx(before.size, rel=0.01)
    )


def test_pandas_reads_a_table_where_it_lies(away: Away, s3_server: Server) -> None:
    uri = f"s3://{BUCKET}/sweeps/smoke-ekman/points.parquet"
    points = pd.read_parquet(uri)  # AWS_ENDPOINT_URL names the server
    pd.testing.assert_frame_equal(points, away.run.tables["points"])
    host = s3_server.endpoint.removeprefix("http://")
    columns = ["point", "dev_macro_f1"]
    named = pd.read_parquet(f"{uri}?endpoint_override={host}&scheme=http", columns=columns)
    pd.testing.assert_frame_equal(named, points[columns])
