import io
import threading

from rich.console import Console

from emoray.console.heartbeat import waiting


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
    with waiting(Console(file=log), lambda: doing[0], every=0.01):
        assert log.lines.acquire(timeout=10)
        doing[0] = "[two]"
        while "two" not in log.getvalue():
            assert log.lines.acquire(timeout=10)
    lines = log.getvalue().splitlines()
    assert lines[0].startswith("… one · 0 s so far")
    assert any(line.startswith("… [two] · ") for line in lines)


def test_what_is_quick_says_nothing() -> None:
    log = Heard()
    with waiting(Console(file=log), lambda: "quick"):
        pass
    assert log.getvalue() == ""


def test_a_terminal_shows_it_and_clears_it() -> None:
    screen = Heard()
    with waiting(Console(file=screen, force_terminal=True), lambda: "long work"):
        pass
    assert "long work" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K"), "the line is taken away"
