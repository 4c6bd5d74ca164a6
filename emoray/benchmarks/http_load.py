"""Requests over bare sockets, so that what the client takes is little beside what it measures.

Connections are kept, as a proxy before a service keeps them; where all wait for an answer another
one is opened.
"""

import json
import re
import selectors
import socket
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np

from emoray.artifact.runtime import Classifier

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
HEAD_ENDS = b"\r\n\r\n"


@dataclass(slots=True)
class Load:
    """What came of some requests: seconds of those answered, and statuses of the others."""

    seconds: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def p99(self) -> float:
        """Of those answered, in milliseconds."""
        return float(np.quantile(self.seconds, 0.99)) * 1e3

    def p50(self) -> float:
        """Of those answered, in milliseconds."""
        return float(np.quantile(self.seconds, 0.5)) * 1e3


def as_request(asked: dict[str, Any], path: str = "/predict") -> bytes:
    """A whole POST request."""
    body = json.dumps(asked).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def batches_of(texts: Sequence[str], size: int, requests: int) -> list[bytes]:
    """Requests of so many texts each, which go round."""
    starts = (i % len(texts) for i in range(0, size * requests, size))
    return [as_request({"texts": texts[start:][:size]}) for start in starts]


class Connection:
    """One connection, and the answer that it reads."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self._read = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def status(self) -> int | None:
        """Read what is there; the status once the answer is whole."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the service closed the connection")
        self._read += part
        head, ended, body = self._read.partition(HEAD_ENDS)
        if not ended:
            return None
        length = LENGTH.search(head)
        assert length is not None, head
        if len(body) < int(length[1]):
            return None
        self._read = b""
        return int(head.split(None, 2)[1])

    def seconds(self, request: bytes) -> float:
        """Seconds of one request, which is answered."""
        start = time.perf_counter()
        self.socket.sendall(request)
        while (status := self.status()) is None:
            pass
        spent = time.perf_counter() - start
        assert status == 200, status
        return spent


def offered(port: int, requests: Sequence[bytes], rate: float, seed: int) -> Load:
    """Send requests as they come (Poisson), so many a second, whatever becomes of others.

    Args:
        port: on this machine.
        requests: each sent once.
        rate: requests a second.
        seed: of the times.

    Returns:
        Seconds from when a request was due to the last byte of its answer.
    """
    gaps = np.random.default_rng(seed).exponential(1 / rate, len(requests))
    due = (time.perf_counter() + np.cumsum(gaps)).tolist()
    free: list[Connection] = []
    found, sent, open_ = Load(), 0, 0
    with selectors.DefaultSelector() as selector:
        while sent < len(due) or open_ > len(free):
            now = time.perf_counter()
            while sent < len(due) and due[sent] <= now:
                if free:
                    connection = free.pop()
                else:
                    connection = Connection(port)
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                    open_ += 1
                connection.due = due[sent]
                connection.socket.sendall(requests[sent])
                sent += 1
            wait = max(0.0, due[sent] - time.perf_counter()) if sent < len(due) else 60.0
            for key, _ in selector.select(wait):
                connection = key.data
                if connection in free:  # nothing was asked: the service has closed an idle one
                    selector.unregister(connection.socket)
                    connection.socket.close()
                    free.remove(connection)
                    open_ -= 1
                    continue
                if (status := connection.status()) is None:
                    continue
                if status == 200:
                    found.seconds.append(time.perf_counter() - connection.due)
                else:
                    found.refused.append(status)
                free.append(connection)
        for connection in free:
            connection.socket.close()
    return found


def both(classifier: Classifier, port: int, texts: Sequence[str]) -> tuple[float, float]:
    """Median milliseconds in this process and over HTTP, text by text in turn."""
    local, wire = [], []
    with Connection(port) as connection:
        for text in texts:
            request = as_request({"texts": [text]})
            start = time.perf_counter()
            classifier([text])
            local.append(time.perf_counter() - start)
            wire.append(connection.seconds(request))
    return statistics.median(local) * 1e3, statistics.median(wire) * 1e3


def median_ms(ports: Mapping[str, int], texts: Sequence[str]) -> dict[str, float]:
    """Median milliseconds of a text, by service; each text goes to all of them in turn."""
    spent: dict[str, list[float]] = {name: [] for name in ports}
    with ExitStack() as stack:
        connections = {name: stack.enter_context(Connection(port)) for name, port in ports.items()}
        for text in texts:
            request = as_request({"texts": [text]})
            for name, connection in connections.items():
                spent[name].append(connection.seconds(request))
    return {name: statistics.median(seconds) * 1e3 for name, seconds in spent.items()}


def seconds_each(port: int, requests: Sequence[bytes]) -> float:
    """Seconds of a request where one follows the other: what a service can answer."""
    with Connection(port) as connection:
        return sum(connection.seconds(request) for request in requests) / len(requests)
