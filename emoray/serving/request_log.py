"""What was asked and answered, as Parquet files that appear whole.

A row is appended at once to an open file of JSON lines on this machine, by a thread of its own. A
second thread makes Parquet of those that are full or old, and takes them to where the log lies; as
long as that fails they stay, and are tried again. So a process that is killed loses the rows of its
last moments at most: whoever opens the log next finishes what the dead left.
"""

import fcntl
import hashlib
import json
import logging
import os
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from emoray.serving.engine import Scored
from emoray.serving.requests import PredictRequest
from emoray.serving.settings import RequestLog

logger = logging.getLogger("emoray.serving")
OPEN = ".open"
RETRY = 30.0  # seconds until a file that could not be finished is tried again
MOST_WAITING = 20_000  # requests whose rows are not written yet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoggedRequest:
    """One request that an artifact scored, for the log.

    role: primary, split, or shadow. split_share: of the requests that --split answers, if any.
    """

    asked: PredictRequest
    scored: Scored
    artifact: str
    role: str
    labels: list[str]
    split_share: float | None = None
    time: float = field(default_factory=time.time)

    def rows(self, *, texts: bool) -> Iterator[dict[str, Any]]:
        """A row for each text; the text itself where that is wanted."""
        scored, share = self.scored, len(self.asked.texts)
        for i, (text, reading) in enumerate(zip(self.asked.texts, scored.readings, strict=True)):
            yield {
                "time": self.time,
                "request": self.asked.id,
                "number": i,
                "role": self.role,
                "artifact": self.artifact,
                "key": self.asked.key,
                "split_share": self.split_share,
                "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
                "characters": len(text),
                "tokens": len(reading.ids),
                "truncated": reading.truncated,
                "unknown_share": reading.unknown_share,
                "label_names": self.labels,
                "logits": scored.logits_NK[i].tolist(),
                "probabilities": scored.probabilities_NK[i].tolist(),
                "decided": scored.decided_NK[i].tolist(),
                "milliseconds": 1e3 * scored.seconds / share,
                "text": text if texts else None,
            }


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema(
        {
            "time": pa.timestamp("us", "UTC"),
            "request": pa.string(),
            "number": pa.int32(),
            "role": pa.string(),
            "artifact": pa.string(),
            "key": pa.string(),
            "split_share": pa.float64(),
            "text_sha256": pa.string(),
            "characters": pa.int32(),
            "tokens": pa.int32(),
            "truncated": pa.bool_(),
            "unknown_share": pa.float32(),
            "label_names": pa.list_(pa.string()),
            "logits": pa.list_(pa.float32()),
            "probabilities": pa.list_(pa.float32()),
            "decided": pa.list_(pa.bool_()),
            "milliseconds": pa.float32(),
            "text": pa.string(),
        }
    )


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines; one that a kill or a full disk tore is none."""
    rows, torn = [], 0
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
        except ValueError:
            torn += bool(line)
            continue
        rows.append(row | {"time": datetime.fromtimestamp(row["time"], UTC)})
    if torn:
        logger.warning("request log: %d rows of %s were torn, and are lost", torn, path)
    return rows


def _to_parquet(lines: Path, target: str) -> None:
    """Finish a file of JSON lines: Parquet of the same name in `target`, then the lines go."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = _read_lines(lines)
    if rows:
        aside = lines.with_suffix(".tmp")
        pq.write_table(pa.Table.from_pylist(rows, _schema()), aside, compression="zstd")
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        name = f"{lines.stem}.parquet"
        if target.startswith("s3://"):
            from emoray.storage.s3 import S3Folder

            S3Folder.of(target).upload(name, aside)
            aside.unlink()
        else:
            os.replace(aside, Path(target) / name)
    lines.unlink()


def _spool(folder: str) -> Path:
    """Where open files of the log lie: always on this machine."""
    if not folder.startswith("s3://"):
        return Path(folder) / OPEN
    from emoray.storage.cache import user_cache

    return user_cache() / "request-log" / hashlib.sha256(folder.encode()).hexdigest()[:16]


def _alone_with(file: IO[bytes]) -> bool:
    """Lock a file; False where a living process holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _nobody(count: int) -> None:
    """Told, and does nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTold:
    """Who is told what becomes of rows.

    lost: how many could not be kept. failed: 1, each time that a file could not be taken to where
    the log lies. waiting: how many files wait for that.
    """

    lost: Callable[[int], Any]
    failed: Callable[[int], Any] = _nobody
    waiting: Callable[[int], Any] = _nobody


