"""Whoever reads a job's output, such as `head`, may stop: the job ends in silence, always alike."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.console import run_job
from jobs.reader import ENDED
from tests.tables.made import make_whole_run


def ended(*words: object, errors: bool = False) -> tuple[int, str]:
    """Exit code and stderr of a job whose output nobody reads. errors: nor what it says there."""
    with subprocess.Popen(
        [sys.executable, "-m", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if errors else subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        said = "" if process.stderr is None else process.stderr.read()
    return process.returncode, said


def test_a_job_ends_as_a_program_that_the_signal_of_its_pipe_ends(tmp_path: Path) -> None:
    rows = "".join(f"text {i},{('joy', 'anger')[i % 2]}\n" for i in range(60))
    corpus, run = tmp_path / "corpus.csv", make_whole_run(tmp_path / "run")
    corpus.write_text(f"text,label\n{rows}")
    assert ENDED == 128 + signal.SIGPIPE == 141
    for words in (
        ("jobs.corpus", corpus),  # by rich
        ("jobs.tables", run, "--json"),  # by print, once all is done
        ("jobs.tables", "--help"),  # by the parser
    ):
        assert ended(*words) == (ENDED, ""), words


def test_an_error_that_nobody_reads_ends_it_too(tmp_path: Path) -> None:
    assert ended("jobs.corpus", tmp_path / "absent.csv", errors=True) == (ENDED, "")


def test_a_connection_that_broke_elsewhere_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        ours, theirs = socket.socketpair()
        theirs.close()
        with ours:
            ours.send(b"x")

    with pytest.raises(SystemExit) as end:
        run_job(work, debug=False)
    assert end.value.code == 1 and "Broken pipe" in capsys.readouterr().err


def test_a_failed_gate_keeps_its_code() -> None:
    def work() -> None:
        raise SystemExit(1)

    with pytest.raises(SystemExit) as end:
        run_job(work, debug=False)
    assert end.value.code == 1
