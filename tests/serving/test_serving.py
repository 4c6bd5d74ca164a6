"""An artifact behind HTTP: asked as a client would, a process of its own."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from emoray.artifact.runtime import load, sha256
from emoray.labels import SENTIMENT
from emoray.releases.writing import put_artifact, release_next
from emoray.serving.__main__ import main
from emoray.serving.engine import Engine
from tests.prediction.made import in_sentiment, some_texts
from tests.serving import made
from tests.serving.made import JSON, TEXTS, Served, ready, served, wait_for

TOKEN = "0123456789abcdef"
HEAD = (
    b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    b"content-length: 50\r\n\r\n"
)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.artifact(tmp_path_factory.mktemp("artifacts") / "served")


@pytest.fixture(scope="module")
def service(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    said = tmp_path_factory.mktemp("service") / "said.txt"
    with served(artifact, said, "--max-texts", "8", "--max-characters", "300") as found:
        yield ready(found)


def test_predictions_are_those_of_the_artifact_alone(service: Served, artifact: Path) -> None:
    classifier = load(artifact)
    found = service.predict({"texts": TEXTS, "logits": True})
    assert found.status == 200
    assert found.json["artifact"] == sha256((artifact / "manifest.json").read_bytes())
    alone, read = classifier(TEXTS), classifier.read(TEXTS)
    logits_NK = classifier.logits(TEXTS)
    for i, one in enumerate(found.json["predictions"]):
        assert one["labels"] == alone.labels[i]
        probabilities = dict(
            zip(classifier.labels, alone.probabilities_NK[i].tolist(), strict=True)
        )
        assert one["probabilities"] == probabilities
        assert list(one["logits"].values()) == logits_NK[i].tolist()
        assert (one["truncated"], one["unknown_share"]) == read[i][1:]


def test_one_text_is_answered_as_a_list_of_one(service: Served) -> None:
    one, many = service.predict({"text": TEXTS[0]}), service.predict({"texts": [TEXTS[0]]})
    assert one.json == many.json and "logits" not in one.json["predictions"][0]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "a body is one JSON object, got Expecting property name"),
        (b'{"text": "\xff"}', 400, "a body is UTF-8, got the byte 0xff at 10"),
        (b"[" * 100_000, 400, "got one nested too deep"),
        (b"[1]", 422, "a body is a JSON object, got [1]"),
        (b"{}", 422, 'either "text" or "texts"'),
        (b'{"text": "a", "texts": ["a"]}', 422, 'either "text" or "texts"'),
        (b'{"texts": []}', 422, "a list of at least one string, got []"),
        (b'{"texts": "a"}', 422, 'a list of at least one string, got "a"'),
        (b'{"texts": ["a", null]}', 422, "texts[1] is a string, got null"),
        (b'{"text": 1e400}', 422, "text is a string, got Infinity"),
        (b'{"text": "\\ud800"}', 422, "half of a surrogate pair at 0"),
        (b'{"text": "a", "top": 3}', 422, 'a request has text, texts, logits, key, got "top"'),
        (b'{"text": "a", "logits": 1}', 422, "logits is true or false, got 1"),
        (b'{"text": "a", "key": 7}', 422, "key is a string, got 7"),
        (json.dumps({"text": "a" * 301}).encode(), 422, "at most 300 characters, got 301"),
        (json.dumps({"texts": ["a"] * 9}).encode(), 422, "at most 8 texts, got 9"),
        (b'{"text": "' + b"a" * 1_000_001 + b'"}', 413, "at most 1,000,000 bytes, got 1000013"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_request_that_cannot_be_answered_is_told_why(
    service: Served, body: bytes, status: int, words: str
) -> None:
    found = service.predict(body)
    assert found.status == status and words in found.json["error"]
    assert service.predict({"text": "a"}).status == 200


def test_a_body_without_a_length_is_cut_off_where_it_gets_too_long(service: Served) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"text": "'
        for _ in range(30):
            yield b"a" * 50_000

    found = service.ask("POST", "/predict", parts(), JSON)  # type: ignore[arg-type]
    assert found.status == 413 and "got more" in found.json["error"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_predictions_are_posted_and_every_other_method_is_told_so(
    service: Served, method: str
) -> None:
    found = service.ask(method, "/predict")
    assert found.status == 405 and found.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/predict", {"content-type": "text/plain"}, 415),
        ("GET", "/predict", {}, 405),
        ("GET", "/elsewhere", {}, 404),
    ],
    ids=["text", "get", "no such path"],
)
def test_what_is_no_request_for_predictions_gets_its_own_status(
    service: Served, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    found = service.ask(method, path, b"{}" if method == "POST" else None, headers)
    assert found.status == status and found.json["error"]


def test_answers_and_refusals_keep_the_contract(service: Served) -> None:
    document = service.ask("GET", "/openapi.json").json
    responses = document["paths"]["/predict"]["post"]["responses"]
    for asked in ({"texts": TEXTS, "logits": True}, {"text": "a"}, {}, {"text": 1}):
        found = service.predict(asked)
        schema = responses[str(found.status)]["content"]["application/json"]["schema"]
        Draft202012Validator(schema).validate(found.json)


def test_counters_add_up_to_what_was_answered(service: Served, artifact: Path) -> None:
    classifier = load(artifact)
    sha = sha256((artifact / "manifest.json").read_bytes())
    model = f'{{artifact="{sha}",role="primary"}}'
    before = {
        name: service.count(name + model)
        for name in ("emoray_texts_total", "emoray_truncated_texts_total")
    }
    joy = model.replace(",", ',label="joy",')
    given = classifier.labels.index("joy")
    joys = service.count(f"emoray_positives_total{joy}")
    summed = service.count(f"emoray_probability_total{joy}")
    texts = [*TEXTS, "a " * 70]
    service.predict({"texts": texts[:3]})
    service.predict({"texts": texts[3:]})
    assert service.count(f"emoray_texts_total{model}") == before["emoray_texts_total"] + 6
    assert service.count(f"emoray_truncated_texts_total{model}") == (
        before["emoray_truncated_texts_total"] + 1
    )
    assert service.count(f"emoray_positives_total{joy}") == (
        joys + classifier.predict(texts)[:, given].sum()
    )
    assert service.count(f"emoray_probability_total{joy}") - summed == pytest.approx(
        classifier.predict_proba(texts)[:, given].sum(), rel=1e-5
    )
    assert service.count('emoray_requests_total{code="200"}') >= 2


def test_the_model_page_and_probes_answer(service: Served, artifact: Path) -> None:
    found = service.ask("GET", "/model").json
    assert found["labels"] == list(load(artifact).labels) and found["limits"]["texts"] == 8
    assert service.ask("GET", "/livez").status == 200
    page = service.ask("GET", "/")
    assert page.status == 200 and b"Classify" in page.body


def test_a_derived_taxonomy_is_answered_in(tmp_path: Path) -> None:
    artifact = in_sentiment(tmp_path / "ekman")
    texts = some_texts(8)
    expected = load(artifact, taxonomy="sentiment")(texts)
    with served(artifact, tmp_path / "said.txt", "--taxonomy", "sentiment") as found:
        service = ready(found)
        answered = service.predict({"texts": texts}).json["predictions"]
        assert [one["labels"] for one in answered] == expected.labels
        probabilities = [[*one["probabilities"].values()] for one in answered]
        np.testing.assert_allclose(probabilities, expected.probabilities_NK, atol=1e-6)
        assert service.ask("GET", "/model").json["labels"] == list(SENTIMENT.labels)
    with pytest.raises(ValueError, match=r"\(ekman, sentiment\), got 'goemotions': name one"):
        Engine(folder=artifact, taxonomy="goemotions")


def test_a_slow_body_is_given_up(artifact: Path, tmp_path: Path) -> None:
    with served(artifact, tmp_path / "said.txt", "--body-seconds", "0.3") as found:
        ready(found)
        with socket.create_connection(("127.0.0.1", found.port), timeout=30) as line:
            line.sendall(HEAD + b'{"text":')
            assert line.recv(100).startswith(b"HTTP/1.1 408")


def test_a_token_is_asked_for(artifact: Path, tmp_path: Path) -> None:
    environment = {"EMORAY_SERVE_TOKEN": TOKEN}
    with served(artifact, tmp_path / "said.txt", environment=environment) as found:
        ready(found)
        assert found.predict({"text": "a"}).status == 401
        assert found.predict({"text": "a"}, authorization="Bearer wrong").status == 401
        assert found.predict({"text": "a"}, authorization=f"Bearer {TOKEN}").status == 200


def test_a_shadow_scores_off_the_answers_path(artifact: Path, tmp_path: Path) -> None:
    other = made.artifact(tmp_path / "other", seed=1)
    log = tmp_path / "log"
    options = ("--shadow", str(other), "--log", str(log), "--log-texts")
    with served(artifact, tmp_path / "said.txt", *options) as found:
        ready(found)
        found.predict({"texts": TEXTS})
        wait_for(lambda: found.count("emoray_shadow_texts_total") == len(TEXTS))
        flips_K = (load(artifact).predict(TEXTS) != load(other).predict(TEXTS)).sum(axis=0)
        for label, flips in zip(load(other).labels, flips_K, strict=True):
            assert found.count(f'emoray_shadow_flips_total{{label="{label}"}}') == flips
        assert found.stop() == 0
    rows = pq.read_table(log).to_pandas()
    assert sorted(rows["role"]) == ["primary"] * 5 + ["shadow"] * 5
    for role, folder in (("primary", artifact), ("shadow", other)):
        of_role = rows[rows["role"] == role].sort_values("number")
        assert list(of_role["text"]) == list(TEXTS)
        np.testing.assert_array_equal(np.stack(list(of_role["logits"])), load(folder).logits(TEXTS))
        assert set(of_role["artifact"]) == {sha256((folder / "manifest.json").read_bytes())}
    pairs = rows.groupby(["request", "number"])["role"].agg(list)
    assert len(pairs) == len(TEXTS) and all(sorted(p) == ["primary", "shadow"] for p in pairs)


def test_texts_are_logged_by_their_hash_alone_unless_asked(artifact: Path, tmp_path: Path) -> None:
    with served(artifact, tmp_path / "said.txt", "--log", str(tmp_path / "log")) as found:
        ready(found).predict({"texts": TEXTS, "key": "user-7"})
        assert found.stop() == 0
    rows = pq.read_table(tmp_path / "log").to_pandas()
    assert rows["text"].isna().all() and set(rows["key"]) == {"user-7"}
    assert list(rows["text_sha256"]) == [sha256(text.encode()) for text in TEXTS]


def test_rows_of_a_killed_service_are_finished_by_the_next(artifact: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for signalled in (signal.SIGKILL, signal.SIGTERM):
        with served(artifact, tmp_path / "said.txt", "--log", str(log)) as found:
            ready(found)
            for text in TEXTS:
                assert found.predict({"text": text}).status == 200
            wait_for(lambda: any(f.stat().st_size for f in (log / ".open").glob("*.jsonl")))
            time.sleep(0.3)  # the writer's thread is behind the answers by some milliseconds
            found.stop(signalled)
    assert pq.read_table(log).num_rows == 2 * len(TEXTS)
    assert not list((log / ".open").iterdir())


def test_a_full_disk_loses_rows_of_the_log_and_no_answer(artifact: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served(artifact, tmp_path / "said.txt", "--log", str(log), file_bytes=20_000) as found:
        ready(found)
        for _ in range(100):
            assert found.predict({"text": TEXTS[0]}).status == 200
        wait_for(lambda: found.count("emoray_log_lost_total") > 0)
        kept = 100 - found.count("emoray_log_lost_total")
        assert found.said.read_text().count("rows are lost") == 1
        found.stop(signal.SIGKILL)
    with served(artifact, tmp_path / "again.txt", "--log", str(log)) as found:
        ready(found)
        wait_for(lambda: list(log.glob("*.parquet")))
    assert 0 < pq.read_table(log).num_rows <= kept


def test_a_client_that_goes_away_disturbs_nobody(service: Served) -> None:
    for sent in (b"", b"POST /predict HTTP/1.1\r\n", HEAD + b'{"text":'):
        with socket.create_connection(("127.0.0.1", service.port), timeout=30) as line:
            line.sendall(sent)
    assert service.predict({"text": "a"}).status == 200
    assert "Traceback" not in service.said.read_text()


def test_an_artifact_that_changes_on_disk_is_told_and_the_old_one_stays(tmp_path: Path) -> None:
    folder = made.artifact(tmp_path / "changing")
    with served(folder, tmp_path / "said.txt", "--look-again", "0.1") as found:
        before = ready(found).predict({"texts": TEXTS}).json
        manifest = (folder / "manifest.json").read_bytes()
        changed = f'emoray_artifact_changed{{artifact="{sha256(manifest)}",role="primary"}}'
        (folder / "manifest.json").write_bytes(manifest + b"\n")
        wait_for(lambda: found.count(changed) == 1)
        assert found.predict({"texts": TEXTS}).json == before
        assert "names another artifact now" in found.said.read_text()
        (folder / "manifest.json").write_bytes(manifest)
        wait_for(lambda: found.count(changed) == 0)


def test_an_alias_that_moves_is_told_and_the_old_artifact_stays(tmp_path: Path) -> None:
    model = tmp_path / "models" / "emotions"
    released = {}
    for seed in range(2):
        folder = made.artifact(tmp_path / f"made {seed}", seed=seed)
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        sha = released[seed] = sha256(files["manifest.json"])
        put_artifact(model, sha, files)

    def promote(seed: int) -> None:
        fields = {"who": "ann@desk", "action": "promote", "artifact": released[seed], "why": ""}
        aliases = {"production": released[seed]}
        assert release_next(model, lambda before: {**fields, "aliases": aliases})

    promote(0)
    environment = {"EMORAY_MODELS": str(model.parent)}
    name, said = "model:emotions@production", tmp_path / "said.txt"
    with served(name, said, "--look-again", "0.1", environment=environment) as found:
        before = ready(found).predict({"texts": TEXTS}).json
        assert before["artifact"] == released[0]
        changed = f'emoray_artifact_changed{{artifact="{released[0]}",role="primary"}}'
        assert found.count(changed) == 0
        promote(1)
        wait_for(lambda: found.count(changed) == 1)
        assert found.predict({"texts": TEXTS}).json == before
        words = f"{name} names another artifact now; {released[0][:12]} is served until a restart"
        assert words in said.read_text()
        promote(0)  # as a rollback does
        wait_for(lambda: found.count(changed) == 0)
    with served(name, said, environment=environment) as found:
        assert ready(found).predict({"text": "a"}).json["artifact"] == released[0]


def test_what_is_too_much_is_refused_at_once_and_answered_later(
    artifact: Path, tmp_path: Path
) -> None:
    options = ("--threads", "1", "--waiting-ms", "0", "--max-texts", "20000")
    with served(artifact, tmp_path / "said.txt", *options, "--max-body-bytes", "9000000") as found:
        ready(found)
        many = {"texts": ["thanks a lot for the so sad joy today, what the hell!"] * 20_000}
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(found.predict(many).status))
            for _ in range(2)  # one at work, one that waits
        ]
        found.predict({"texts": many["texts"][:2000]})  # what a request takes is known
        for thread in threads:
            thread.start()
        wait_for(lambda: found.count("emoray_queue") == 2)
        refused = found.predict({"text": "a"})
        assert refused.status == 429 and refused.headers["retry-after"] == "1"
        assert found.ask("GET", "/livez").status == 200
        for thread in threads:
            thread.join()
        assert statuses == [200, 200]
        wait_for(lambda: found.predict({"text": "a"}).status == 200)


def test_sigterm_answers_what_was_accepted_and_ends_with_zero(
    artifact: Path, tmp_path: Path
) -> None:
    with served(artifact, tmp_path / "said.txt", "--drain", "1") as found:
        ready(found)
        statuses: list[int] = []

        def asking() -> None:
            for _ in range(10_000):
                try:
                    statuses.append(found.predict({"texts": TEXTS}).status)
                except ConnectionRefusedError:
                    return  # nobody listens any more: this one was never accepted
                if found.process.poll() is not None:
                    return

        threads = [threading.Thread(target=asking) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(statuses) > 20)
        found.process.send_signal(signal.SIGTERM)
        wait_for(lambda: found.ask("GET", "/readyz").status == 503)
        draining = found.predict({"text": "a"})
        assert draining.status == 200 and draining.headers["connection"] == "close"
        assert found.process.wait(timeout=60) == 0
        for thread in threads:
            thread.join()
        assert set(statuses) <= {200, 429} and len(statuses) > 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", "70000"), "--port: must be at most 65535, got 70000"),
        (("--max-texts", "0"), "--max-texts: must be at least 1, got 0"),
        (("--threads", "many"), "--threads: invalid int value: 'many'"),
        (("--token", "short"), "a token has at least 16 characters, got 5"),
    ],
    ids=["port", "texts", "threads", "token"],
)
def test_settings_that_cannot_be_are_refused(
    words: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["artifact", *words])
    except SystemExit as ended:
        code = int(str(ended.code))
    assert code in (1, 2) and said in capsys.readouterr().err


def test_a_log_that_cannot_be_opened_ends_the_service_with_one_line(
    artifact: Path, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("a file")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "emoray.serving", str(artifact), "--port", "0"),
            *("--log", str(tmp_path / "log")),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and "log" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_an_artifact_that_is_none_ends_the_service_with_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "emoray.serving", str(tmp_path), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and "manifest.json" in done.stderr
    assert "Traceback" not in done.stderr