def open_log(settings: RequestLog, told: LogTold) -> "RequestLogWriter":
    """The log, ready to be written.

    Returns:
        The log, with a thread that writes and one that finishes files, those of dead processes too.

    Raises:
        ValueError: a package that it needs is not installed.
    """
    assert settings.folder is not None
    needed = ("pyarrow", "boto3") if settings.folder.startswith("s3://") else ("pyarrow",)
    if missing := [name for name in needed if find_spec(name) is None]:
        raise ValueError(
            f"a request log needs {', '.join(missing)}, not found: pip install 'emoray[serve-log]'"
        )
    return RequestLogWriter(settings, told)


class RequestLogWriter:
    """Appends rows in a thread of its own; a request never waits for the disk or a bucket."""

    def __init__(self, settings: RequestLog, told: LogTold) -> None:
        assert settings.folder is not None
        self._settings, self._told = settings, told
        self._spool = _spool(settings.folder)
        self._spool.mkdir(parents=True, exist_ok=True)
        self._queue: queue.Queue[LoggedRequest | None] = queue.Queue(MOST_WAITING)
        self._file: IO[bytes] | None = None
        self._rows, self._since, self._number = 0, 0.0, 0
        self._ill = self._torn = False
        self._away = ""  # why the last file could not be taken to where the log lies
        self._closing = False
        self._due = threading.Event()
        self._due.set()  # of what the dead left
        self._writer = threading.Thread(target=self._write_on, name="request-log", daemon=True)
        self._finisher = threading.Thread(target=self._finish_on, name="finish-log", daemon=True)
        self._writer.start()
        self._finisher.start()

    def write(self, logged: LoggedRequest) -> None:
        """Have a request logged; returns at once."""
        try:
            self._queue.put_nowait(logged)
        except queue.Full:
            self._told.lost(len(logged.asked.texts))

    def close(self) -> None:
        """Write what waits and finish it; what cannot be finished stays, and is said."""
        self._queue.put(None)
        self._writer.join()
        self._closing = True
        self._due.set()
        self._finisher.join()
        if self._away:
            logger.error("request log: rows stay in %s for the next start", self._spool)

    def _finish_on(self) -> None:
        while not self._closing:
            self._due.wait(min(RETRY, self._settings.seconds) if self._away else None)
            self._due.clear()
            self._finish_all()
        self._finish_all()  # what was written last

    def _finish_all(self) -> None:
        """Make Parquet of all files that no living process writes, those of the dead too."""
        waiting, away = 0, ""
        for path in sorted(self._spool.glob("[!.]*.jsonl")):
            try:
                with path.open("rb") as file:
                    if not _alone_with(file):
                        continue
                    waiting += 1
                    if not away:  # else the next one fails too, perhaps after long
                        _to_parquet(path, self._settings.folder or "")
                        waiting -= 1
            except FileNotFoundError:
                continue  # another process has finished it
            except Exception as error:
                away = str(error)
                self._told.failed(1)
        if away and not self._away:
            logger.error(
                "request log: rows stay in %s until they can be taken to %s: %s",
                *(self._spool, self._settings.folder, away),
            )
        elif self._away and not away:
            logger.info("request log: rows are taken to %s again", self._settings.folder)
        self._away = away
        self._told.waiting(waiting)

    def _write_on(self) -> None:
        while True:
            try:
                logged = self._queue.get(timeout=min(1.0, self._settings.seconds))
            except queue.Empty:
                self._rotate_if_due()
                continue
            if logged is None:
                self._rotate()
                return
            self._append(logged)
            self._rotate_if_due()

    def _append(self, logged: LoggedRequest) -> None:
        rows = list(logged.rows(texts=self._settings.texts))
        lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
        try:
            file = self._file or self._opened()
            if file.write(b"\n" + lines if self._torn else lines) < len(lines):
                raise OSError("only a part of them was written")
        except OSError as error:
            self._torn = True  # perhaps within a line: the next one begins anew
            if not self._ill:
                logger.error("request log: rows are lost, %s", error)
            self._ill = True
            self._told.lost(len(rows))
            return
        self._ill = self._torn = False
        self._rows += len(rows)

    def _opened(self) -> IO[bytes]:
        self._number += 1
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        name = f"{stamp}-{os.getpid()}-{uuid.uuid4().hex[:8]}-{self._number:05d}.jsonl"
        aside = self._spool / f".{name}"  # seen with its lock held
        file = aside.open("xb", buffering=0)
        _alone_with(file)
        aside.rename(self._spool / name)
        self._file, self._rows, self._since = file, 0, time.monotonic()
        self._torn = False
        return file

    def _rotate_if_due(self) -> None:
        old = time.monotonic() - self._since >= self._settings.seconds
        if self._file is not None and (old or self._rows >= self._settings.rows):
            self._rotate()

    def _rotate(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._due.set()
