import io
from pathlib import Path

import pytest
from rich.console import Console

from emoray.storage.s3 import S3Folder
from emoray.tables.front import on_front, picks
from emoray.workflows.ending import print_ending
from tests.tables.made import points

RUN = Path("/results/[quick] ekman")


@pytest.fixture(scope="module")
def said() -> str:
    log = io.StringIO()
    frame = points("quick", seeds=1, bits=(32, 8))
    print_ending(Console(file=log), RUN, frame.assign(on_front=on_front(frame)), failures=2)
    return log.getvalue()


def test_the_picks_and_where_everything_lies_end_a_run(said: str) -> None:
    frame = points("quick", seeds=1, bits=(32, 8))
    for name, pick in picks(frame).items():
        assert f"\n{name}: {pick.sentence}\n  {RUN}/{pick.row['artifact']}\n" in said
    assert "operating points of 60 models, 2 failures (see failures.parquet)\n" in said
    assert said.endswith(f"python -m jobs.tables {RUN}\nreport {RUN}/report.html\n")
    assert "\x1b" not in said, "a log gets plain text"


def test_a_terminal_gets_links_to_what_lies_here() -> None:
    screen = io.StringIO()
    frame = points("quick", seeds=1, bits=(8,))
    print_ending(Console(file=screen, force_terminal=True), RUN, frame, failures=0)
    assert "file:///results/%5Bquick%5D%20ekman/report.html" in screen.getvalue()
    screen.truncate(0)
    away = S3Folder("bucket", "quick")
    print_ending(Console(file=screen, force_terminal=True), away, frame, failures=0)
    assert "s3://bucket/quick/report.html" in screen.getvalue() and "file:" not in screen.getvalue()
