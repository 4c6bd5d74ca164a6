"""A reader of a job's output, such as `head`, may stop: the job ends in silence, exit code 141."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ENDED = 128 + signal.SIGPIPE


def _unread() -> list[int]:
    """File numbers of standard output and error that are a pipe without a reader."""
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        try:
            poll.register(stream.fileno(), 0)
        except (AttributeError, OSError, ValueError):  # none, no file, or closed
            continue
    return [number for number, event in poll.poll(0) if event & select.POLLERR]


def stopped_reading(error: BaseException | None) -> bool:
    """Whether an error is that of a closed pipe of ours, and not of another connection."""
    return isinstance(error, BrokenPipeError) and bool(_unread())


@contextmanager
def ended_by_reader() -> Iterator[None]:
    """End the block, once its output is no longer read, as SIGPIPE ends other programs.

    Rich and click meet it first where they print, and end with SystemExit(1) of their own.

    Raises:
        SystemExit: with code 141, or the block's own.
        BrokenPipeError: of another connection.
    """
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError as error:
        if not stopped_reading(error):
            raise
    except SystemExit as end:
        if end.__suppress_context__ or not isinstance(end.__context__, BrokenPipeError):
            raise  # ours, which says what it is about
    else:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in _unread():  # the interpreter flushes both on its way out
        os.dup2(nowhere, number)
    raise SystemExit(ENDED)
