"""Texts and outputs in a bucket: the same as on a disk, and nothing is lost when S3 refuses."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from emoray.prediction import scoring
from emoray.storage.s3 import S3Folder
from emoray.storage.store.bucket import BucketStore
from emoray.tables.scored_texts import scored_texts
from emoray.workflows.predict.predict import run_predict
from emoray.workflows.settings.predict import Predict
from tests.conftest import SERVER
from tests.prediction.made import parquet_of, some_texts
from tests.storage.proxy import FORBIDDEN, Head, Proxy, Rule, every

pytestmark = pytest.mark.usefixtures("local_ray")

QUIET = Console(quiet=True)
TEXTS = some_texts(60)


@pytest.fixture
def wanted(
    s3: S3Folder, tmp_path: Path, overconfident: Path, monkeypatch: pytest.MonkeyPatch
) -> Predict:
    monkeypatch.setattr(scoring, "PART_ROWS", {"words": 16, "pieces": 16})
    for name, start in (("a", 0), ("b", 30)):
        path = parquet_of(tmp_path / "in" / f"{name}.parquet", TEXTS[start : start + 30])
        s3.upload(f"in/{name}.parquet", path)
    return Predict(artifact=overconfident, texts=f"{s3}/in/*.parquet", out=s3 / "out")


def made(place: S3Folder, cache: Path) -> Counter[str]:
    events = BucketStore(place, cache).journal()
    return Counter(e["key"].rpartition("-")[0] for e in events if e["event"] == "made")


def texts_in(out: S3Folder, tmp_path: Path) -> list[str]:
    found: list[str] = []
    for name in ("a.parquet", "b.parquet"):
        out.download(name, tmp_path / "brought" / name)
        found += pq.read_table(tmp_path / "brought" / name).column("text").to_pylist()
    return found


def test_a_bucket_s_files_have_outputs_in_a_bucket_once(
    wanted: Predict, s3: S3Folder, tmp_path: Path
) -> None:
    total, *_ = run_predict(wanted, QUIET)
    assert (total.files, total.scored) == (2, 60)
    assert texts_in(s3 / "out", tmp_path) == TEXTS
    assert sum(map(len, scored_texts(f"{s3}/out"))) == 60
    store, cache = s3 / "out" / "_store", tmp_path / "cache"
    expected = Counter({"index_texts": 2, "score_texts": 4, "write_shard": 2})
    assert made(store, cache) == expected
    run_predict(wanted, QUIET)
    (s3 / "out").delete(["b.parquet"])
    run_predict(wanted, QUIET)
    assert texts_in(s3 / "out", tmp_path) == TEXTS
    assert made(store, cache) == expected, "a lost output is copied again"


def copies(head: Head) -> bool:
    """The write of an output, by its name."""
    return head[0] == "PUT" and head[1].endswith("/out/b.parquet")


@pytest.mark.long
def test_a_refusal_in_the_middle_loses_nothing(
    wanted: Predict, s3: S3Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(port=SERVER.port) as proxy, monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        with (
            proxy.scripted(Rule(fault=FORBIDDEN, meant=copies, when=every(1))),
            pytest.raises(OSError, match=r"S3 must allow reading, .* run the same command again"),
        ):
            run_predict(wanted, QUIET)
    total, *_ = run_predict(wanted, QUIET)
    assert (total.files, total.scored, total.failures) == (2, 60, 0)
    assert texts_in(s3 / "out", tmp_path) == TEXTS
    found = made(s3 / "out" / "_store", tmp_path / "cache")
    assert found == Counter({"index_texts": 2, "score_texts": 4, "write_shard": 2})
