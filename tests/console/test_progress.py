import io
import threading

import pytest
from rich.console import Console

from emoray.console.progress import Progress, progress, progress_line, time_left


class Heard(io.StringIO):
    """A log that tells when a line has come."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = threading.Semaphore(0)

    def write(self, text: str) -> int:
        for _ in range(text.count("\n")):
            self.lines.release()
        return super().write(text)


def test_a_log_gets_a_line_now_and_then_of_what_is_done_by_then() -> None:
    log, doing = Heard(), ["one"]

    def look(shown: Progress) -> None:
        shown.what = doing[0]

    with progress(Console(file=log), "one", look=look, every=0.01):
        assert log.lines.acquire(timeout=10)
        doing[0] = "[two]"
        while "two" not in log.getvalue():
            assert log.lines.acquire(timeout=10)
    lines = log.getvalue().splitlines()
    assert lines[0].startswith("… one · 0 s so far")
    assert any(line.startswith("… [two] · ") for line in lines)


def test_what_is_quick_says_nothing() -> None:
    log = Heard()
    with progress(Console(file=log), "quick"):
        pass
    assert log.getvalue() == ""


def test_a_terminal_shows_it_and_clears_it() -> None:
    screen = Heard()
    with progress(Console(file=screen, force_terminal=True), "long work"):
        pass
    assert "long work" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K"), "the line is taken away"


def test_time_left_follows_the_pace_so_far() -> None:
    assert time_left(0, 10, 5.0) is None
    assert time_left(5, 10, 65.0) == 65.0
    assert time_left(1, 10, 400.0) == 3600.0
    assert time_left(10, 10, 99.0) == time_left(11, 10, 99.0) == 0.0


def test_a_line_says_what_is_counted_and_how_long_it_still_takes() -> None:
    said = progress_line("translated", "texts", 1500, 3000, "a note", 60.0, 90.9)
    assert said == "translated 1,500/3,000 texts · a note · ETA 1:30"
    assert (
        progress_line("read", "texts", 1500, None, "", 60.0, None)
        == "read 1,500 texts · 60 s so far"
    )
    assert progress_line("scoring", "", 0, None, "", 180.0, None) == "scoring · 3.0 min so far"


def test_what_was_found_finished_says_nothing_of_the_pace_and_a_forecast_knows_better() -> None:
    shown = Progress(Console(file=io.StringIO()), "read", unit="texts", total=100, every=60.0)
    assert shown.left is None and shown.line == "read 0/100 texts · 0 s so far"
    shown.update(50, found=50)
    assert shown.left is None
    shown.update(75, found=50)
    assert shown.left == pytest.approx(shown.seconds, abs=1.0)
    shown.forecast = lambda: 61.0
    assert shown.line == "read 75/100 texts · ETA 1:01"


def test_a_loop_that_counts_speaks_as_often_as_a_log_wants_it() -> None:
    for every, lines in ((0.0, 3), (60.0, 0)):
        log = Heard()
        with progress(Console(file=log), unit="epochs", total=3, every=every) as shown:
            for done in range(3):
                shown.update(done + 1, notes=f"loss {done}")
        said = [line for line in log.getvalue().splitlines() if "loss" in line]
        assert len(said) >= lines and (lines > 0) == bool(said)
    assert shown.line == "3/3 epochs · loss 2 · ETA 0:00"


def test_steps_are_lines_in_a_log_and_a_bar_on_a_terminal() -> None:
    for terminal in (False, True):
        log = Heard()
        with progress(Console(file=log, force_terminal=terminal, width=60), total=2) as shown:
            shown.step("reading")
            shown.step("timing")
        assert ("… reading\n… timing\n" in log.getvalue()) is not terminal
        assert shown.done == 1, "one is finished, the second is being done"
