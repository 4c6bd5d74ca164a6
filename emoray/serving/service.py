"""A running service: what is loaded, counted, logged and scored off the answer's path."""

import asyncio
import gc
import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emoray.artifact.runtime import CARD
from emoray.releases.resolving import artifact_sha256, local_artifact
from emoray.serving.counters import Counters
from emoray.serving.engine import PRIMARY, SHADOW, SPLIT, Engine, Scored
from emoray.serving.request_log import LoggedRequest, LogTold, RequestLogWriter, open_log
from emoray.serving.requests import PredictRequest
from emoray.serving.settings import Service
from emoray.serving.split import answered_by_split
from emoray.serving.workers import BusyError, Workers, granted_processors

logger = logging.getLogger("emoray.serving")
SHADOW_PATIENCE = 1.0  # seconds: nobody waits for it


def _local(name: str) -> Path:
    """The folder on this machine of an artifact, wherever it lies; ValueError says what lacks."""
    try:
        return local_artifact(name)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"an artifact on S3 needs {error.name}, which is not installed: pip install "
            "'emoray[serve-log]', or copy the artifact to a folder"
        ) from None


class Running:
    """One service. `engine` is None until all is loaded; `stop` ends the process."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.stop: Callable[[], None] = lambda: None
        self.engine: Engine | None = None
        self.split: Engine | None = None
        self.shadow: Engine | None = None
        self.workers: Workers | None = None
        self.counters: Counters | None = None
        self.draining = False
        self.failed: Exception | None = None
        self._shadow_workers = Workers(threads=1, patience=SHADOW_PATIENCE)
        self._log: RequestLogWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> asyncio.Task[None]:
        """Begin to load; requests are answered with 503 until that is done.

        Returns:
            What ends when all is loaded, or nothing can be.
        """
        loading = asyncio.create_task(self._load())
        self._keep(loading)
        return loading

    async def _load(self) -> None:
        service = self.service
        workers = Workers(
            threads=service.threads or granted_processors(),
            patience=service.limits.waiting_ms / 1e3,
        )
        try:
            names = await asyncio.to_thread(self._loaded)
            self.counters = Counters(list(names), queue=lambda: workers.at_work)
            if service.log.folder is not None:
                told = LogTold(
                    lost=self.counters.log_lost.inc,
                    failed=self.counters.log_failed.inc,
                    waiting=self.counters.log_waiting.set,
                )
                self._log = await asyncio.to_thread(open_log, service.log, told)
        except Exception as error:
            self.failed = error
            logger.error("%s", error)
            self.stop()
            return
        by_role = {engine.role: engine for engine in names}
        self.split, self.shadow = by_role.get(SPLIT), by_role.get(SHADOW)
        self.engine, self.workers = by_role[PRIMARY], workers
        gc.collect()
        gc.freeze()  # a model is no garbage: to look through it again costs requests milliseconds
        for engine, name in names.items():
            logger.info("serving %s (%s), SHA-256 %s", name, engine.role, engine.sha256)
            self._keep(asyncio.create_task(self._watch(engine, name)))

    def _loaded(self) -> dict[Engine, str]:
        """Every artifact, and what it was named."""
        service, found = self.service, {}
        named = {PRIMARY: service.artifact, SPLIT: service.split, SHADOW: service.shadow}
        for role, name in named.items():
            if name is not None:
                engine = Engine(folder=_local(name), role=role, taxonomy=service.taxonomy)
                found[engine] = name
        primary, *others = found
        for other in others:
            if other.role == SPLIT and sorted(other.labels) != sorted(primary.labels):
                raise ValueError(
                    f"both artifacts of a split have the same labels, got {primary.labels} and "
                    f"{other.labels}: serve {service.split} by itself, or as --shadow"
                )
        return found

    async def _watch(self, engine: Engine, name: str) -> None:
        """Say when its name means another artifact now; the one that was loaded stays."""
        assert self.counters is not None
        before = False
        while True:
            await asyncio.sleep(self.service.look_again)
            try:
                found = await asyncio.to_thread(artifact_sha256, name)
            except FileNotFoundError:
                found = ""
            except (OSError, ValueError):  # a bucket that is away, a damaged release: no other one
                continue
            changed = found != engine.sha256
            if changed and not before:
                logger.warning(
                    "%s names another artifact now; %s is served until a restart",
                    name,
                    engine.sha256[:12],
                )
            self.counters.changed(engine, now=changed)
            before = changed

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def engine_of(self, asked: PredictRequest) -> Engine:
        """Which artifact answers a request."""
        assert self.engine is not None
        split, share = self.split, self.service.split_share
        if split is not None and answered_by_split(asked, split.sha256, share):
            return split
        return self.engine

    def answered(
        self, asked: PredictRequest, engine: Engine, scored: Scored, seconds: float
    ) -> None:
        """Count and log an answer; let the shadow score the texts that the first model answered."""
        assert self.counters is not None
        self.counters.count(engine, scored, seconds)
        self._write(asked, scored, engine)
        if self.shadow is not None and engine.role == PRIMARY:
            if self._shadow_workers.full:
                self.counters.shadow_skipped.inc()
            else:
                self._keep(asyncio.create_task(self._shadowed(asked, scored), name=SHADOW))

    async def _shadowed(self, asked: PredictRequest, scored: Scored) -> None:
        assert self.counters and self.engine and self.shadow
        try:
            found = await self._shadow_workers.scored(self.shadow, asked.texts)
        except BusyError:
            self.counters.shadow_skipped.inc()
            return
        except Exception:
            logger.exception("the shadow failed")
            self.counters.shadow_skipped.inc()
            return
        self.counters.count_shadow(self.engine, scored, self.shadow, found)
        self._write(asked, found, self.shadow)

    def _write(self, asked: PredictRequest, scored: Scored, engine: Engine) -> None:
        if self._log is not None:
            self._log.write(
                LoggedRequest(
                    asked=asked,
                    scored=scored,
                    artifact=engine.sha256,
                    role=engine.role,
                    labels=engine.labels,
                    split_share=None if self.split is None else self.service.split_share,
                )
            )

    def described(self) -> dict[str, Any] | None:
        """What `/model` answers; None while it loads."""
        if self.engine is None:
            return None
        card = self.engine.folder / CARD
        return {
            "artifact": self.engine.sha256,
            "labels": self.engine.labels,
            "limits": asdict(self.service.limits),
            "split": None if self.split is None else self.split.sha256,
            "split_share": None if self.split is None else self.service.split_share,
            "shadow": None if self.shadow is None else self.shadow.sha256,
            "card": json.loads(card.read_bytes()) if card.exists() else None,
        }

    async def close(self) -> None:
        """Let what was accepted end, the shadow's work too, and finish the log."""
        shadowing = [task for task in self._tasks if task.get_name() == SHADOW]
        await asyncio.gather(*shadowing, return_exceptions=True)
        for task in list(self._tasks):
            task.cancel()
        for workers in (self.workers, self._shadow_workers):
            if workers is not None:
                await asyncio.to_thread(workers.close)
        if self._log is not None:
            await asyncio.to_thread(self._log.close)
