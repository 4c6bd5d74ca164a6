"""Download one file over HTTP: complete, checked, within limits, and put in place at once."""

import hashlib
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests

if TYPE_CHECKING:
    from emoray.console.progress import Progress

_CHUNK_BYTES = 1 << 16
KB = 1000  # bytes, as progress counts them


class DownloadError(RuntimeError):
    """A file could not be downloaded; the message gives the rule that the response broke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """Limits of time and size; `first_byte_s` covers name lookup, connecting and the response."""

    max_bytes: int
    first_byte_s: float = 8.0
    total_s: float = 120.0

    def __post_init__(self) -> None:
        if not 0 < self.first_byte_s <= self.total_s:
            raise ValueError(
                f"limits must keep 0 < first_byte_s <= total_s, got {self.first_byte_s} and "
                f"{self.total_s}: allow more time in total"
            )
        if self.max_bytes < 1:
            raise ValueError(
                f"max_bytes must be at least 1, got {self.max_bytes}: allow more bytes"
            )


class _Transfer:
    """One download in a thread: neither a name lookup nor a slow server can be interrupted."""

    def __init__(self, url: str, part: Path, limits: DownloadLimits) -> None:
        self.url, self.part, self.limits = url, part, limits
        self.digest = hashlib.sha256()
        self.answered, self.over, self.given_up = (threading.Event() for _ in range(3))
        self.error: Exception | None = None
        self.received = 0  # bytes
        self.announced: int | None = None

    def _stream(self, response: requests.Response) -> None:
        if response.status_code != 200:
            raise DownloadError(
                f"{self.url} must answer 200, got {response.status_code} {response.reason}: "
                "check the address"
            )
        announced = response.headers.get("Content-Length", "")
        most = self.limits.max_bytes
        too_large = f"{self.url} may send {most} bytes at most, got {{}}: check the address"
        if announced.isdigit() and int(announced) > most:
            raise DownloadError(too_large.format(announced))
        self.announced = int(announced) if announced.isdigit() else None
        with self.part.open("xb") as file:
            self.part.chmod(0o600)
            for chunk in response.iter_content(_CHUNK_BYTES):
                if self.given_up.is_set():
                    return
                self.received += len(chunk)
                if self.received > most:
                    raise DownloadError(too_large.format(f"{self.received} and more"))
                self.digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def _follow(self, response: requests.Response, **kwargs: object) -> None:
        """Refuse a redirection out of HTTPS; another host is allowed."""
        there = urljoin(response.url, response.headers.get("Location", ""))
        if response.is_redirect and urlsplit(response.url).scheme == "https":
            if urlsplit(there).scheme != "https":
                response.close()
                raise DownloadError(
                    f"{self.url} may lead on over https, got {there}: check the address"
                )

    def run(self) -> None:
        """Download to the part file; the error, if any, is kept for `wait`."""
        try:
            timeout = (self.limits.first_byte_s, self.limits.first_byte_s)
            hooks = {"response": self._follow}
            with requests.get(self.url, stream=True, timeout=timeout, hooks=hooks) as response:
                self.answered.set()
                self._stream(response)
        except Exception as error:
            self.error = error
        finally:
            self.answered.set()
            self.over.set()
            if self.given_up.is_set():
                self.part.unlink(missing_ok=True)

    def wait(self) -> None:
        """Wait until the last byte; DownloadError past a time limit or for a broken transfer."""
        began = time.monotonic()
        threading.Thread(target=self.run, name="emoray-download", daemon=True).start()
        for event, seconds, what in (
            (self.answered, self.limits.first_byte_s, "answer"),
            (self.over, self.limits.total_s, "finish"),
        ):
            if not event.wait(max(0.0, seconds - (time.monotonic() - began))):
                self.given_up.set()
                raise DownloadError(
                    f"{self.url} must {what} within {seconds:g} s, got nothing more: "
                    "check the network or place the file by hand"
                )
        if isinstance(self.error, requests.RequestException):
            cause = self.error.args[0] if self.error.args else ""
            raise DownloadError(
                f"{self.url} must arrive whole, got {type(self.error).__name__}: "
                f"{getattr(cause, 'reason', cause)}: check the network or place the file by hand"
            ) from self.error
        if self.error is not None:
            raise self.error


def _show(shown: "Progress", transfer: _Transfer) -> None:
    if transfer.announced is not None:
        shown.total = transfer.announced // KB
    shown.update(transfer.received // KB)


def fetch(url: str, target: Path, *, sha256: str, limits: DownloadLimits) -> Path:
    """Download `url` to `target`, which is replaced only once every byte is there and right.

    How far it is goes to standard error: a bar on a terminal, a line once in a while in a log.

    Args:
        url: of the file.
        target: where it goes; its folder is made.
        sha256: of the bytes.
        limits: of time and size.

    Returns:
        `target`.

    Raises:
        DownloadError: the answer broke a limit, or holds other bytes.
    """
    from rich.console import Console

    from emoray.console.progress import progress

    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    transfer = _Transfer(url, part, limits)
    try:
        with progress(
            Console(stderr=True),
            f"downloading {target.name}",
            unit="KB",
            look=lambda shown: _show(shown, transfer),
        ):
            transfer.wait()
        if (got := transfer.digest.hexdigest()) != sha256:
            raise DownloadError(
                f"{url} must have SHA-256 {sha256}, got {got}: the file was changed or damaged "
                "on its way, fetch it again"
            )
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target
