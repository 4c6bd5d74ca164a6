"""How every job ends: 0 when done, 1 with one clear line for a user's mistake, 128 and the number
of the signal that stopped it: 130 after Ctrl-C, 143 after SIGTERM."""

import errno
import gc
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}  # the disk, the largest file, the user's share


def run_job(work: Callable[[], None], *, debug: bool) -> None:
    """Run `work`; a ValueError is the caller's mistake and is said without a traceback.

    SIGTERM, as `ray job stop` and batch systems send it, ends it as Ctrl-C does.
    """
    stopped_by: int = signal.SIGINT

    def interrupt(signum: int, frame: Any) -> None:
        nonlocal stopped_by
        stopped_by = signum
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)
    try:
        work()
    except KeyboardInterrupt:
        print(
            "\nstopped. Finished stages are kept: run the same command again to go on.",
            file=sys.stderr,
        )
        gc.freeze()  # or the interpreter looks for garbage on its way out, for a second
        raise SystemExit(128 + stopped_by) from None
    except (ValueError, OSError) as error:
        if debug:
            raise
        full = isinstance(error, OSError) and error.errno in FULL
        remedy = "; free space and run the same command again, finished stages are kept"
        print(f"error: {error}{remedy if full else ''}", file=sys.stderr)
        raise SystemExit(1) from None
