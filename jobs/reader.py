"""Who reads along, such as `head`, may have read enough: the job ends in silence, exit code 141."""

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ENDED = 128 + signal.SIGPIPE


def _unread() -> list[int]:
    """Of standard output and error those that are a pipe which nobody reads any more."""
    asked = select.poll()
    for stream in (sys.stdout, sys.stderr):
        try:
            asked.register(stream.fileno(), 0)
        except (AttributeError, OSError, ValueError):  # none, no file, or closed
            continue
    return [number for number, said in asked.poll(0) if said & select.POLLERR]


def stopped_reading(error: BaseException | None) -> bool:
    """Whether an error is that of a reader who left, and not of a connection elsewhere."""
    return isinstance(error, BrokenPipeError) and bool(_unread())


@contextmanager
def ended_by_reader() -> Iterator[None]:
    """Leave the block, once nobody reads what it prints, as a program does that SIGPIPE ends.

    Rich and click meet it first where they print, and end with SystemExit(1) of their own.
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
