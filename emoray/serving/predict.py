"""POST /predict: the one path where every tenth of a millisecond counts, so plain ASGI.

The answer is sent first; it is counted and logged after that. A refusal for want of room comes
before anything is read.
"""

import asyncio
import hmac
import json
import logging
import time
from typing import Any

from starlette.types import Receive, Scope, Send

from emoray.serving.engine import Engine, Scored
from emoray.serving.requests import PredictRequest, RefusedError, parse
from emoray.serving.service import Running
from emoray.serving.workers import BusyError

logger = logging.getLogger("emoray.serving")
JSON = (b"content-type", b"application/json")
AGAIN = (b"retry-after", b"1")
CHALLENGE = (b"www-authenticate", b"Bearer")
MORE = {401: [CHALLENGE], 429: [AGAIN], 503: [AGAIN]}  # headers of a refusal


class _GoneError(Exception):
    """The client went away before its whole body had come."""


def _encoded(found: dict[str, Any]) -> bytes:
    return json.dumps(
        found, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()  # as Starlette has it


def _answer(engine: Engine, scored: Scored, *, logits: bool) -> bytes:
    labels, predictions = engine.labels, []
    for decided_K, probabilities_K, logits_K, reading in zip(
        scored.decided_NK.tolist(),
        scored.probabilities_NK.tolist(),
        scored.logits_NK.tolist(),
        scored.readings,
        strict=True,
    ):
        one: dict[str, Any] = {
            "labels": [label for label, holds in zip(labels, decided_K, strict=True) if holds],
            "probabilities": dict(zip(labels, probabilities_K, strict=True)),
            "truncated": reading.truncated,
            "unknown_share": reading.unknown_share,
        }
        if logits:
            one["logits"] = dict(zip(labels, logits_K, strict=True))
        predictions.append(one)
    return _encoded({"artifact": engine.sha256, "predictions": predictions})


async def _body(receive: Receive, told: bytes, most: int) -> bytes:
    """The whole body, which has at most so many bytes; told: its length, by its header."""
    if told.isdigit() and int(told[:18]) > most:
        shown = told[:18].decode()
        raise RefusedError(413, f"a body has at most {most:,} bytes, got {shown}: send less")
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise RefusedError(413, f"a body has at most {most:,} bytes, got more: send less")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


class Predict:
    """Classifies the texts of one request."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._token = (running.service.token or "").encode()

    def _refuse_strangers(self, headers: dict[bytes, bytes]) -> None:
        if not self._token:
            return
        kind, _, token = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"bearer" or not hmac.compare_digest(token, self._token):
            raise RefusedError(401, "this service asks for its bearer token")

    async def _asked(self, headers: dict[bytes, bytes], receive: Receive) -> PredictRequest:
        limits = self._running.service.limits
        self._refuse_strangers(headers)
        kind = headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
        if kind != b"application/json":
            shown = kind.decode("latin-1")[:60]
            raise RefusedError(415, f"a body is application/json, got {shown!r}")
        told = headers.get(b"content-length", b"")
        try:
            async with asyncio.timeout(limits.body_seconds):
                body = await _body(receive, told, limits.body_bytes)
        except TimeoutError:
            raise RefusedError(
                408, f"a body comes within {limits.body_seconds:g} seconds: send it faster"
            ) from None
        return parse(body, limits)

    async def _refused(self, send: Send, status: int, reason: str) -> None:
        await self._send(send, status, _encoded({"error": reason}), *MORE.get(status, ()))

    async def _send(self, send: Send, status: int, body: bytes, *more: tuple[bytes, bytes]) -> None:
        headers = [JSON, (b"content-length", str(len(body)).encode()), *more]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        if self._running.counters is not None:
            self._running.counters.requests.labels(status).inc()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        running = self._running
        try:
            if running.workers is None:
                raise RefusedError(503, "the artifact is loading: try again in a second")
            if running.workers.full:
                raise BusyError
            asked = await self._asked(dict(scope["headers"]), receive)
            engine, start = running.engine_of(asked), time.perf_counter()
            async with asyncio.timeout(running.service.limits.seconds):
                scored = await running.workers.scored(engine, asked.texts)
            answer = _answer(engine, scored, logits=asked.logits)
        except RefusedError as refused:
            await self._refused(send, refused.status, refused.reason)
        except BusyError:
            await self._refused(send, 429, "as many requests wait as may: try again")
        except _GoneError:
            await self._refused(send, 400, "the client went away before its whole body had come")
        except TimeoutError:
            seconds = running.service.limits.seconds
            reason = f"an answer takes at most {seconds:g} seconds: send fewer texts"
            await self._refused(send, 503, reason)
        except Exception:
            logger.exception("a request failed")
            await self._refused(send, 500, "the model failed on this request: see the log")
        else:
            await self._send(send, 200, answer)
            running.answered(asked, engine, scored, time.perf_counter() - start)
