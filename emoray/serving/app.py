"""The routes of the service: requests in, predictions out."""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from emoray import __version__
from emoray.serving.counters import CONTENT_TYPE
from emoray.serving.engine import BusyError, Scored
from emoray.serving.openapi import contract
from emoray.serving.requests import PredictRequest, RefusedError, parse
from emoray.serving.service import Running

RETRY_AFTER = "1"


def _error(status: int, reason: str, **headers: str) -> JSONResponse:
    return JSONResponse({"error": reason}, status, headers)


def _predictions(scored: Scored, labels: list[str], *, logits: bool) -> list[dict[str, Any]]:
    found = []
    for i, reading in enumerate(scored.readings):
        held = scored.decided_NK[i].tolist()
        one: dict[str, Any] = {
            "labels": [label for label, holds in zip(labels, held, strict=True) if holds],
            "probabilities": dict(zip(labels, scored.probabilities_NK[i].tolist(), strict=True)),
            "truncated": reading.truncated,
            "unknown_share": reading.unknown_share,
        }
        if logits:
            one["logits"] = dict(zip(labels, scored.logits_NK[i].tolist(), strict=True))
        found.append(one)
    return found


async def _body(request: Request, most: int) -> bytes:
    """The whole body, which has at most so many bytes."""
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdecimal() and int(told[:18]) > most:
        raise RefusedError(413, f"a body has at most {most:,} bytes, got {told[:18]}: send less")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise RefusedError(413, f"a body has at most {most:,} bytes, got more: send less")
        parts.append(part)
    return b"".join(parts)


class Routes:
    """What answers each path of one running service."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._token = (running.service.token or "").encode()
        self._page = files(__package__).joinpath("page.html").read_text("utf-8")

    def _refuse_strangers(self, request: Request) -> None:
        if not self._token:
            return
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._token):
            raise RefusedError(401, "this service asks for its bearer token")

    async def _asked(self, request: Request) -> PredictRequest:
        limits = self._running.service.limits
        self._refuse_strangers(request)
        kind = request.headers.get("content-type", "application/json").partition(";")[0]
        if kind.strip().lower() != "application/json":
            raise RefusedError(415, f"a body is application/json, got {kind.strip()[:60]!r}")
        try:
            async with asyncio.timeout(limits.body_seconds):
                body = await _body(request, limits.body_bytes)
        except TimeoutError:
            raise RefusedError(
                408, f"a body comes within {limits.body_seconds:g} seconds: send it faster"
            ) from None
        return parse(body, limits)

    async def predict(self, request: Request) -> Response:
        """Classify the texts of one request."""
        running = self._running
        found: Response
        try:
            if running.engine is None:
                raise RefusedError(503, "the artifact is loading: try again in a second")
            if running.engine.full:  # before the body is read: a refusal costs next to nothing
                raise BusyError
            asked = await self._asked(request)
            start = time.perf_counter()
            async with asyncio.timeout(running.service.limits.seconds):
                scored = await running.engine.scored(asked.texts)
            found = JSONResponse(
                {
                    "artifact": running.engine.sha256,
                    "predictions": _predictions(
                        scored, list(running.engine.classifier.labels), logits=asked.logits
                    ),
                }
            )
            running.answered(asked, scored, time.perf_counter() - start)
        except RefusedError as refused:
            again = {"retry-after": RETRY_AFTER} if refused.status == 503 else {}
            challenge = {"www-authenticate": "Bearer"} if refused.status == 401 else {}
            found = _error(refused.status, refused.reason, **again, **challenge)
        except BusyError:
            reason = "as many requests wait as may: try again"
            found = _error(429, reason, **{"retry-after": RETRY_AFTER})
        except ClientDisconnect:
            found = _error(400, "the client went away before its whole body had come")
        except TimeoutError:
            seconds = running.service.limits.seconds
            found = _error(503, f"an answer takes at most {seconds:g} seconds: send fewer texts")
        if running.counters is not None:
            running.counters.requests.labels(found.status_code).inc()
        return found

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
        labels = list(running.engine.classifier.labels)
        limits = running.service.limits
        return JSONResponse(contract(labels, limits, __version__, token=bool(self._token)))

    async def page(self, request: Request) -> Response:
        """A page to try it on."""
        return HTMLResponse(self._page)


async def _no_such(request: Request, error: Exception) -> Response:
    """An error of the router's, as all others look."""
    assert isinstance(error, HTTPException)
    return _error(error.status_code, error.detail, **(error.headers or {}))


def application(running: Running) -> Starlette:
    """The ASGI application of a running service, which it loads and closes."""
    routes = Routes(running)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await running.open()
        try:
            yield
        finally:
            await running.close()

    return Starlette(
        routes=[
            Route("/", routes.page),
            Route("/predict", routes.predict, methods=["POST"]),
            Route("/livez", routes.livez),
            Route("/readyz", routes.readyz),
            Route("/metrics", routes.metrics),
            Route("/model", routes.model),
            Route("/openapi.json", routes.openapi),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _no_such},
    )
