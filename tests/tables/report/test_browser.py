"""The page in a real browser. Needs Chromium; continuous integration installs it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from emoray.tables.compact import compact
from emoray.tables.report.page import write_report
from tests.tables.made import make_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-quic"),
)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_every_figure_is_drawn_and_the_console_stays_silent(tmp_path: Path) -> None:
    run = tmp_path / "quick"
    make_run(run, seeds=2, dims=(25, 50), bits=(32, 8, 4))
    compact(run)
    page = write_report(run)
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            *(CHROMIUM, *QUIET, f"--user-data-dir={tmp_path / 'profile'}"),
            *(
                "--enable-logging=stderr",
                "--virtual-time-budget=30000",
                "--dump-dom",
                page.as_uri(),
            ),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in done.stderr, done.stderr
    places = re.findall(r'<div class="panel[ "][^>]*>', done.stdout)
    assert len(places) >= 9
    waiting = [place for place in places if "drawn" not in place]
    assert not waiting, waiting
    assert done.stdout.count("<svg") >= len(places)
