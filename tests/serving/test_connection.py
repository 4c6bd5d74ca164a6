"""Clients that are slow or silent are given up, and nobody else waits for them."""

import json
import socket
import time
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from emoray.benchmarks.http_load import as_request
from tests.serving import made
from tests.serving.made import Served, ready, served

SECONDS = "0.5"
HALF_OPEN = 300


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("slow")
    with served(made.artifact(folder / "a"), folder / "said", "--body-seconds", SECONDS) as found:
        yield ready(found)


@pytest.fixture
def line(service: Served) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as opened:
        yield opened


def rest(line: socket.socket) -> bytes:
    """All that comes until the service closes the connection."""
    parts = []
    while part := line.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def status(line: socket.socket) -> int:
    """Of the next answer, which is read whole."""
    with HTTPResponse(line) as answer:
        answer.begin()
        answer.read()
    return answer.status


def test_a_head_that_comes_too_slowly_is_given_up(line: socket.socket) -> None:
    line.sendall(b"POST /predict HTTP/1.1\r\nhost: a\r\n")
    try:
        for _ in range(600):
            line.sendall(b"x: y\r\n")
            time.sleep(0.05)
        pytest.fail("a head without an end was read for half a minute")
    except (BrokenPipeError, ConnectionResetError):
        pass


def test_a_head_that_is_given_up_is_told_so(line: socket.socket) -> None:
    line.sendall(b"POST /predict HTTP/1.1\r\nhost: a\r\n")
    assert rest(line).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_a_head_is_slow_after_an_answer_too(line: socket.socket) -> None:
    line.sendall(as_request({"text": "a"}))
    assert status(line) == 200
    line.sendall(b"POST /predict HTTP/1.1\r\n")
    assert rest(line).startswith(b"HTTP/1.1 408")


def test_a_head_without_an_end_is_refused_before_it_fills_the_memory(line: socket.socket) -> None:
    line.sendall(b"POST /predict HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 100_000)
    assert rest(line).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


def test_a_request_in_two_pieces_is_answered(line: socket.socket) -> None:
    whole = as_request({"text": "thanks"})
    for start in range(0, len(whole), 20):
        line.sendall(whole[start : start + 20])
        time.sleep(0.005)
    assert status(line) == 200
    time.sleep(2 * float(SECONDS))  # a connection between requests may wait
    line.sendall(whole)
    assert status(line) == 200


def test_connections_that_say_nothing_are_closed_and_others_are_answered(service: Served) -> None:
    silent = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(HALF_OPEN)]
    try:
        for _ in range(20):
            assert service.predict({"text": "a"}).status == 200
        for line in silent:
            line.settimeout(30)
            assert rest(line).startswith(b"HTTP/1.1 408")
    finally:
        for line in silent:
            line.close()
    assert service.process.poll() is None and "Traceback" not in service.said.read_text()


def test_a_client_that_does_not_take_its_answers_is_given_up(service: Served) -> None:
    request = as_request({"texts": ["a"] * 256, "logits": True})
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", service.port))
        line.settimeout(30)
        line.sendall(request * 60)  # answers of more than systems keep for a client
        assert service.predict({"text": "a"}).status == 200
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            while True:
                time.sleep(0.1)
                line.sendall(request)
    answered = service.predict({"texts": ["a"] * 256})
    assert answered.status == 200 and len(json.loads(answered.body)["predictions"]) == 256
