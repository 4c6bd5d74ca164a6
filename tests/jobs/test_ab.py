"""`jobs.ab` on the log of a real service."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from jobs.ab import app
from tests.serving.made import artifact, ready, served

TEXTS = [f"thanks a lot {word} joy sad number{i}" for i in range(60) for word in ("!", "hell")]


def test_a_service_with_a_shadow_is_compared_from_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = artifact(tmp_path / "one", seed=0), artifact(tmp_path / "two", seed=1)
    with served(one, tmp_path / "said", "--shadow", str(two), "--log", "log") as service:
        ready(service)
        for start in range(0, len(TEXTS), 10):
            assert service.predict({"texts": TEXTS[start : start + 10]}).status == 200
        service.predict({"text": TEXTS[0]})
        names = service.ask("GET", "/model").json["labels"]
        assert service.stop() == 0
    rows = [{"text": text, "labels": names[:1]} for text in TEXTS[:100]]
    Path("labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["--log", "log", "--labels", "labels.jsonl", "--no-figures"]
    ended = CliRunner().invoke(app, words, catch_exceptions=False)
    said = " ".join(ended.output.split())
    assert ended.exit_code == 0 and "120 different texts, both answered each text" in said
    assert "1 answers are to texts that had come before" in said
    assert "undecided: 100 labelled texts, and an interval needs 200" in said
    turned = [*words, "--before", str(two), "--after", str(one), "--name", "turned"]
    assert CliRunner().invoke(app, turned, catch_exceptions=False).exit_code == 0
    other = pd.read_parquet("results/turned/ab.parquet").iloc[-1]
    looks = pd.read_parquet("results/ab-log/ab.parquet")
    assert (other["before"], other["after"]) == tuple(looks.iloc[-1][["after", "before"]])
    assert looks["labelled"].iloc[-1] == 100 and looks["before"].nunique() == 1
    assert pd.read_parquet("results/ab-log/ab_latency.parquet")["p50_ms"].gt(0).all()


def test_a_service_that_splits_its_traffic_is_compared_from_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one, two = artifact(tmp_path / "one", seed=0), artifact(tmp_path / "two", seed=1)
    split = ("--split", str(two), "--split-share", "0.5", "--log", "log")
    with served(one, tmp_path / "said", *split) as service:
        ready(service)
        for i, text in enumerate(TEXTS):
            assert service.predict({"text": text, "key": f"user {i // 2}"}).status == 200
        assert service.stop() == 0
    words = ["--log", "log", "--no-figures"]
    ended = CliRunner().invoke(app, words, catch_exceptions=False)
    said = " ".join(ended.output.split())
    assert ended.exit_code == 0 and "each text went to one of them" in said
    assert "traffic splits as planned" in said and "answered by both artifacts" not in said
    now = pd.read_parquet("results/ab-log/ab.parquet").iloc[-1]
    assert now["design"] == "split" and 30 < now["texts_after"] < 90
