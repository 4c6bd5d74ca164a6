"""The routes of the service: requests in, predictions out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from emoray import __version__
from emoray.serving.counters import CONTENT_TYPE
from emoray.serving.openapi import contract
from emoray.serving.predict import Predict
from emoray.serving.service import Running


def _error(status: int, reason: str, **headers: str) -> JSONResponse:
    return JSONResponse({"error": reason}, status, headers)


class Routes:
    """What answers each path of one running service."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._page = files(__package__).joinpath("page.html").read_text("utf-8")

    async def livez(self, request: Request) -> Response:
        """Whether the process lives."""
        return PlainTextResponse("ok\n")

    async def readyz(self, request: Request) -> Response:
        """Whether the next request would be answered."""
        running = self._running
        if running.draining:
            return PlainTextResponse("draining\n", 503)
        ready = running.engine is not None
        return PlainTextResponse("ok\n" if ready else "loading\n", 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Counters, in Prometheus' text format."""
        counters = self._running.counters
        if counters is None:
            return PlainTextResponse("loading\n", 503)
        return Response(counters.exposed(), media_type=CONTENT_TYPE)

    async def model(self, request: Request) -> Response:
        """The card of what is served, its labels and the limits of a request."""
        found = self._running.described()
        return _error(503, "the artifact is loading") if found is None else JSONResponse(found)

    async def openapi(self, request: Request) -> Response:
        """The contract."""
        running = self._running
        if running.engine is None:
            return _error(503, "the artifact is loading")
        service = running.service
        token = service.token is not None
        found = contract(running.engine.labels, service.limits, __version__, token=token)
        return JSONResponse(found)

    async def page(self, request: Request) -> Response:
        """A page to try it on."""
        return HTMLResponse(self._page)


async def _no_such(request: Request, error: Exception) -> Response:
    """An error of the router's, as all others look."""
    assert isinstance(error, HTTPException)
    return _error(error.status_code, error.detail, **(error.headers or {}))


def application(running: Running, *, wait: bool = False) -> ASGIApp:
    """The ASGI application of a running service, which it loads and closes.

    Args:
        running: the service.
        wait: whether it starts only once all is loaded, and fails where that fails; else it says
            meanwhile that it is loading.

    Returns:
        The application, for one event loop.
    """
    routes, predict = Routes(running), Predict(running)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        loading = await running.open()
        if wait:
            await loading
            if running.failed is not None:
                raise running.failed
        try:
            yield
        finally:
            await running.close()

    others = Starlette(
        routes=[
            Route("/", routes.page),
            Route("/predict", predict, methods=["POST"]),  # other methods are told so
            Route("/livez", routes.livez),
            Route("/readyz", routes.readyz),
            Route("/metrics", routes.metrics),
            Route("/model", routes.model),
            Route("/openapi.json", routes.openapi),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _no_such},
    )

    async def entrance(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/predict" and scope["method"] == "POST":
            await predict(scope, receive, send)
        else:
            await others(scope, receive, send)

    return entrance
