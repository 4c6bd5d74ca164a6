"""What was asked and answered, as Parquet files that appear whole.

A row is appended at once to an open file of JSON lines, below `.open/`, by a thread of its own;
a finished one becomes Parquet. So a process that is killed loses the rows of its last moments at
most: whoever opens the log next finishes what the dead left.
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
from pathlib import Path
from typing import IO, Any

from emoray.serving.engine import Engine, Scored
from emoray.serving.requests import PredictRequest
from emoray.serving.settings import RequestLog

logger = logging.getLogger("emoray.serving")
OPEN = ".open"
MOST_WAITING = 20_000  # requests whose rows are not written yet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoggedRequest:
    """One request that an artifact scored, for the log."""

    asked: PredictRequest
    scored: Scored
    engine: Engine
    time: float = field(default_factory=time.time)

    def rows(self, *, texts: bool) -> Iterator[dict[str, Any]]:
        """A row for each text; the text itself where that is wanted."""
        scored, share = self.scored, len(self.asked.texts)
        for i, (text, reading) in enumerate(zip(self.asked.texts, scored.readings, strict=True)):
            yield {
                "time": self.time,
                "request": self.asked.id,
                "number": i,
                "role": self.engine.role,
                "artifact": self.engine.sha256,
                "key": self.asked.key,
                "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
                "characters": len(text),
                "tokens": len(reading.ids),
                "truncated": reading.truncated,
                "unknown_share": reading.unknown_share,
                "label_names": self.engine.labels,
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
    """The rows of a file of JSON lines; its last line may be torn."""
    rows = []
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        rows.append(row | {"time": datetime.fromtimestamp(row["time"], UTC)})
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


def open_log(settings: RequestLog, *, lost: Callable[[int], Any]) -> "RequestLogWriter":
    """The log, ready to be written; what dead processes left open is finished first.

    Returns:
        The log, with a thread that writes.

    Raises:
        ValueError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise ValueError(
            "a request log needs pyarrow, which is not installed: pip install 'emoray[serve-log]'"
        ) from None
    return RequestLogWriter(settings, lost=lost)


class RequestLogWriter:
    """Appends rows in a thread of its own; a request never waits for the disk.

    lost: told how many rows could not be kept.
    """

    def __init__(self, settings: RequestLog, *, lost: Callable[[int], Any]) -> None:
        assert settings.folder is not None
        self._settings, self._lost = settings, lost
        self._folder = settings.folder
        self._spool = _spool(self._folder)
        self._spool.mkdir(parents=True, exist_ok=True)
        self._queue: queue.Queue[LoggedRequest | None] = queue.Queue(MOST_WAITING)
        self._file: IO[bytes] | None = None
        self._rows, self._since, self._number = 0, 0.0, 0
        self._ill = self._torn = False
        self._recover()
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def write(self, logged: LoggedRequest) -> None:
        """Have a request logged; returns at once."""
        try:
            self._queue.put_nowait(logged)
        except queue.Full:
            self._lost(len(logged.asked.texts))

    def close(self) -> None:
        """Write what waits, and finish the open file."""
        self._queue.put(None)
        self._thread.join()

    def _recover(self) -> None:
        for path in sorted(self._spool.glob("*.jsonl")):
            with path.open("rb") as file:
                if _alone_with(file):
                    self._finish(path)

    def _finish(self, path: Path) -> None:
        """Make an open file Parquet; it stays as it is, for the next start, where that fails."""
        try:
            _to_parquet(path, self._folder)
        except Exception as error:
            self._complain(f"{path} could not be made Parquet, and stays: {error}")

    def _complain(self, reason: str) -> None:
        if not self._ill:
            logger.error("request log: %s", reason)
        self._ill = True

    def _run(self) -> None:
        while True:
            try:
                logged = self._queue.get(timeout=1.0)
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
            self._complain(f"rows are lost, {error}")
            self._lost(len(rows))
            return
        self._ill = self._torn = False
        self._rows += len(rows)

    def _opened(self) -> IO[bytes]:
        self._number += 1
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        name = f"{stamp}-{os.getpid()}-{uuid.uuid4().hex[:8]}-{self._number:05d}.jsonl"
        file = (self._spool / name).open("xb", buffering=0)
        _alone_with(file)
        self._file, self._rows, self._since = file, 0, time.monotonic()
        self._torn = False
        return file

    def _rotate_if_due(self) -> None:
        old = time.monotonic() - self._since >= self._settings.seconds
        if self._file is not None and (old or self._rows >= self._settings.rows):
            self._rotate()

    def _rotate(self) -> None:
        if self._file is not None:
            path = Path(self._file.name)
            self._finish(path)
            self._file.close()
            self._file = None
