"""A whole sweep into a bucket through a server that fails again and again, and one that stops."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pytest

from emoray.storage.s3 import S3Folder
from emoray.workflows.settings.sweep import Sweep
from tests.conftest import SERVER
from tests.faults.conftest import Ledger
from tests.faults.drivers import COMMAND, PATIENCE
from tests.faults.tolls import COMPUTED, MEASURED, toll
from tests.runs import Run, read
from tests.storage.proxy import (
    FORBIDDEN,
    INTERNAL,
    SLOW_DOWN,
    CutOff,
    Lost,
    Proxy,
    Reset,
    Rule,
    Stall,
    every,
    puts,
    reads,
    some,
)
from tests.storage.server import BUCKET, Server

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def swept(out: S3Folder, proxy: Proxy, log: Path) -> subprocess.CompletedProcess[str]:
    """`jobs.sweep` as a process of its own, which reaches S3 through the proxy."""
    environment = {k: v for k, v in os.environ.items() if k != "EMORAY_DATA"} | {
        "AWS_ENDPOINT_URL": proxy.endpoint,
        "EMORAY_S3_TIMEOUT": "5",
        "XDG_CACHE_HOME": str(log / "cache"),
        "RAY_TMPDIR": tempfile.mkdtemp(prefix="e-", dir="/tmp"),  # Ray needs short paths
    }
    return subprocess.run(
        [sys.executable, *COMMAND, "--out", str(out)],
        cwd=log,
        env=environment,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def assert_same(run: Run, unbroken: Run) -> None:
    for table in COMPUTED:
        pd.testing.assert_frame_equal(
            run.tables[table].drop(columns=MEASURED.get(table, [])),
            unbroken.tables[table].drop(columns=MEASURED.get(table, [])),
        )
    assert run.tables["failures"].empty


EVERYTHING = [
    Rule(fault=SLOW_DOWN, when=some(100, 10)),
    Rule(fault=SLOW_DOWN, when=every(17)),
    Rule(fault=INTERNAL, when=every(23)),
    Rule(fault=Reset(), when=every(29)),
    Rule(fault=CutOff(), meant=reads, when=every(11)),
    Rule(fault=Lost(), meant=puts, when=every(13)),
    Rule(fault=Stall(), when=every(307)),
]


def test_a_sweep_through_faults_of_every_kind_leaves_the_same_tables(
    smoke: Run, s3_server: Server, tmp_path: Path, ledger: Ledger
) -> None:
    out = S3Folder(BUCKET, "faulty")
    with Proxy(port=SERVER.port) as proxy, proxy.scripted(*EVERYTHING):
        done = swept(out, proxy, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(proxy.met) == {str(rule.fault) for rule in EVERYTHING}, proxy.met
    run = read(Sweep(space="smoke", out=out))
    assert_same(run, smoke)
    assert "Traceback" not in done.stdout + done.stderr
    ledger("S3: a whole sweep, every 7th request fails", proxy.met.total(), toll(run, smoke))


def test_a_sweep_that_is_forbidden_half_way_says_so_and_goes_on_when_allowed(
    smoke: Run, s3_server: Server, tmp_path: Path, ledger: Ledger
) -> None:
    out = S3Folder(BUCKET, "forbidden")
    with Proxy(port=SERVER.port) as proxy:
        with proxy.scripted(Rule(fault=FORBIDDEN, when=some(300, 10**6))):
            done = swept(out, proxy, tmp_path)
        assert done.returncode == 1 and proxy.met.total(), done.stdout + done.stderr
        assert "must allow reading, writing and listing, got AccessDenied" in done.stderr
        assert os.environ["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr
        again = swept(out, proxy, tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    run = read(Sweep(space="smoke", out=out))
    assert_same(run, smoke)
    ledger("S3: 403 in the middle of a sweep, then allowed", 1, toll(run, smoke))
