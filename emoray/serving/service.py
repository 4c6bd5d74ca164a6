"""A running service: what is loaded, counted, logged and scored off the answer's path."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from emoray.artifact.runtime import CARD
from emoray.releases.resolving import artifact_sha256, local_artifact
from emoray.serving.counters import Counters
from emoray.serving.engine import (
    BusyError,
    Engine,
    Scored,
    granted_processors,
)
from emoray.serving.request_log import LoggedRequest, RequestLogWriter, open_log
from emoray.serving.requests import PredictRequest
from emoray.serving.settings import Service

logger = logging.getLogger("emoray.serving")
SHADOW_PATIENCE = 1.0  # seconds: nobody waits for it
SHADOW = "shadow"  # tasks that score off the answer's path


class Running:
    """One service. `engine` is None until the artifact is loaded; `stop` ends the process."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.stop: Callable[[], None] = lambda: None
        self.engine: Engine | None = None
        self.shadow: Engine | None = None
        self.counters: Counters | None = None
        self.draining = False
        self.failed: Exception | None = None
        self._log: RequestLogWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin to load; requests are answered with 503 until that is done."""
        self._keep(asyncio.create_task(self._load()))

    async def _load(self) -> None:
        try:
            engine, shadow = await asyncio.to_thread(self._loaded)
            self.counters = Counters(engine, shadow=shadow)
            if self.service.log.folder is not None:
                lost = self.counters.log_lost.inc
                self._log = await asyncio.to_thread(open_log, self.service.log, lost=lost)
        except Exception as error:
            self.failed = error
            logger.error("%s", error)
            self.stop()
            return
        self.shadow, self.engine = shadow, engine
        logger.info("serving %s, SHA-256 %s", self.service.artifact, engine.sha256)
        self._keep(asyncio.create_task(self._watch(engine)))

    def _loaded(self) -> tuple[Engine, Engine | None]:
        threads = self.service.threads or granted_processors()
        patience = self.service.limits.waiting_ms / 1e3
        engine = Engine(
            folder=local_artifact(self.service.artifact), threads=threads, patience=patience
        )
        if self.service.shadow is None:
            return engine, None
        shadow = Engine(
            folder=local_artifact(self.service.shadow), threads=1, patience=SHADOW_PATIENCE
        )
        return engine, shadow

    async def _watch(self, engine: Engine) -> None:
        """Say when the folder holds another artifact; the one that was loaded stays."""
        assert self.counters is not None
        before = False
        while True:
            await asyncio.sleep(self.service.look_again)
            try:
                found = await asyncio.to_thread(artifact_sha256, self.service.artifact)
            except FileNotFoundError:
                found = ""
            except (OSError, ValueError):  # a bucket that is away, a damaged release: no other one
                continue
            changed = found != engine.sha256
            if changed and not before:
                logger.warning(
                    "%s holds another artifact now; %s is served until a restart",
                    self.service.artifact,
                    engine.sha256[:12],
                )
            self.counters.changed.set(int(changed))
            before = changed

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def answered(self, asked: PredictRequest, scored: Scored, seconds: float) -> None:
        """Count and log an answer; let the shadow score the same texts."""
        assert self.counters is not None and self.engine is not None
        self.counters.seconds.observe(seconds)
        self.counters.count(scored)
        self._write(asked, scored, self.engine, "primary")
        if self.shadow is not None:
            if self.shadow.full:
                self.counters.shadow_skipped.inc()
            else:
                self._keep(asyncio.create_task(self._shadowed(asked, scored), name=SHADOW))

    async def _shadowed(self, asked: PredictRequest, scored: Scored) -> None:
        assert self.counters is not None and self.shadow is not None
        try:
            found = await self.shadow.scored(asked.texts)
        except BusyError:
            self.counters.shadow_skipped.inc()
            return
        except Exception:
            logger.exception("the shadow failed")
            self.counters.shadow_skipped.inc()
            return
        self.counters.count_shadow(scored, found, list(self.shadow.classifier.labels))
        self._write(asked, found, self.shadow, "shadow")

    def _write(self, asked: PredictRequest, scored: Scored, engine: Engine, role: str) -> None:
        if self._log is not None:
            self._log.write(
                LoggedRequest(
                    asked=asked,
                    scored=scored,
                    artifact=engine.sha256,
                    role=role,
                    labels=list(engine.classifier.labels),
                )
            )

    def described(self) -> dict[str, Any] | None:
        """What `/model` answers; None while it loads."""
        if self.engine is None:
            return None
        card = self.engine.folder / CARD
        return {
            "artifact": self.engine.sha256,
            "labels": list(self.engine.classifier.labels),
            "limits": asdict(self.service.limits),
            "shadow": None if self.shadow is None else self.shadow.sha256,
            "card": json.loads(card.read_bytes()) if card.exists() else None,
        }

    async def close(self) -> None:
        """Let what was accepted end, the shadow's work too, and finish the log."""
        shadowing = [task for task in self._tasks if task.get_name() == SHADOW]
        await asyncio.gather(*shadowing, return_exceptions=True)
        for task in list(self._tasks):
            task.cancel()
        for engine in (self.engine, self.shadow):
            if engine is not None:
                await asyncio.to_thread(engine.close)
        if self._log is not None:
            await asyncio.to_thread(self._log.close)
