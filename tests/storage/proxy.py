"""A scripted proxy before the S3 server: what it is told to do to some requests, it does, and
counts."""

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType

STALL_SECONDS = 60.0  # longer than any client in the tests waits
Head = tuple[str, str]  # method and path


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Answered with an error, unheard by the server."""

    code: int
    name: str

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


@dataclass(frozen=True, slots=True)
class Stall:
    """Never answered."""

    def __str__(self) -> str:
        return "time-out"


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset, unheard by the server."""

    def __str__(self) -> str:
        return "reset"


@dataclass(frozen=True, slots=True)
class CutOff:
    """The server's answer breaks off in the middle of its body."""

    def __str__(self) -> str:
        return "cut-off body"


@dataclass(frozen=True, slots=True)
class Lost:
    """The server does what it is asked, and its answer is lost."""

    def __str__(self) -> str:
        return "success whose answer is lost"


Fault = Status | Stall | Reset | CutOff | Lost
SLOW_DOWN = Status(code=503, name="SlowDown")
INTERNAL = Status(code=500, name="InternalError")
FORBIDDEN = Status(code=403, name="AccessDenied")


def always(head: Head) -> bool:
    return True


def puts(head: Head) -> bool:
    return head[0] == "PUT"


def changes(head: Head) -> bool:
    """What a caller with reading rights may not do."""
    return head[0] not in ("GET", "HEAD")


def manifests(head: Head) -> bool:
    """The write that publishes a stage."""
    return head[0] == "PUT" and head[1].endswith("/manifest.json")


def reads(head: Head) -> bool:
    """Of one object; a listing is another thing."""
    return head[0] == "GET" and "list-type" not in head[1]


def every(n: int) -> Callable[[int], bool]:
    """Each n-th request, the first one included."""
    return lambda i: i % n == 0


def some(first: int, count: int = 1) -> Callable[[int], bool]:
    """So many requests from the `first` on, counted from 0."""
    return lambda i: first <= i < first + count


@dataclass(kw_only=True)
class Rule:
    """A fault for some of the requests that it is `meant` for, by their number among them."""

    fault: Fault
    when: Callable[[int], bool]
    meant: Callable[[Head], bool] = always
    seen: int = 0

    def strikes(self, head: Head) -> bool:
        if not self.meant(head):
            return False
        self.seen += 1
        return self.when(self.seen - 1)


@dataclass(kw_only=True)
class Proxy:
    """Listens on a free port of 127.0.0.1 while its block runs. met: fault -> how often."""

    port: int
    rules: list[Rule] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    heard: list[Head] = field(default_factory=list)  # every request since it was last emptied
    sent: int = 0  # bytes of answers
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    listening: threading.Event = field(default_factory=threading.Event)
    own_port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.own_port}"

    @contextmanager
    def scripted(self, *rules: Rule) -> Iterator[None]:
        """Follow these rules while the block runs, and none afterwards."""
        self.rules = list(rules)
        try:
            yield
        finally:
            self.rules = []

    def __enter__(self) -> "Proxy":
        self.thread = threading.Thread(target=self._serve, name="proxy", daemon=True)
        self.thread.start()
        assert self.listening.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            asyncio.start_server(self._meet, "127.0.0.1", 0, limit=1 << 20)
        )
        self.own_port = server.sockets[0].getsockname()[1]
        self.listening.set()
        self.loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self.loop.run_until_complete(asyncio.sleep(0.05))  # connections close in a turn of the loop
        self.loop.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
                await writer.drain()
        except asyncio.CancelledError:  # the proxy ends while it lets someone wait
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one connection."""
        raw = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = raw[0].split(" ")
        headers = dict(line.split(": ", 1) for line in raw[1:] if line)
        low = {name.lower(): value for name, value in headers.items()}
        if "expect" in low:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(low.get("content-length", "0")))
        self.requests += 1
        self.heard.append((method, path))
        fault = next((r.fault for r in self.rules if r.strikes((method, path))), None)
        if fault is not None:
            self.met[str(fault)] += 1
        match fault:
            case Status():
                return self._refuse(writer, fault)
            case Stall():
                await asyncio.sleep(STALL_SECONDS)
            case Reset():
                return _reset(writer)
        kept = [
            f"{n}: {v}" for n, v in headers.items() if n.lower() not in ("expect", "connection")
        ]
        head = "\r\n".join([raw[0], *kept, "Connection: close", "", ""])
        answer = await self._ask(head.encode("latin-1") + body)
        match fault:
            case Lost():
                return _reset(writer)
            case CutOff():
                start = answer.index(b"\r\n\r\n") + 4
                answer = answer[: start + (len(answer) - start) // 2]
        self.sent += len(answer)
        writer.write(answer)
        await writer.drain()

    async def _ask(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read(-1)
        finally:
            writer.close()

    def _refuse(self, writer: asyncio.StreamWriter, fault: Status) -> None:
        said = f"<?xml version='1.0'?><Error><Code>{fault.name}</Code></Error>"
        writer.write(
            f"HTTP/1.1 {fault.code} {fault.name}\r\nContent-Type: application/xml\r\n"
            f"Content-Length: {len(said)}\r\nConnection: close\r\n\r\n{said}".encode()
        )


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection as a crash would: nothing more arrives, not even an end."""
    own = writer.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
