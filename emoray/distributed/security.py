"""What keeps a Ray to its user: 127.0.0.1, a token, and a folder that nobody else can open."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from ray._private import ray_constants
from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]
from ray.exceptions import AuthenticationError

TOKENS = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
PREFIX, LOCK = "emoray-", "lock"


def _clear_abandoned(base: Path) -> None:
    """Remove the folders of runs that were killed: a living run holds the lock in its own."""
    for lock in base.glob(f"{PREFIX}*/{LOCK}"):
        try:
            if lock.parent.lstat().st_uid == os.getuid():  # nor a link of somebody else
                with FileLock(lock, timeout=0):
                    shutil.rmtree(lock.parent, ignore_errors=True)
        except (OSError, Timeout):
            continue


@contextmanager
def own_folder() -> Iterator[Path]:
    """A new folder for one run, closed to other users, removed when the block ends."""
    base = os.environ.get("RAY_TMPDIR") or "/tmp"  # Ray's sockets need a short path
    _clear_abandoned(Path(base))
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=base, ignore_cleanup_errors=True) as folder,
        FileLock(f"{folder}/{LOCK}"),
    ):
        yield Path(folder)


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def on_loopback() -> Iterator[None]:
    """Keep Ray to 127.0.0.1, as it does by itself on macOS and Windows.

    Given 127.0.0.1 as an address it would listen on every interface of a Linux machine.
    """
    name, before = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR, ray_constants.ENABLE_RAY_CLUSTER
    with _environment({name: "0"}):  # for the processes that Ray starts
        ray_constants.ENABLE_RAY_CLUSTER = False  # for this one, which has read it already
        try:
            yield
        finally:
            ray_constants.ENABLE_RAY_CLUSTER = before


def _has_token(loader: Any) -> bool:
    try:
        return bool(loader.has_token(ignore_auth_mode=True))
    except AuthenticationError as error:
        first, *_ = str(error).split(". ")
        raise ValueError(f"Ray's token must be readable, got: {first}") from error


@contextmanager
def _with_token(settings: Mapping[str, str]) -> Iterator[None]:
    """Token authentication here and in what is started from here; ValueError without a token."""
    loader = AuthenticationTokenLoader.instance()
    try:
        with _environment({"RAY_AUTH_MODE": "token", **settings}):
            Config.initialize("")  # Ray has read both already
            loader.reset_cache()
            if not _has_token(loader):
                raise ValueError(
                    "the Ray to join asks for a token, and none was found: name its file with "
                    "RAY_AUTH_TOKEN_PATH, or put it at ~/.ray/auth_token"
                )
            yield
    finally:
        Config.initialize("")
        loader.reset_cache()


@contextmanager
def own_token(folder: Path) -> Iterator[None]:
    """The token that the user names, else one that only this run knows."""
    path = folder / "token"
    path.touch(mode=0o600)
    path.write_text(secrets.token_hex(32))
    named = any(os.environ.get(name) for name in TOKENS)
    with _with_token({} if named else {"RAY_AUTH_TOKEN_PATH": str(path)}):
        yield


@contextmanager
def known_token() -> Iterator[None]:
    """The token that Ray finds by itself: in the environment, or in the user's home."""
    with _with_token({}):
        yield
