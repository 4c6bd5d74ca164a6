"""Split traffic: who is answered by which artifact, here and after every restart."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from emoray.artifact import runtime
from emoray.artifact.runtime import load, sha256
from emoray.benchmarks.serving import made_files
from emoray.serving.__main__ import main
from emoray.serving.requests import PredictRequest
from emoray.serving.split import answered_by_split, position
from tests.serving import made
from tests.serving.made import WORDS, ready, served, wait_for

ARTIFACT = "ab" * 32
KEYS = [f"user-{i}" for i in range(20_000)]


@pytest.mark.parametrize(
    ("key", "place"),
    [("user-1", 0.435497161), ("user-2", 0.214941045), ("", 0.768729100), ("ü", 0.263716794)],
)
def test_a_key_stands_where_it_stood_in_every_version(key: str, place: float) -> None:
    assert position(key, ARTIFACT) == pytest.approx(place, abs=1e-9)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_second_artifact_answers_its_share_of_keys(share: float) -> None:
    answered = sum(
        answered_by_split(PredictRequest(texts=["a"], key=key), ARTIFACT, share) for key in KEYS
    )
    assert answered / len(KEYS) == pytest.approx(share, abs=4 * (share / len(KEYS)) ** 0.5)


def test_a_larger_share_keeps_the_keys_of_a_smaller_one() -> None:
    of = {
        share: {
            key
            for key in KEYS
            if answered_by_split(PredictRequest(texts=["a"], key=key), ARTIFACT, share)
        }
        for share in (0.1, 0.3)
    }
    assert of[0.1] < of[0.3]


def test_keys_that_try_one_candidate_are_not_those_that_try_the_next() -> None:
    both = sum(position(k, ARTIFACT) < 0.5 and position(k, "cd" * 32) < 0.5 for k in KEYS)
    assert both / len(KEYS) == pytest.approx(0.25, abs=0.02)


def test_without_a_key_the_texts_decide_and_with_one_they_do_not() -> None:
    def answered(texts: list[str], key: str | None) -> bool:
        return answered_by_split(PredictRequest(texts=texts, key=key), ARTIFACT, 0.5)

    alone = [answered([text], None) for text in KEYS[:200]]
    assert alone == [position(sha256(text.encode()), ARTIFACT) < 0.5 for text in KEYS[:200]]
    assert 50 < sum(alone) < 150
    assert len({answered([text], "one user") for text in KEYS[:200]}) == 1
    assert len({answered([text, "the same"], None) for text in KEYS[:200]}) == 2


def test_the_same_requests_are_answered_by_the_same_artifact_after_a_restart(
    tmp_path: Path,
) -> None:
    first, second = made.artifact(tmp_path / "a"), made.artifact(tmp_path / "b", seed=1)
    shas = {sha256((folder / "manifest.json").read_bytes()): folder for folder in (first, second)}
    ours, theirs = shas
    asked = [{"text": f"joy {i}", "key": f"user-{i % 10}"} for i in range(30)]
    asked += [{"text": f"so sad {i}"} for i in range(30)]
    log, answers = tmp_path / "log", []
    for start in range(2):
        options = ("--split", str(second), "--split-share", "0.5", "--log", str(log))
        with served(first, tmp_path / f"{start}.txt", *options) as found:
            ready(found)
            said = [found.predict(one).json for one in asked]
            for one, answer in zip(asked, said, strict=True):
                (of,) = answer["predictions"]
                alone = load(shas[answer["artifact"]])([one["text"]])
                assert list(of["probabilities"].values()) == alone.probabilities_NK[0].tolist()
            answers.append([one["artifact"] for one in said])
            for sha, role in ((ours, "primary"), (theirs, "split")):
                counted = f'emoray_texts_total{{artifact="{sha}",role="{role}"}}'
                wait_for(lambda c=counted, s=sha: found.count(c) == answers[-1].count(s))
            told = found.ask("GET", "/model").json
            assert (told["split"], told["split_share"]) == (theirs, 0.5)
            assert found.stop() == 0
    assert answers[0] == answers[1] and set(answers[0]) == {ours, theirs}
    of_user = {one["key"]: set() for one in asked if "key" in one}  # type: dict[str, set[str]]
    for one, sha in zip(asked, answers[0], strict=True):
        if "key" in one:
            of_user[one["key"]].add(sha)
    assert all(len(seen) == 1 for seen in of_user.values())
    rows = pq.read_table(log).to_pylist()
    assert len(rows) == 2 * len(asked)
    assert {(row["role"], row["artifact"]) for row in rows} == {
        ("primary", ours),
        ("split", theirs),
    }
    assert {row["split_share"] for row in rows} == {0.5}
    assert sum(row["role"] == "split" for row in rows) == 2 * answers[0].count(theirs)


def test_artifacts_of_other_labels_share_no_traffic(tmp_path: Path) -> None:
    files = made_files(WORDS, 8, 1)
    names = json.loads(files["labels.json"])
    files["labels.json"] = json.dumps(["else", *names[1:]]).encode()
    runtime.write(tmp_path / "b", files)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "emoray.serving", str(made.artifact(tmp_path / "a"))),
            *("--split", str(tmp_path / "b"), "--port", "0"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "both artifacts of a split have the same labels, got" in done.stderr


def test_a_share_of_all_or_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a", "--split", "b", "--split-share", "1"]) == 1
    assert "split-share lies between 0 and 1, got 1.0" in capsys.readouterr().err
