"""How every job ends: 0 when done, 1 with one clear line for a user's mistake, 130 when stopped."""

import errno
import sys
from collections.abc import Callable

FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}  # the disk, the largest file, the user's share


def run_job(work: Callable[[], None], *, debug: bool) -> None:
    """Run `work`; a ValueError is the caller's mistake and is said without a traceback."""
    try:
        work()
    except KeyboardInterrupt:
        print(
            "\nstopped. Finished stages are kept: run the same command again to go on.",
            file=sys.stderr,
        )
        raise SystemExit(130) from None
    except (ValueError, OSError) as error:
        if debug:
            raise
        full = isinstance(error, OSError) and error.errno in FULL
        remedy = "; free space and run the same command again, finished stages are kept"
        print(f"error: {error}{remedy if full else ''}", file=sys.stderr)
        raise SystemExit(1) from None
