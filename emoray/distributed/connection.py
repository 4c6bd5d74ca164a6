"""Connecting to Ray: join one that runs, or start one for this run alone and stop it afterwards."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import ray
from ray._private import ray_constants

from emoray.distributed.address import AUTO, asks_for_token, host_for_others, resolve_address
from emoray.distributed.cluster import Cluster
from emoray.distributed.security import known_token, on_loopback, own_folder, own_token

SETTINGS = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # gives back what is freed: 25 MB less a worker
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # the other output prints even when verbose=0
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C ends the run, not only Tune
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
}
NICENESS = "RAY_worker_niceness"  # Ray's own name for it; 15 where nobody says
WATCHERS = {
    ray_constants.PROCESS_TYPE_MONITOR,
    ray_constants.PROCESS_TYPE_LOG_MONITOR,
    ray_constants.PROCESS_TYPE_DASHBOARD,
}


@contextmanager
def connected(cluster: Cluster) -> Iterator[None]:
    """Join the Ray at `address`, else start one for this run and stop it afterwards.

    ValueError where that fails. SIGTERM ends the block as Ctrl-C does.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    if ray.is_initialized():
        yield
        return
    with _joined(cluster) if cluster.address else _started(cluster.cpus):
        yield


def _check_niceness() -> None:
    """Refuse a niceness that Ray could not read: it would ignore it in silence."""
    value = os.environ.get(NICENESS)
    if value is not None and not (value.isascii() and value.isdigit() and int(value) <= 19):
        raise ValueError(
            f"{NICENESS} is how far workers stand back for other programs, a whole number in "
            f"0..19, got {value[:60]!r}: {NICENESS}=0 lets them run like any other, without it "
            "they have 15"
        )


@contextmanager
def _started(cpus: int | None) -> Iterator[None]:
    """A Ray of this run's own, which nobody else can reach."""
    _check_niceness()
    with own_folder() as folder, on_loopback(), own_token(folder):
        inner = str(folder / "r")  # Ray opens its own folder to everyone
        with _driver(address="local", num_cpus=cpus, include_dashboard=False, _temp_dir=inner):
            yield


@contextmanager
def _joined(cluster: Cluster) -> Iterator[None]:
    """The Ray at `address`; refused where others reach it and it asks for no token."""
    address = resolve_address(cluster.address or AUTO)
    asks = asks_for_token(address)
    if not (asks or cluster.insecure) and (host := host_for_others(address)):
        at = "" if host == address.host else f" (others reach it at {host})"
        raise ValueError(
            f"a Ray that others reach must ask for a token, the one at {address}{at} lets anyone "
            "in: start it with RAY_AUTH_MODE=token, or accept the risk with --insecure"
        )
    with (
        on_loopback() if address.is_loopback else nullcontext(),
        known_token() if asks else nullcontext(),
        _driver(address=str(address)),
    ):
        yield


@contextmanager
def _driver(**options: Any) -> Iterator[None]:
    """This process as a driver of Ray while the block runs."""
    before = signal.getsignal(signal.SIGTERM)
    handler = before if callable(before) else _interrupt
    try:
        try:
            ray.init(log_to_driver=False, logging_level="error", **options)
        except SystemExit:  # how Ray takes a SIGTERM while it starts
            handler(signal.SIGTERM, None)
            raise
        except Exception as error:
            first, *_ = str(error).strip().splitlines() or [type(error).__name__]
            raise ValueError(
                f"Ray must start and answer, got: {first.rstrip('.')}: run the same command again, "
                "--debug shows more"
            ) from error
        _on_sigterm(handler)
        yield
    finally:
        _end_watchers()
        ray.shutdown(wait_for_processes=True)
        _on_sigterm(before)


def _end_watchers() -> None:
    """Kill the monitoring processes of a Ray started here.

    Ray waits a second for each of them, one by one, and `ray job stop` gives the whole job three.
    """
    node = ray._private.worker._global_node
    for kind, process in node.live_processes() if node else ():
        if kind in WATCHERS:
            process.kill()


def _interrupt(signum: int, frame: Any) -> None:
    raise KeyboardInterrupt


def _on_sigterm(handler: Any) -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler or signal.SIG_DFL)
