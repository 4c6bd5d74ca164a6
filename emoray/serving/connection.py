"""One connection of a client, who may be slow, or silent, but not for ever: others need the room.

uvicorn gives up a connection that is idle between two requests. One that never sends a whole head,
or does not take its answer, it would hold as long as the client does.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 1 << 16  # of the line and the headers of a request


class TimedConnection(HttpToolsProtocol):
    """A connection whose client has so many seconds for a head, and for taking what is sent."""

    def __init__(self, *, seconds: float, **settings: Any) -> None:
        super().__init__(**settings)
        self._seconds = seconds
        self._due: asyncio.TimerHandle | None = None  # a head is
        self._stuck: asyncio.TimerHandle | None = None  # an answer is
        self._head_bytes = 0  # of one that is not whole yet
        self._in_head = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected: its first request is due."""
        super().connection_made(transport)
        self._due = self.loop.call_later(self._seconds, self._late)

    def on_message_begin(self) -> None:
        """A head has begun."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read on; a head that comes with its first bytes, as nearly all do, costs no timer."""
        super().data_received(data)
        if not self._in_head:
            self._head_bytes = 0
            if self._due is not None and self.cycle is not None:
                self._due.cancel()
                self._due = None
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._due is None:
            self._due = self.loop.call_later(self._seconds, self._late)

    def _late(self) -> None:
        self._due = None
        if self.cycle is not None and not self.cycle.response_complete:  # of the request before
            self._due = self.loop.call_later(self._seconds, self._late)
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        if not self.transport.is_closing():
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            self.transport.write(f"{head}content-length: 0\r\nconnection: close\r\n\r\n".encode())
            self.transport.close()

    def pause_writing(self) -> None:
        """The client takes nothing of what waits for it."""
        super().pause_writing()
        self._stuck = self.loop.call_later(self._seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        for timer in (self._due, self._stuck):
            if timer is not None:
                timer.cancel()
        self._due = self._stuck = None
        super().connection_lost(exc)
