"""The process: a socket, the application, and an end that loses no accepted request."""

import asyncio
import logging
import os
import resource
import socket
import sys
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emoray.serving.app import application
from emoray.serving.connection import TimedConnection
from emoray.serving.service import Running
from emoray.serving.settings import Service

logger = logging.getLogger("emoray.serving")
SETTLING = 1.0  # seconds in which a client that has connected sends its request
HEARD_AFTER = 0.0005  # seconds that a thread which scores may keep the event loop waiting
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _ClosingConnections:
    """While the service drains, every answer asks the client to connect again: elsewhere."""

    def __init__(self, app: ASGIApp, running: Running) -> None:
        self._app, self._running = app, running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def closing(message: Message) -> None:
            if self._running.draining and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, closing if scope["type"] == "http" else send)


class _DrainingServer(uvicorn.Server):
    """A server that goes on accepting for a while after the first signal, and says it drains."""

    def __init__(self, config: uvicorn.Config, running: Running) -> None:
        super().__init__(config)
        self._running = running
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; from here on a signal drains."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        for at in [s.getsockname() for server in self.servers for s in server.sockets]:
            logger.info("listening on http://%s:%d", at[0], at[1])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._running.draining or self._running.engine is None:
            super().handle_exit(sig, frame)  # at once: told twice, or nothing to drain
            return
        self._running.draining = True
        loop = self._loop
        assert loop is not None
        loop.call_soon_threadsafe(loop.call_later, self._running.service.drain, self.end)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        made: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def _take_in(self) -> None:
        """Listen no more, and accept who already waits: closing alone would reset them."""
        waiting: list[socket.socket] = []
        for server in self.servers:
            doors = [socket.socket(fileno=os.dup(s.fileno())) for s in server.sockets]
            server.close()
            for door in doors:
                door.setblocking(False)
                with door, suppress(BlockingIOError):
                    while True:
                        waiting.append(door.accept()[0])
        loop = asyncio.get_running_loop()
        for connection in waiting:
            connection.setblocking(False)
            await loop.connect_accepted_socket(self._protocol, connection)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen no more; answer whoever has connected; then close."""
        await self._take_in()
        if self._running.draining:
            await asyncio.sleep(SETTLING)
        await super().shutdown(sockets)

    def end(self) -> None:
        """Accept nothing more; what was accepted is answered."""
        self.should_exit = True


def _take_all_descriptors() -> None:
    """Open as many connections at once as this user may."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def serve_until_stopped(service: Service) -> int:
    """Serve until SIGTERM or Ctrl-C.

    Returns:
        The exit code: 0 after a signal, 1 where the artifact could not be loaded.
    """
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    if service.host not in LOOPBACK and service.token is None:
        logger.warning("%s listens to others and asks for no token", service.host)
    running = Running(service)
    config = uvicorn.Config(
        _ClosingConnections(application(running), running),
        host=service.host,
        port=service.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        interface="asgi3",
        http=partial(TimedConnection, seconds=service.limits.body_seconds),  # type: ignore[arg-type]
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(service.limits.seconds) + 5,
        lifespan="on",
    )
    server = _DrainingServer(config, running)
    running.stop = server.end
    _take_all_descriptors()
    sys.setswitchinterval(HEARD_AFTER)
    server.run()
    return 0 if running.failed is None else 1
